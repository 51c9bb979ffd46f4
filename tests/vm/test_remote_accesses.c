/* SPDX-License-Identifier: Apache-2.0 */
/* Work that walks through memory touches fewer pages of other nodes if it is placed by
 * node than if it is not.  Nothing is timed: the kernel is asked where each page lies
 * that a worker touches.
 *
 * Who runs which job must not depend on who wakes first, which on a busy machine is
 * chance.  So all workers are held while the jobs are posted, one for each worker, and
 * each job waits until all of them run.  The workers of a node are let go one by one:
 * each finds a job in the queue of its node, or in the ring of a neighbour that is held
 * again, if the jobs went to the nodes that they were posted to.
 */
#include "tests/support/cmocka.h"
#include "tests/support/numa/kernel.h"
#include "tests/support/numa/several.h"

#include <magpie/node_memory.h>

enum { WORKERS = SEVERAL_WORKERS_MAX, BLOCK_PAGES = 8, SWEEPS = 3, TRIES = 5 };

/* Of the pages that workers have touched. */
struct touched {
    _Atomic(uint64_t) near, far;
};

/* Touches a page on a worker, and asks where it lies. */
static void touch(struct touched *touched, const struct mag_sched *sched, char *page)
{
    int here = machine_memory(several_node(sched, mag_sched_worker()));

    *(volatile char *)page += 1;
    (void)test_add(kernel_page_node(page) == here ? &touched->near : &touched->far, 1);
}

/* The part of the pages that were far, in percent. */
static unsigned far_percent(struct touched *touched)
{
    uint64_t all = test_read(&touched->near) + test_read(&touched->far);

    return (unsigned)(100 * test_read(&touched->far) / (all != 0 ? all : 1));
}

static void skip_elsewhere(void)
{
    bool differ = false;

    several_or_skip();
    for (uint32_t i = 0; i < mag_topology_pus(machine); i++)
        differ = differ || machine_memory(mag_topology_pu(machine, i)->node) !=
                               machine_memory(mag_topology_pu(machine, 0)->node);
    if (!differ) {
        print_message("skipped: all PUs have the same memory\n");
        skip();
    }
}

static struct mag_sched *start(void)
{
    struct mag_sched_config config = several_config(MAG_PLACE_COMPACT);

    /* Without places for guests: the test's own thread is pinned nowhere. */
    config.spare = 0;
    return test_sched_start_as(&config);
}

/* Holds all workers while jobs are posted, and the jobs until all of them run. */
struct gate {
    _Atomic(uint64_t) held, turn, begun, late;
    uint32_t workers;
};

/* A job that holds a worker until it is its turn, among the workers of its node. */
struct holder {
    struct mag_job job; /* first */
    struct gate *gate;
    uint32_t turn;
    _Atomic(uint64_t) gone;
};

static struct holder holders[WORKERS];

static void hold(struct mag_job *job)
{
    struct holder *holder = (struct holder *)(void *)job;

    (void)test_add(&holder->gate->held, 1);
    (void)test_add(&holder->gate->late,
                   !test_wait_for(&holder->gate->turn, holder->turn));
    (void)test_add(&holder->gone, 1);
}

static void close_gate(struct mag_sched *sched, struct gate *gate)
{
    *gate = (struct gate){.workers = mag_sched_workers(sched)};
    for (uint32_t i = 0; i < gate->workers; i++) {
        holders[i] = (struct holder){.job = {.run = hold}, .gate = gate, .turn = 1};
        for (uint32_t j = 0; j < i; j++)
            holders[i].turn += several_node(sched, i) == several_node(sched, j);
        assert_int_equal(mag_sched_post_worker(sched, &holders[i].job, i), 0);
    }
    assert_true(test_wait_for(&gate->held, gate->workers));
}

/* Each worker that is let go has begun a job before the next ones are let go. */
static void open_gate(struct gate *gate)
{
    uint32_t gone = 0;

    for (uint32_t turn = 1; gone < gate->workers; turn++) {
        (void)test_add(&gate->turn, 1);
        for (uint32_t i = 0; i < gate->workers; i++) {
            if (holders[i].turn != turn)
                continue;
            assert_true(test_wait_for(&holders[i].gone, 1));
            gone++;
        }
        assert_true(test_wait_for(&gate->begun, gone));
    }
}

/* A job that walks through memory of one node; there is one for each PU. */
struct block {
    struct mag_job job; /* first */
    struct mag_sched *sched;
    struct touched *touched;
    struct gate *gate;
    char *pages;
    uint32_t pu, node;
    _Atomic(uint64_t) done;
};

static struct block blocks[WORKERS];

