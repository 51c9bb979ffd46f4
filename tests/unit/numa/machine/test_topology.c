/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <errno.h>
#include <magpie/pin.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Recorded machines, and what is unusual about each. */
static const struct machine {
    const char *file;
    uint32_t pus;
    uint32_t cores;
    uint32_t nodes;
} machines[] = {
    {"16amd64-4distances.xml", 16, 16, 8},            /* a matrix of distances */
    {"16amd64-8n2c-cpusets.xml", 10, 10, 5},          /* a part is allowed; see below */
    {"16em64t-4s2c2t-offlines.xml", 7, 6, 1},         /* holes in the numbering */
    {"192em64t-12gr2n8c2t.xml", 384, 192, 24},        /* groups of nodes */
    {"64intel64-fakeKNL-SNC4-hybrid.xml", 64, 16, 8}, /* two memories, four PUs a core */
    {"8intel64-4n2t-memattrs.xml", 8, 8, 4},          /* no cores, memory attributes */
    {"bulldozer-4x6272.xml", 64, 64, 8},              /* cores that share a cache */
    {"cascadelake-2x6230.xml", 80, 40, 1},            /* two packages, one node */
    {"fakecpukinds.xml", 4, 2, 1},                    /* kinds of cores */
    {"power8gpudistances.xml", 16, 8, 2},             /* large sparse numbers */
    {"zen1-2x7451.xml", 96, 48, 8},                   /* four nodes a package */
    {"zen3-2x7763.xml", 128, 128, 2},                 /* eight caches a node */
};

/* Checks what must hold for every topology. */
static void check(const struct mag_topology *topology)
{
    uint32_t pus = mag_topology_pus(topology);
    uint32_t nodes = mag_topology_nodes(topology);
    uint32_t members = 0;

    assert_true(pus >= 1);
    assert_true(mag_topology_cores(topology) >= 1);
    assert_true(mag_topology_cores(topology) <= pus);
    assert_true(mag_topology_allowed(topology) >= pus);
    assert_true(mag_topology_online(topology) >= mag_topology_allowed(topology));
    assert_null(mag_topology_pu(topology, pus));
    assert_null(mag_topology_node(topology, nodes));
    for (uint32_t i = 0; i < pus; i++) {
        const struct mag_pu *pu = mag_topology_pu(topology, i);

        assert_true(pu->node == MAG_NONE || pu->node < nodes);
        members += pu->node != MAG_NONE;
        for (uint32_t j = 0; j < i; j++)
            assert_true(mag_topology_pu(topology, j)->os_index != pu->os_index);
    }
    for (uint32_t i = 0; i < nodes; i++) {
        members -= mag_topology_node(topology, i)->pus;
        for (uint32_t j = 0; j < nodes; j++)
            assert_true(mag_topology_distance(topology, i, j) > 0);
    }
    assert_int_equal(members, 0);
}

static void recorded_machines_are_understood(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        const struct machine *machine = &machines[i];
        struct mag_topology *topology;
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR,
                       machine->file);
        assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
        check(topology);
        assert_int_equal(mag_topology_pus(topology), machine->pus);
        assert_int_equal(mag_topology_cores(topology), machine->cores);
        assert_int_equal(mag_topology_nodes(topology), machine->nodes);
        assert_false(mag_topology_is_this_machine(topology));
        mag_topology_free(topology);
    }
}

static const struct shape {
    const char *text;
    uint32_t pus;
    uint32_t cores;
    uint32_t nodes;
} shapes[] = {
    {"pu:1", 1, 1, 1},
    {"core:1 pu:1", 1, 1, 1},
    {"core:4 pu:2", 8, 4, 1},
    {"node:2 core:4 pu:2", 16, 8, 2},
    {"pack:2 [numa] l3:2 core:3 pu:1", 12, 12, 2},
    {"pack:2 [numa] [numa] core:2 pu:1", 4, 4, 4}, /* two memories around each package */
    {"pack:4 node:6 core:8 pu:2", 384, 192, 24},
};

static void described_machines_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct mag_topology *topology;

        assert_int_equal(
            mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, shapes[i].text, &topology), 0);
        check(topology);
        assert_int_equal(mag_topology_pus(topology), shapes[i].pus);
        assert_int_equal(mag_topology_cores(topology), shapes[i].cores);
        assert_int_equal(mag_topology_nodes(topology), shapes[i].nodes);
        mag_topology_free(topology);
    }
}

