/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: pools on machines with several nodes; the kernel says where pages are. */
#include "numa/pool/depot.h"
#include "tests/support/numa/guest.h"
#include "tests/support/numa/kernel.h"
#include "tests/support/numa/pool.h"
#include "tests/support/run.h"

#include <magpie/pin.h>
#include <sched.h>

enum { NODES_MAX = 64, ROUNDS = 20000, TRAIN = 64 };

static void skip_elsewhere(void)
{
    if (!mag_topology_is_this_machine(machine) || mag_topology_nodes(machine) < 2 ||
        mag_topology_nodes(machine) > NODES_MAX) {
        print_message("skipped: this machine has one node, or too many\n");
        skip();
    }
}

static void each_depot_lies_on_its_node(void **state)
{
    (void)state;

    skip_elsewhere();
    struct mag_pool *pool = make_pool(config_of(200));
    for (uint32_t node = 0; node < mag_topology_nodes(machine); node++) {
        assert_int_equal(kernel_page_node(mag_pool_depot(pool, node)),
                         machine_memory(node));
    }
    mag_pool_destroy(pool);
}

/* ------------------------------------------------------- from one node to another */

/* A producer and a consumer on different nodes, who hand trains of objects over. */
struct belt {
    struct mag_pool *pool;
    uint32_t from, to; /* PUs of the topology */
    void *train[TRAIN];
    _Atomic(uint64_t) filled, emptied;
    uint64_t far_objects, failures;
};

static uint64_t rounds(void)
{
    return test_rounds(ROUNDS) / TRAIN + 1;
}

static void take_train(struct belt *belt, int node)
{
    for (int i = 0; i < TRAIN; i++) {
        if (mag_pool_take(belt->pool, &belt->train[i]) != 0) {
            belt->failures++;
            belt->train[i] = NULL;
            continue;
        }
        *(char *)belt->train[i] = 1;
        belt->far_objects += kernel_page_node(belt->train[i]) != node;
    }
}

static void *produce(void *arg)
{
    struct belt *belt = arg;
    enum mag_pinned pinned;
    int node = kernel_cpu_node(mag_topology_pu(machine, belt->from)->os_index);

    belt->failures += mag_pin_self(machine, belt->from, &pinned) != 0;
    for (uint64_t i = 1; i <= rounds(); i++) {
        take_train(belt, node);
        (void)test_add(&belt->filled, 1);
        if (!test_wait_for(&belt->emptied, i))
            break;
    }
    return NULL;
}

static void *consume(void *arg)
{
    struct belt *belt = arg;
    enum mag_pinned pinned;

    belt->failures += mag_pin_self(machine, belt->to, &pinned) != 0;
    for (uint64_t i = 1; i <= rounds(); i++) {
        if (!test_wait_for(&belt->filled, i))
            break;
        for (int k = 0; k < TRAIN; k++) {
            if (belt->train[k] != NULL)
                mag_pool_give(belt->pool, belt->train[k]);
        }
        (void)test_add(&belt->emptied, 1);
    }
    return NULL;
}

static void run_belt(struct belt *belt)
{
    pthread_t threads[2];

    assert_int_equal(pthread_create(&threads[0], NULL, produce, belt), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, consume, belt), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(belt->failures, 0);
    assert_int_equal(test_read(&belt->emptied), rounds());
}

/* A PU of the last node that has one, and a PU of the first. */
static void find_ends(uint32_t *ret_first, uint32_t *ret_last)
{
    *ret_first = *ret_last = MAG_NONE;
    for (uint32_t i = 0; i < mag_topology_pus(machine); i++) {
        if (mag_topology_pu(machine, i)->node == MAG_NONE)
            continue;
        if (*ret_first == MAG_NONE)
            *ret_first = i;
        *ret_last = i;
    }
}

static void what_is_freed_on_another_node_returns_and_memory_does_not_grow(void **state)
{
    struct belt belt = {.filled = 0};
    struct mag_pool_info before;
    struct mag_pool_info after;
    (void)state;

    skip_elsewhere();
    belt.pool = make_pool(config_of(200));
    find_ends(&belt.from, &belt.to);
    run_belt(&belt);
    mag_pool_query(belt.pool, &before);
    atomic_init(&belt.filled, 0);
    atomic_init(&belt.emptied, 0);
    run_belt(&belt);
    mag_pool_query(belt.pool, &after);
    assert_int_equal(belt.far_objects, 0);
    assert_int_equal(after.bytes, before.bytes);
    /* What both magazines and all outboxes hold, and one train. */
    assert_true(after.objects <= (uint64_t)4 * after.cache + TRAIN);
    mag_pool_destroy(belt.pool);
}

/* ------------------------------------------------------------- CPUs that come late */

/* A thread on a CPU, by the system's number, that takes an object. */
struct late {
    struct mag_pool *pool;
    uint32_t cpu;
    int node;
};

static void *take_late(void *arg)
{
    struct late *late = arg;
    cpu_set_t set;
    void *object;

    CPU_ZERO(&set);
    CPU_SET(late->cpu, &set);
    late->node = -1;
    if (sched_setaffinity(0, sizeof(set), &set) != 0 ||
        mag_pool_take(late->pool, &object) != 0)
        return NULL;
    *(char *)object = 1;
    late->node = kernel_page_node(object);
    mag_pool_give(late->pool, object);
    return NULL;
}

static void a_cpu_that_comes_late_takes_from_its_own_node(void **state)
{
    struct late late = {.cpu = 0};
    struct mag_topology *all = machine;
    uint32_t first;
    uint32_t last;
    (void)state;

    skip_elsewhere();
    guest_or_skip();
    find_ends(&first, &last);
    late.cpu = mag_topology_pu(machine, last)->os_index;
    int node = machine_memory(mag_topology_pu(machine, last)->node);
    assert_true(guest_switch_cpu(late.cpu, false));
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &machine), 0);
    late.pool = make_pool(config_of(200));
    assert_true(guest_switch_cpu(late.cpu, true));
    on_another_thread(take_late, &late);
    assert_int_equal(late.node, node);
    mag_pool_destroy(late.pool);
    mag_topology_free(machine);
    machine = all;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_depot_lies_on_its_node),
        cmocka_unit_test(a_cpu_that_comes_late_takes_from_its_own_node),
        cmocka_unit_test(what_is_freed_on_another_node_returns_and_memory_does_not_grow),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
