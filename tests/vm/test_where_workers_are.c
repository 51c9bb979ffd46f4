/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the kernel is asked where each worker runs, and on which node each page
 * lies that it uses.  Says something on machines with several nodes. */
#include "sched/scheduler.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"
#include "tests/support/cmocka.h"
#include "tests/support/numa/kernel.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/counters.h>
#include <magpie/pool.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 64, LOOKS = 20, LOCAL_SIZE = 3 * KERNEL_PAGE, DEEP_PAGES = 16 };

/* What a worker finds out about itself. */
struct look {
    struct mag_job job; /* first */
    struct mag_pool *pool;
    uint32_t wrong_cpu;
    int self, rack, magazine, object, heap, frame;
    unsigned deep, local, record, forks;
    _Atomic(uint64_t) done;
};

static struct look looks[WORKERS_MAX];

/* A list that is nobody's order: backwards. */
static struct mag_sched *start(enum mag_placement placement)
{
    static uint32_t list[WORKERS_MAX];
    struct mag_sched_config config = test_sched_config(0);
    uint32_t pus = mag_topology_pus(machine);

    config.placement = placement;
    config.local_size = LOCAL_SIZE;
    config.pin = MAG_PIN_ALWAYS;
    if (placement == MAG_PLACE_LIST) {
        for (uint32_t i = 0; i < pus; i++)
            list[i] = mag_topology_pu(machine, pus - 1 - i)->os_index;
        config.os_pus = list;
        config.os_pu_count = pus;
    } else if (placement != MAG_PLACE_PER_CORE) {
        config.workers = pus;
    }
    return test_sched_start_as(&config);
}

/* The node of the memory of a worker's seat. */
static int node_of(const struct mag_sched *sched, uint32_t worker)
{
    return machine_memory(mag_plan_seat(mag_sched_plan(sched), worker)->node);
}

/* The node of its seat, as the topology says. */
static int home_of(const struct mag_sched *sched, uint32_t worker)
{
    uint32_t node = mag_plan_seat(mag_sched_plan(sched), worker)->node;

    return (int)mag_topology_node(machine, node)->os_index;
}

static void look_at_stack(struct look *look, int node)
{
    volatile char deep[DEEP_PAGES * KERNEL_PAGE];

    for (size_t i = 0; i < sizeof(deep); i += KERNEL_PAGE)
        deep[i] = 1;
    look->frame = kernel_page_node(&look);
    look->deep =
        kernel_pages_elsewhere((const char *)(uintptr_t)deep, sizeof(deep), node);
}

static void look_at_pools(struct look *look)
{
    char *heap = malloc(8 * KERNEL_PAGE);
    void *object = NULL;

    look->heap = look->object = look->magazine = -1;
    if (heap != NULL) {
        memset(heap, 1, 8 * KERNEL_PAGE);
        look->heap = kernel_page_node(heap + 4 * KERNEL_PAGE);
    }
    if (mag_pool_take(look->pool, &object) == 0) {
        *(char *)object = 1;
        look->object = kernel_page_node(object);
        look->magazine =
            kernel_page_node(mag_magazine_rack.magazines[mag_pool_number(look->pool)]);
        mag_pool_give(look->pool, object);
    }
    free(heap);
}

static void look_run(struct mag_job *job)
{
    struct look *look = (struct look *)(void *)job;
    struct mag_sched *sched = mag_sched_self();
    uint32_t index = mag_sched_worker();
    struct mag_worker *worker = mag_sched_at(sched, index);
    int node = node_of(sched, index);

    look->wrong_cpu +=
        (uint32_t)sched_getcpu() != mag_plan_seat(mag_sched_plan(sched), index)->os_pu;
    look->self = kernel_page_node(&mag_self);
    look->rack = kernel_page_node(&mag_magazine_rack);
    look_at_stack(look, node);
    look_at_pools(look);
    memset(mag_sched_local(), 1, LOCAL_SIZE);
    look->local = kernel_pages_elsewhere(mag_sched_local(), LOCAL_SIZE, node);
    look->record = kernel_pages_elsewhere(worker, sizeof(*worker), node);
    look->forks = kernel_pages_elsewhere(worker->forks, 64 * KERNEL_PAGE, node);
    (void)test_add(&look->done, 1);
}

