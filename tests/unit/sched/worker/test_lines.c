/*
 * White-box: no operation of a busy scheduler writes a line that all workers share.
 *
 * Each operation runs twice on a worker; the second time its writes are recorded.  Shared
 * by all workers are struct mag_sched, the injection queues and the static variables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/lines.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/stacks.h"
#include "tests/support/sched/start.h"

#include "sched/queue/inject.h"
#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <magpie/barrier.h>
#include <magpie/pool.h>
#include <stdlib.h>

enum { PAGE = 4096, POSTS = 8, FIB_N = 6, MANY = 8 };

/* In pages of its own, which nobody watches. */
struct trial {
    struct mag_job job;
    struct mag_sched *sched;
    void (*operation)(struct trial *trial);
    struct mag_pool *pool;
    struct mag_job posts[POSTS];
    unsigned posted, failures;
    long result;
    unsigned in_sched, in_queues, in_statics, in_pool, in_others;
    struct gate gate;
    _Atomic(uint64_t) done;
};

static void do_nothing(struct mag_job *job)
{
    (void)job;
}

static void watch(struct trial *trial)
{
    struct mag_sched *sched = trial->sched;

    lines_forget();
    lines_watch(sched, sizeof(*sched));
    lines_watch(sched->queues,
                sched->queue_count * sched->level_count * sizeof(*sched->queues));
    lines_watch_statics();
    for (uint32_t i = 1; i < mag_sched_workers(sched); i++)
        lines_watch(mag_sched_at(sched, i), sizeof(struct mag_worker));
    if (trial->pool != NULL)
        lines_watch(trial->pool, MAG_CACHE_LINE);
}

static void count(struct trial *trial)
{
    struct mag_sched *sched = trial->sched;

    trial->in_sched = lines_written_in(sched, sizeof(*sched));
    trial->in_queues = lines_written_in(
        sched->queues, sched->queue_count * sched->level_count * sizeof(*sched->queues));
    trial->in_statics = lines_written_in_statics();
    for (uint32_t i = 1; i < mag_sched_workers(sched); i++)
        trial->in_others +=
            lines_written_in(mag_sched_at(sched, i), sizeof(struct mag_worker));
    if (trial->pool != NULL)
        trial->in_pool = lines_written_in(trial->pool, PAGE);
}

static void record(struct trial *trial)
{
    trial->operation(trial);
    watch(trial);
    lines_begin();
    trial->operation(trial);
    lines_end();
    count(trial);
}

static void run_trial(struct mag_job *job)
{
    struct trial *trial = (struct trial *)(void *)job;

    record(trial);
    (void)test_add(&trial->done, 1);
}

static struct trial *trial_new(void (*operation)(struct trial *trial), unsigned workers)
{
    void *pages;

    if (!lines_can_record()) {
        print_message("skipped: writes can be recorded on x86-64 only\n");
        skip();
    }
    assert_int_equal(posix_memalign(&pages, PAGE, PAGE), 0);
    struct trial *trial = pages;

    memset(trial, 0, PAGE);
    trial->sched = test_sched_start_alone(workers);
    trial->operation = operation;
    trial->job.run = run_trial;
    for (unsigned i = 0; i < POSTS; i++)
        trial->posts[i].run = do_nothing;
    return trial;
}

static void trial_run(struct trial *trial)
{
    assert_int_equal(mag_sched_post(trial->sched, &trial->job), 0);
    assert_true(test_wait_for(&trial->done, 1));
    assert_int_equal(trial->failures, 0);
}

static void trial_free(struct trial *trial)
{
    mag_sched_destroy(trial->sched);
    free(trial);
}

/* ------------------------------------------------------------------ on a worker */

/* The second goes from the LIFO slot to the ring. */
static void post_two(struct trial *trial)
{
    for (int i = 0; i < 2; i++)
        trial->failures +=
            mag_sched_post(trial->sched, &trial->posts[trial->posted++]) != 0;
}

static void a_post_to_oneself_writes_no_shared_line(void **state)
{
    struct trial *trial = trial_new(post_two, 1);
    (void)state;

    trial_run(trial);
    assert_int_equal(trial->in_sched, 0);
    assert_int_equal(trial->in_queues, 0);
    assert_int_equal(trial->in_statics, 0);
    trial_free(trial);
}

static void compute(struct trial *trial)
{
    trial->failures += fib_run(trial->sched, &trial->result, FIB_N) != 0;
}

static void a_fork_and_its_join_write_no_shared_line(void **state)
{
    struct trial *trial = trial_new(compute, 1);
    (void)state;

    trial_run(trial);
    assert_int_equal(trial->result, 8);
    assert_int_equal(trial->in_sched, 0);
    assert_int_equal(trial->in_queues, 0);
    assert_int_equal(trial->in_statics, 0);
    trial_free(trial);
}

static void rent_and_return(struct trial *trial)
{
    void *object;

    if (mag_pool_take(trial->pool, &object) == 0)
        mag_pool_give(trial->pool, object);
    else
        trial->failures++;
}

static void a_rent_and_a_return_write_no_shared_line(void **state)
{
    struct mag_pool_config config;
    struct trial *trial = trial_new(rent_and_return, 1);
    (void)state;

    mag_pool_config_init(&config);
    config.object_size = MAG_CACHE_LINE;
    assert_int_equal(mag_pool_create(&config, &trial->pool), 0);
    trial_run(trial);
    assert_int_equal(trial->in_sched, 0);
    assert_int_equal(trial->in_statics, 0);
    assert_int_equal(trial->in_pool, 0);
    mag_sched_destroy(trial->sched);
    mag_pool_destroy(trial->pool);
    free(trial);
}