/* Loads a file of tests/topologies. */
static struct mag_topology *load_described(const char *file)
{
    struct mag_topology *topology = NULL;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR, file);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
    check(topology);
    return topology;
}

static void only_usable_pus_and_nodes_count_on_an_odd_machine(void **state)
{
    static const struct {
        uint32_t os_index;
        uint32_t node;
    } pus[] = {{0, 0},         {32, 0},       {1, 0}, {8, MAG_NONE},
               {40, MAG_NONE}, {9, MAG_NONE}, {12, 1}};
    struct mag_topology *topology = load_described("odd.xml");
    (void)state;

    assert_int_equal(mag_topology_online(topology), 8);
    assert_int_equal(mag_topology_allowed(topology), 7);
    assert_int_equal(mag_topology_pus(topology), 7);
    assert_int_equal(mag_topology_cores(topology), 5);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(mag_topology_pu(topology, i)->os_index, pus[i].os_index);
        assert_int_equal(mag_topology_pu(topology, i)->node, pus[i].node);
    }
    mag_topology_free(topology);
}

static void nodes_may_be_without_memory_or_without_pus(void **state)
{
    static const struct mag_node nodes[] = {
        {.os_index = 0, .pus = 3, .memory_bytes = 1ULL << 30},
        {.os_index = 7, .pus = 1, .memory_bytes = 0},
        {.os_index = 5, .pus = 0, .memory_bytes = 1ULL << 32}};
    static const uint32_t distances[3][3] = {{10, 31, 17}, {31, 10, 28}, {17, 28, 10}};
    struct mag_topology *topology = load_described("odd.xml");
    (void)state;

    assert_int_equal(mag_topology_nodes(topology), 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_memory_equal(mag_topology_node(topology, i), &nodes[i], sizeof(nodes[i]));
        for (uint32_t j = 0; j < 3; j++)
            assert_int_equal(mag_topology_distance(topology, i, j), distances[i][j]);
    }
    assert_int_equal(mag_topology_memory_near(topology, 0), 0);
    assert_int_equal(mag_topology_memory_near(topology, 1), 2);
    assert_int_equal(mag_topology_memory_near(topology, 2), 2);
    assert_int_equal(mag_topology_memory_near(topology, 3), 3);
    mag_topology_free(topology);
}

static void slow_cores_are_of_kind_zero(void **state)
{
    struct mag_topology *topology = load_described("hybrid.xml");
    (void)state;

    assert_int_equal(mag_topology_cores(topology), 6);
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++)
        assert_int_equal(mag_topology_pu(topology, i)->kind, i >= 4);
    mag_topology_free(topology);
}

static void files_of_hwloc_1_are_read(void **state)
{
    struct mag_topology *topology = load_described("hwloc1.xml");
    (void)state;

    assert_int_equal(mag_topology_pus(topology), 2);
    assert_int_equal(mag_topology_cores(topology), 2);
    assert_int_equal(mag_topology_nodes(topology), 1);
    mag_topology_free(topology);
}

static void memory_without_pus_is_a_node_without_members(void **state)
{
    struct mag_topology *topology;
    uint32_t empty = 0;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC,
                                       "pack:2 [numa] [numa] core:2 pu:1", &topology),
                     0);
    for (uint32_t i = 0; i < mag_topology_nodes(topology); i++)
        empty += mag_topology_node(topology, i)->pus == 0;
    assert_int_equal(empty, 2);
    mag_topology_free(topology);
}

static void of_two_memories_the_one_with_fewer_pus_around_it_is_near(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC,
                                       "[numa] pack:2 [numa] core:2 pu:1", &topology),
                     0);
    assert_int_equal(mag_topology_nodes(topology), 3);
    for (uint32_t i = 0; i < 4; i++) {
        const struct mag_pu *pu = mag_topology_pu(topology, i);

        assert_int_equal(mag_topology_node(topology, pu->node)->pus, 2);
        assert_int_equal(pu->node == mag_topology_pu(topology, 0)->node, i < 2);
    }
    mag_topology_free(topology);
}