static void block_run(struct mag_job *job)
{
    struct block *block = (struct block *)(void *)job;

    (void)test_add(&block->gate->begun, 1);
    (void)test_add(&block->gate->late,
                   !test_wait_for(&block->gate->begun, block->gate->workers));
    for (size_t i = 0; i < BLOCK_PAGES; i++)
        touch(block->touched, block->sched, block->pages + i * KERNEL_PAGE);
    (void)test_add(&block->done, 1);
}

/* The blocks' order has nothing to do with the nodes of those who might take them. */
static void map_blocks(struct mag_sched *sched)
{
    uint32_t count = mag_sched_workers(sched);

    for (uint32_t i = 0; i < count; i++) {
        struct block *block = &blocks[i];
        enum mag_placed placed;
        void *pages;

        *block = (struct block){.job = {.run = block_run}, .sched = sched};
        block->pu = (i * 5 + 3) % count;
        block->node = mag_topology_pu(machine, block->pu)->node;
        assert_int_equal(mag_node_map(machine, block->node, BLOCK_PAGES * KERNEL_PAGE,
                                      &pages, &placed),
                         0);
        assert_int_equal(placed, MAG_PLACED);
        block->pages = pages;
    }
}

static void unmap_blocks(const struct mag_sched *sched)
{
    for (uint32_t i = 0; i < mag_sched_workers(sched); i++)
        mag_node_unmap(blocks[i].pages, BLOCK_PAGES * KERNEL_PAGE);
}

/* A worker on the node of a block: that on the PU for which the block was made. */
static uint32_t worker_of(const struct mag_sched *sched, const struct block *block)
{
    uint32_t worker = 0;

    while (mag_plan_seat(mag_sched_plan(sched), worker)->pu != block->pu)
        worker++;
    return worker;
}

enum placing { BY_WORKER, BY_NODE, ANYWHERE };

static int post(struct block *block, enum placing placing)
{
    struct mag_sched *sched = block->sched;

    switch (placing) {
    case BY_WORKER:
        return mag_sched_post_worker(sched, &block->job, worker_of(sched, block));
    case BY_NODE:
        return mag_sched_post_node(sched, &block->job, block->node);
    case ANYWHERE:
        break;
    }
    return mag_sched_post(sched, &block->job);
}

/* One job for each worker, while all of them are free to take jobs. */
static void sweep_once(struct mag_sched *sched, enum placing placing,
                       struct touched *touched)
{
    struct gate gate;

    close_gate(sched, &gate);
    for (uint32_t k = 0; k < gate.workers; k++) {
        blocks[k].touched = touched;
        blocks[k].gate = &gate;
        assert_int_equal(post(&blocks[k], placing), 0);
    }
    open_gate(&gate);
    for (uint32_t k = 0; k < gate.workers; k++) {
        assert_true(test_wait_for(&blocks[k].done, 1));
        atomic_init(&blocks[k].done, 0);
    }
    assert_int_equal(test_read(&gate.late), 0);
}

/* How many pages of others were touched, in percent. */
static unsigned sweep(struct mag_sched *sched, enum placing placing)
{
    static const char *const names[] = {"a worker there", "their node", "nobody"};
    struct touched touched = {0};

    for (int i = 0; i < SWEEPS; i++)
        sweep_once(sched, placing, &touched);
    print_message("jobs for %s: %u%% of the pages are of other nodes\n", names[placing],
                  far_percent(&touched));
    assert_int_equal(test_read(&touched.near) + test_read(&touched.far),
                     SWEEPS * BLOCK_PAGES * mag_sched_workers(sched));
    return far_percent(&touched);
}

static void jobs_for_workers_beside_their_memory_touch_none_of_other_nodes(void **state)
{
    (void)state;
    skip_elsewhere();
    struct mag_sched *sched = start();
    map_blocks(sched);
    assert_int_equal(sweep(sched, BY_WORKER), 0);
    unmap_blocks(sched);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* Jobs for nobody in particular lie in one queue, and might all be taken by workers
 * beside their memory; so this is seen in one of some tries. */
static void jobs_for_nobody_touch_some_of_other_nodes(void **state)
{
    bool some = false;
    (void)state;

    skip_elsewhere();
    struct mag_sched *sched = start();
    map_blocks(sched);
    for (int i = 0; !some && i < TRIES; i++)
        some = sweep(sched, ANYWHERE) > 0;
    assert_true(some);
    unmap_blocks(sched);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void jobs_for_the_node_of_their_memory_touch_none_of_other_nodes(void **state)
{
    (void)state;
    skip_elsewhere();
    struct mag_sched *sched = start();
    map_blocks(sched);
    assert_int_equal(sweep(sched, BY_NODE), 0);
    unmap_blocks(sched);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_for_workers_beside_their_memory_touch_none_of_other_nodes),
        cmocka_unit_test(jobs_for_nobody_touch_some_of_other_nodes),
        cmocka_unit_test(jobs_for_the_node_of_their_memory_touch_none_of_other_nodes),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
