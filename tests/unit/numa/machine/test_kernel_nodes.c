/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: what /sys says of nodes that hwloc leaves out.  The guest `odd` of tests/vm
 * is such a machine. */
#include "numa/machine/topology.h"
#include "tests/support/cmocka.h"
#include "tests/support/files.h"
#include "tests/support/numa/machine.h"

#define CPUS  "/sys/devices/system/cpu"
#define NODES "/sys/devices/system/node"

enum { COUNT = 3 };

/* As the topology numbers them. */
static const struct mag_node nodes[COUNT] = {
    {.os_index = 0}, {.os_index = 9}, {.os_index = 4}};

static void check_distances(const uint32_t *wanted)
{
    uint32_t distances[COUNT * COUNT] = {10, 20, 20, 20, 10, 20, 20, 20, 10};

    mag_kernel_distances(test_root(), nodes, COUNT, distances);
    for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++)
        assert_int_equal(distances[i], wanted[i]);
}

static void the_node_of_a_cpu_is_the_one_that_its_folder_names(void **state)
{
    (void)state;
    test_root_put(CPUS "/cpu2/node12/cpulist", "2\n");
    test_root_put(CPUS "/cpu3/nodes", "");
    assert_int_equal(mag_kernel_node(test_root(), 2), 12);
    assert_int_equal(mag_kernel_node(test_root(), 3), MAG_NONE);
    assert_int_equal(mag_kernel_node(test_root(), 4), MAG_NONE);
}

static void a_row_has_a_column_for_each_node_that_is_online(void **state)
{
    static const uint32_t wanted[] = {10, 29, 24, 49, 10, 44, 34, 39, 10};
    (void)state;

    test_root_put(NODES "/online", "0,3-4,8-9\n");
    test_root_put(NODES "/node0/distance", "10 23 24 28 29\n");
    test_root_put(NODES "/node4/distance", "34 33 10 38 39\n");
    test_root_put(NODES "/node9/distance", "49 43 44 48 10\n");
    check_distances(wanted);
}

static void what_the_kernel_does_not_tell_stays(void **state)
{
    static const uint32_t usual[] = {10, 20, 20, 20, 10, 20, 20, 20, 10};
    static const uint32_t wanted[] = {10, 20, 31, 20, 10, 20, 20, 20, 10};
    (void)state;

    check_distances(usual);
    test_root_put(NODES "/online", "0,4\n");
    check_distances(usual);
    test_root_put(NODES "/node0/distance", "10 31\n");
    test_root_put(NODES "/node4/distance", "\n");
    check_distances(wanted);
    test_root_put(NODES "/online", "nonsense\n");
    check_distances(usual);
}

/* Whatever machine this is. */
static void each_pu_of_this_machine_has_the_node_that_the_kernel_names(void **state)
{
    (void)state;
    assert_int_equal(load_machine(NULL), 0);
    for (uint32_t i = 0; i < mag_topology_pus(machine); i++) {
        const struct mag_pu *pu = mag_topology_pu(machine, i);
        uint32_t os_node = mag_kernel_node("", pu->os_index);

        if (os_node != MAG_NONE && mag_topology_is_this_machine(machine)) {
            assert_non_null(mag_topology_node(machine, pu->node));
            assert_int_equal(mag_topology_node(machine, pu->node)->os_index, os_node);
        }
    }
    assert_int_equal(free_machine(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_node_of_a_cpu_is_the_one_that_its_folder_names, test_root_make,
            test_root_remove),
        cmocka_unit_test_setup_teardown(a_row_has_a_column_for_each_node_that_is_online,
                                        test_root_make, test_root_remove),
        cmocka_unit_test_setup_teardown(what_the_kernel_does_not_tell_stays,
                                        test_root_make, test_root_remove),
        cmocka_unit_test(each_pu_of_this_machine_has_the_node_that_the_kernel_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