static void a_file_that_is_not_a_topology_is_refused(void **state)
{
    struct mag_topology *topology = NULL;
    char path[] = "/tmp/magpie-topology-XXXXXX";
    int file = mkstemp(path);
    (void)state;

    assert_true(file >= 0);
    assert_int_equal(write(file, "<topology><broken", 17), 17);
    (void)close(file);
    (void)setenv("HWLOC_HIDE_ERRORS", "2", 1);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), -EINVAL);
    (void)unlink(path);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), -ENOENT);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "nonsense:x", &topology),
                     -EINVAL);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, NULL, &topology), -EINVAL);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, NULL, &topology), -EINVAL);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, "text", &topology), -EINVAL);
    assert_int_equal(mag_topology_load((enum mag_topology_kind)9, "x", &topology),
                     -EINVAL);
    assert_null(topology);
    mag_topology_free(NULL);
}

static void distances_are_the_machines_or_ten_and_twenty(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:2 pu:1", &topology), 0);
    assert_int_equal(mag_topology_distance(topology, 0, 0), 10);
    assert_true(mag_topology_distance(topology, 0, 1) > 10);
    assert_int_equal(mag_topology_distance(topology, 7, 7), 10);
    assert_int_equal(mag_topology_distance(topology, 0, 7), 20);
    mag_topology_free(topology);
}

static void this_machine_has_the_pus_that_the_mask_allows(void **state)
{
    struct mag_topology *topology;
    cpu_set_t mask;
    (void)state;

    assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    check(topology);
    assert_true(mag_topology_is_this_machine(topology));
    assert_int_equal(mag_topology_pus(topology), CPU_COUNT(&mask));
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++)
        assert_true(CPU_ISSET(mag_topology_pu(topology, i)->os_index, &mask));
    mag_topology_free(topology);
}

static int first_allowed(const cpu_set_t *mask)
{
    int cpu = 0;

    while (!CPU_ISSET((size_t)cpu, mask))
        cpu++;
    return cpu;
}

static int load_on_one_cpu(void *arg)
{
    struct mag_topology *topology;
    cpu_set_t mask;
    cpu_set_t one;
    (void)arg;

    if (sched_getaffinity(0, sizeof(mask), &mask) != 0)
        return 1;
    CPU_ZERO(&one);
    CPU_SET((size_t)first_allowed(&mask), &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0)
        return 2;
    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 3;
    return mag_topology_pus(topology) == 1 && mag_topology_cores(topology) == 1 &&
                   (int)mag_topology_pu(topology, 0)->os_index == first_allowed(&mask)
               ? 0
               : 4;
}

static void a_mask_of_one_cpu_leaves_one_pu(void **state)
{
    (void)state;
    assert_int_equal(test_in_child(load_on_one_cpu, NULL), 0);
}

static int load_in_disguise(void *arg)
{
    enum mag_pinned obtained = MAG_PINNED;
    struct mag_topology *topology;
    (void)arg;

    if (setenv("HWLOC_SYNTHETIC", "node:2 core:2 pu:1", 1) != 0)
        return 1;
    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 2;
    if (mag_topology_is_this_machine(topology) || mag_topology_pus(topology) != 4)
        return 3;
    if (mag_pin_self(topology, 0, &obtained) != 0 || obtained != MAG_PIN_FOREIGN)
        return 4;
    mag_topology_free(topology);
    return 0;
}

static void a_machine_that_hwlocs_environment_describes_is_not_this_one(void **state)
{
    (void)state;
    assert_int_equal(test_in_child(load_in_disguise, NULL), 0);
}

static char unreadable[] = "/tmp/magpie-topology-XXXXXX";

static int load_unreadable(void *arg)
{
    struct mag_topology *topology;
    (void)arg;

    if (geteuid() == 0 && setuid(65534) != 0)
        return 77;
    return mag_topology_load(MAG_TOPOLOGY_XML, unreadable, &topology) == -EACCES ? 0 : 1;
}

static void a_file_that_may_not_be_read_is_told_from_a_missing_one(void **state)
{
    int file = mkstemp(unreadable);
    (void)state;

    assert_true(file >= 0);
    assert_int_equal(fchmod(file, 0), 0);
    (void)close(file);
    int failed = test_in_child(load_unreadable, NULL);
    assert_int_equal(unlink(unreadable), 0);
    if (failed == 77) {
        print_message("skipped: root cannot become another user here\n");
        skip();
    }
    assert_int_equal(failed, 0);
}