static void look_at_all(struct mag_sched *sched, struct mag_pool *pool, uint64_t round)
{
    for (uint32_t i = 0; i < mag_sched_workers(sched); i++) {
        looks[i].job.run = look_run;
        looks[i].pool = pool;
        assert_int_equal(mag_sched_post_worker(sched, &looks[i].job, i), 0);
    }
    for (uint32_t i = 0; i < mag_sched_workers(sched); i++)
        assert_true(test_wait_for(&looks[i].done, round));
}

static void print_looks(const struct mag_sched *sched)
{
    print_message("worker  PU  node |  record  local  forks  stack  deep   self   rack  "
                  "magazine  object   heap\n");
    for (uint32_t i = 0; i < mag_sched_workers(sched); i++) {
        const struct look *look = &looks[i];
        const char *far[] = {"near", "FAR"};

        print_message("%6u %3u %5d |  %6s %6s %6s %6d %5s %6d %6d  %8d  %6d %6d\n", i,
                      mag_plan_seat(mag_sched_plan(sched), i)->os_pu, node_of(sched, i),
                      far[look->record != 0], far[look->local != 0],
                      far[look->forks != 0], look->frame, far[look->deep != 0],
                      look->self, look->rack, look->magazine, look->object, look->heap);
    }
}

static void check_look(struct mag_sched *sched, uint32_t worker)
{
    const struct look *look = &looks[worker];
    struct mag_sched_counters counters;
    int node = node_of(sched, worker);

    assert_int_equal(mag_sched_counters(sched, worker, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PINNED);
    assert_int_equal(look->wrong_cpu, 0);
    assert_int_equal(home_of(sched, worker), kernel_cpu_node(counters.os_pu));
    assert_int_equal(look->record, 0);
    assert_int_equal(look->local, 0);
    assert_int_equal(look->forks, 0);
    assert_int_equal(look->deep, 0);
    assert_int_equal(look->frame, node);
    assert_int_equal(look->self, node);
    assert_int_equal(look->rack, node);
    assert_int_equal(look->magazine, node);
    assert_int_equal(look->object, node);
}

static void look_under(enum mag_placement placement)
{
    struct mag_sched *sched = start(placement);
    struct mag_pool_config config;
    struct mag_pool *pool;

    memset(looks, 0, sizeof(looks));
    mag_pool_config_init(&config);
    config.object_size = 200;
    assert_int_equal(mag_pool_create(&config, &pool), 0);
    for (uint64_t round = 1; round <= LOOKS; round++)
        look_at_all(sched, pool, round);
    print_message("%s:\n", mag_placement_name(placement));
    print_looks(sched);
    for (uint32_t i = 0; i < mag_sched_workers(sched); i++)
        check_look(sched, i);
    assert_int_equal(mag_sched_destroy(sched), 0);
    mag_pool_destroy(pool);
}

static void skip_elsewhere(void)
{
    if (!mag_topology_is_this_machine(machine) || mag_topology_nodes(machine) < 2 ||
        mag_topology_pus(machine) > WORKERS_MAX) {
        print_message("skipped: this machine has one node, or too many PUs\n");
        skip();
    }
}

static void workers_and_their_memory_are_where_the_plan_says(void **state)
{
    (void)state;
    skip_elsewhere();
    for (int placement = 0; placement <= MAG_PLACE_LIST; placement++)
        look_under((enum mag_placement)placement);
}

/* ------------------------------------------------------------------------ queues */

static void each_queue_lies_on_its_node(void **state)
{
    struct mag_sched *sched = start(MAG_PLACE_PER_CORE);
    (void)state;

    skip_elsewhere();
    for (uint32_t node = 0; node < mag_topology_nodes(machine); node++) {
        int wanted = machine_memory(node);

        for (uint32_t level = 0; level < MAG_LEVELS; level++) {
            const struct mag_inject *queue =
                &sched->queues[mag_sched_inject(node, level)];

            assert_int_equal(kernel_page_node(queue), wanted);
        }
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_and_their_memory_are_where_the_plan_says),
        cmocka_unit_test(each_queue_lies_on_its_node),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