/* Proves that the recorder sees what it should. */
static void enter_and_leave(struct trial *trial)
{
    (void)mag_idle_enter(&trial->sched->idle);
    mag_idle_leave(&trial->sched->idle, false);
}

static void a_write_of_the_state_word_is_seen(void **state)
{
    struct trial *trial = trial_new(enter_and_leave, 1);
    (void)state;

    trial_run(trial);
    assert_int_equal(trial->in_sched, 1);
    assert_int_equal(trial->in_statics, 0);
    trial_free(trial);
}

/* ------------------------------------------------------------- beside many workers */

/* A worker that stays in a job. */
struct held {
    struct mag_job job;
    struct gate gate;
};

static void stay(struct mag_job *job)
{
    gate_pass(&((struct held *)(void *)job)->gate);
}

/* Lets worker 0 of `workers` record `operation` while each of the others stays in a job,
 * and watches their records too. */
static void assert_nothing_shared(void (*operation)(struct trial *trial),
                                  unsigned workers)
{
    struct trial *trial = trial_new(operation, workers); /* may skip the test */
    struct held *others = calloc(workers, sizeof(*others));

    assert_non_null(others);
    for (unsigned i = 1; i < workers; i++) {
        others[i].job.run = stay;
        assert_int_equal(mag_sched_post_worker(trial->sched, &others[i].job, i), 0);
        assert_true(gate_is_reached(&others[i].gate));
    }
    assert_int_equal(mag_sched_post_worker(trial->sched, &trial->job, 0), 0);
    assert_true(test_wait_for(&trial->done, 1));
    for (unsigned i = 1; i < workers; i++)
        gate_open(&others[i].gate);
    assert_int_equal(trial->failures, 0);
    assert_int_equal(trial->in_sched, 0);
    assert_int_equal(trial->in_queues, 0);
    assert_int_equal(trial->in_statics, 0);
    assert_int_equal(trial->in_others, 0);
    trial_free(trial);
    free(others);
}

static void beside_many_workers_nothing_shared_is_written_either(void **state)
{
    static const unsigned workers[] = {2, 5, MANY};
    (void)state;

    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        assert_nothing_shared(post_two, workers[i]);
        assert_nothing_shared(compute, workers[i]);
    }
}

/* ------------------------------------------------------------------ from outside */

static void hold(struct mag_job *job)
{
    struct trial *trial = (struct trial *)(void *)job;

    gate_pass(&trial->gate);
    (void)test_add(&trial->done, 1);
}

static void post_one(struct trial *trial)
{
    trial->failures += mag_sched_post(trial->sched, &trial->posts[trial->posted++]) != 0;
}

/* Of the static variables it writes the poster's own record. */
static void a_post_from_outside_writes_its_queue_alone(void **state)
{
    struct trial *trial = trial_new(post_one, 1);
    (void)state;

    trial->job.run = hold;
    assert_int_equal(mag_sched_post(trial->sched, &trial->job), 0);
    assert_true(gate_is_reached(&trial->gate));
    record(trial);
    gate_open(&trial->gate);
    assert_true(test_wait_for(&trial->done, 1));
    assert_int_equal(trial->failures, 0);
    assert_int_equal(trial->in_sched, 0);
    assert_int_not_equal(trial->in_queues, 0);
    assert_int_equal(trial->in_statics, 1);
    trial_free(trial);
}

/* ------------------------------------------------------------------------ steals */

static struct mag_fork_stack *stacks[2];
static bool stolen;

static void child(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
}

static void steal(struct trial *trial)
{
    struct mag_fork_taken taken;

    (void)trial;
    stolen = mag_fork_stack_steal(stacks[0], NULL, stacks[1]->slots, &taken) ==
             MAG_FORK_STOLEN;
}

/* How many lines of the static variables a steal writes, but for that of `stolen`. */
static unsigned steal_once(bool shared)
{
    struct mag_fork_modes modes = {.fp = mag_fp_read()};
    unsigned lines;

    assert_int_equal(stacks_map(stacks, 2, MAG_SCHED_FORK_STACK_MIN), 0);
    stacks_init(stacks, 2, 3);
    if (shared)
        mag_fork_deque_begin(stacks[0], stacks[0]->slots, &modes);
    /* relaxed: there is one thread. */
    atomic_store_explicit(&stacks[0]->slots[0].body, child, memory_order_relaxed);
    lines_forget();
    lines_watch_statics();
    lines_begin();
    steal(NULL);
    lines_end();
    lines = lines_written_in_statics() - lines_written_in(&stolen, sizeof(stolen));
    assert_true(stolen);
    stacks_unmap(stacks, 2);
    return lines;
}

static void a_steal_writes_no_shared_line(void **state)
{
    (void)state;
    if (!lines_can_record())
        skip();
    (void)steal_once(true);
    assert_int_equal(steal_once(true), 0);
}

/* The numbers of the shared membarrier, which is a line as well. */
static void a_steal_by_force_writes_one_shared_line(void **state)
{
    (void)state;
    if (!lines_can_record() || !mag_barrier_is_asymmetric())
        skip();
    (void)steal_once(false);
    assert_int_equal(steal_once(false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_of_the_state_word_is_seen),
        cmocka_unit_test(a_post_to_oneself_writes_no_shared_line),
        cmocka_unit_test(a_fork_and_its_join_write_no_shared_line),
        cmocka_unit_test(a_rent_and_a_return_write_no_shared_line),
        cmocka_unit_test(beside_many_workers_nothing_shared_is_written_either),
        cmocka_unit_test(a_post_from_outside_writes_its_queue_alone),
        cmocka_unit_test(a_steal_writes_no_shared_line),
        cmocka_unit_test(a_steal_by_force_writes_one_shared_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