/* Loads tests/topologies/odd.xml with one change: `to` in place of `from`; "" for `to`
 * cuts the file there. */
static int load_damaged(const char *from, const char *to)
{
    char path[] = "/tmp/magpie-topology-XXXXXX";
    struct mag_topology *topology = NULL;
    char text[8192];
    FILE *whole = fopen(MAG_SOURCE_DIR "/tests/topologies/odd.xml", "r");
    FILE *damaged = fdopen(mkstemp(path), "w");

    assert_true(whole != NULL && damaged != NULL);
    text[fread(text, 1, sizeof(text) - 1, whole)] = '\0';
    char *at = strstr(text, from);
    assert_non_null(at);
    *at = '\0';
    (void)fprintf(damaged, "%s%s%s", text, to, *to != '\0' ? at + strlen(from) : "");
    (void)fclose(whole);
    (void)fclose(damaged);
    int r = mag_topology_load(MAG_TOPOLOGY_XML, path, &topology);
    (void)unlink(path);
    mag_topology_free(topology);
    return r;
}

/* For most of these files hwloc alone would end the program. */
static void damaged_files_are_refused(void **state)
{
    static const char *const damages[][2] = {
        {"<topology", ""},
        {"<object", ""},
        {"os_index=\"40\"", ""},
        {"</topology", ""},
        {"<topology version", "<topo version"},
        {"complete_cpuset=", "complete_cpu_set="},
        {" cpuset=", " set="},
        {" nodeset=", " set="},
        {"complete_nodeset=\"0x", "complete_nodeset=\"z"},
        {"os_index=\"0\" cpuset", "os_index=\"0\"7 cpuset"},
        {"gp_index=\"2\"/>", "gp_index=\"2/>"},
        {"os_index=\"0\" cpuset", "os_index=\"0\"cpuset"},
        {"type=\"Package\"", "type=\"Bridge\""},
    };
    (void)state;

    assert_int_equal(load_damaged("gp_index", "gp_index"), 0);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
        assert_int_equal(load_damaged(damages[i][0], damages[i][1]), -EINVAL);
}

static void check_failures(enum mag_topology_kind kind, const char *text)
{
    int64_t before = test_live_allocations();
    uint32_t failures = 0;

    for (uint32_t nth = 1;; nth++) {
        struct mag_topology *topology = NULL;

        test_fail_allocation(nth);
        int r = mag_topology_load(kind, text, &topology);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (failed) {
            failures++;
            assert_int_equal(r, -ENOMEM);
            assert_null(topology);
        }
        mag_topology_free(topology);
        assert_int_equal(test_live_allocations(), before);
        if (!failed)
            break;
    }
    assert_true(failures >= 5);
}

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    (void)state;
    check_failures(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:2 pu:1");
    check_failures(MAG_TOPOLOGY_XML, MAG_SOURCE_DIR "/tests/topologies/odd.xml");
    check_failures(MAG_TOPOLOGY_MACHINE, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_machines_are_understood),
        cmocka_unit_test(described_machines_are_understood),
        cmocka_unit_test(memory_without_pus_is_a_node_without_members),
        cmocka_unit_test(of_two_memories_the_one_with_fewer_pus_around_it_is_near),
        cmocka_unit_test(only_usable_pus_and_nodes_count_on_an_odd_machine),
        cmocka_unit_test(nodes_may_be_without_memory_or_without_pus),
        cmocka_unit_test(files_of_hwloc_1_are_read),
        cmocka_unit_test(slow_cores_are_of_kind_zero),
        cmocka_unit_test(a_file_that_is_not_a_topology_is_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(distances_are_the_machines_or_ten_and_twenty),
        cmocka_unit_test(this_machine_has_the_pus_that_the_mask_allows),
        cmocka_unit_test(a_mask_of_one_cpu_leaves_one_pu),
        cmocka_unit_test(a_machine_that_hwlocs_environment_describes_is_not_this_one),
        cmocka_unit_test(a_file_that_may_not_be_read_is_told_from_a_missing_one),
        cmocka_unit_test(every_allocation_may_fail_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
