/* SPDX-License-Identifier: Apache-2.0 */
/* The number of workers changes while they run. */
#include "sched/scheduler.h"
#include "sched/worker/worker.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/counters.h>
#include <magpie/elastic.h>

enum { MANY = 300 };

static struct mag_sched *start(uint32_t workers, uint32_t most)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.workers_max = most;
    return test_sched_start_as(&config);
}

static void end(struct mag_sched *sched)
{
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* Waits until so many berths are in use. */
static void wait_for_used(struct mag_sched *sched, uint32_t used)
{
    double since = test_now();

    while (mag_idle_used(mag_idle_read(&sched->idle)) != used) {
        assert_false(test_gives_up(since));
        test_sleep_ms(1);
    }
}

/* A job that notes the worker that runs it. */
struct note {
    struct mag_job job;
    uint32_t worker;
    _Atomic(uint64_t) done;
};

static void take_note(struct mag_job *job)
{
    struct note *note = (struct note *)(void *)job;

    note->worker = mag_sched_worker();
    (void)test_add(&note->done, 1);
}

static uint32_t runs_on(struct mag_sched *sched, uint32_t worker)
{
    struct note note = {.job = {.run = take_note}, .worker = MAG_NONE};

    assert_int_equal(mag_sched_post_worker(sched, &note.job, worker), 0);
    assert_true(test_wait_for(&note.done, 1));
    return note.worker;
}

/* As many jobs as workers, which all run at the same time. */
static void expect_at_once(struct mag_sched *sched, uint32_t count)
{
    struct holder holders[8];

    assert_true(count <= 8);
    for (uint32_t i = 0; i < count; i++)
        holder_begin(&holders[i], sched);
    for (uint32_t i = 0; i < count; i++)
        holder_let_go(&holders[i]);
    for (uint32_t i = 0; i < count; i++)
        assert_true(test_wait_for(&holders[i].over, 1));
}

static void a_scheduler_has_as_many_workers_as_it_was_told_last(void **state)
{
    static const uint32_t sizes[] = {4, 2, 3, 1, 4, 4, 1};
    struct mag_sched *sched = start(1, 4);
    (void)state;

    assert_int_equal(mag_sched_workers_max(sched), 4);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(mag_sched_resize(sched, sizes[i]), 0);
        assert_int_equal(mag_sched_workers(sched), sizes[i]);
        wait_for_used(sched, sizes[i]);
        expect_at_once(sched, sizes[i]);
    }
    end(sched);
}

static void a_number_that_is_not_possible_is_refused(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    struct mag_sched *sched = start(2, 3);
    struct counted work = counted_make();
    (void)state;

    assert_int_equal(mag_sched_resize(sched, 0), -EINVAL);
    assert_int_equal(mag_sched_resize(sched, 4), -EINVAL);
    assert_int_equal(mag_sched_post_worker(sched, &work.job, 2), -EINVAL);
    assert_int_equal(mag_sched_workers(sched), 2);
    end(sched);
    config.workers_max = 1;
    assert_int_equal(mag_sched_start(&config, &sched), -EINVAL);
    config.workers_max = MAG_SCHED_WORKERS_MAX + 1;
    assert_int_equal(mag_sched_start(&config, &sched), -EINVAL);
}

static void
a_scheduler_that_was_told_nothing_has_no_more_places_than_workers(void **state)
{
    struct mag_sched *sched = start(2, 0);
    (void)state;

    assert_int_equal(mag_sched_workers_max(sched), 2);
    assert_int_equal(mag_sched_resize(sched, 3), -EINVAL);
    end(sched);
}

static void a_job_for_a_benched_worker_runs_there(void **state)
{
    struct mag_sched *sched = start(3, 3);
    (void)state;

    assert_int_equal(mag_sched_resize(sched, 1), 0);
    wait_for_used(sched, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(runs_on(sched, 1 + (uint32_t)i % 2), 1 + i % 2);
    wait_for_used(sched, 1);
    end(sched);
}

static void a_benched_worker_takes_no_other_jobs(void **state)
{
    struct note notes[MANY];
    struct mag_sched *sched = start(3, 3);
    (void)state;

    assert_int_equal(mag_sched_resize(sched, 1), 0);
    wait_for_used(sched, 1);
    for (int i = 0; i < MANY; i++) {
        notes[i] = (struct note){.job = {.run = take_note}, .worker = MAG_NONE};
        assert_int_equal(mag_sched_post_any(sched, &notes[i].job), 0);
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(test_wait_for(&notes[i].done, 1));
        assert_int_equal(notes[i].worker, 0);
    }
    end(sched);
}

/* Fills its worker's hand and ring, then waits. */
struct filler {
    struct holder holder; /* first */
    struct counted work[MANY];
};

static void fill_then_hold(struct mag_job *job)
{
    struct filler *filler = (struct filler *)(void *)job;

    for (int i = 0; i < MANY; i++)
        (void)!mag_sched_post(mag_sched_self(), &filler->work[i].job);
    holder_run(job);
}

static void the_jobs_that_wait_on_a_worker_that_is_benched_run_elsewhere(void **state)
{
    static struct filler filler;
    struct mag_sched *sched = start(2, 2);
    struct holder first;
    (void)state;

    /* Worker 0 is held too, so that it steals nothing before worker 1 is benched. */
    first = (struct holder){.job = {.run = holder_run}};
    assert_int_equal(mag_sched_post_worker(sched, &first.job, 0), 0);
    assert_true(gate_is_reached(&first.gate));
    filler.holder.job.run = fill_then_hold;
    for (int i = 0; i < MANY; i++)
        filler.work[i] = counted_make();
    assert_int_equal(mag_sched_post_worker(sched, &filler.holder.job, 1), 0);
    assert_true(gate_is_reached(&filler.holder.gate));
    assert_int_equal(mag_sched_resize(sched, 1), 0);
    holder_let_go(&filler.holder);
    wait_for_used(sched, 1);
    holder_let_go(&first);
    for (int i = 0; i < MANY; i++)
        assert_true(test_wait_for(&filler.work[i].runs, 1));
    end(sched);
}

/* ------------------------------------------------------------------ the end */

static void a_drain_runs_the_jobs_of_benched_workers(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct mag_sched *sched = start(3, 3);
        struct counted work[MANY];

        assert_int_equal(mag_sched_resize(sched, 1), 0);
        for (int i = 0; i < MANY; i++) {
            work[i] = counted_make();
            assert_int_equal(mag_sched_post_worker(sched, &work[i].job, (uint32_t)i % 3),
                             0);
        }
        assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
        for (int i = 0; i < MANY; i++)
            assert_int_equal(test_read(&work[i].runs), 1);
        end(sched);
    }
}

static void count_dropped(struct mag_job *job, void *arg)
{
    (void)job;
    ++*(int *)arg;
}

static void a_stop_hands_back_what_benched_workers_have_not_begun(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct mag_sched *sched = start(2, 2);
        struct counted work[MANY];
        int dropped = 0;
        int ran = 0;

        assert_int_equal(mag_sched_resize(sched, 1), 0);
        for (int i = 0; i < MANY; i++) {
            work[i] = counted_make();
            assert_int_equal(mag_sched_post_worker(sched, &work[i].job, (uint32_t)i % 2),
                             0);
        }
        assert_int_equal(
            mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, count_dropped, &dropped), 0);
        for (int i = 0; i < MANY; i++)
            ran += (int)test_read(&work[i].runs);
        assert_int_equal(ran + dropped, MANY);
        end(sched);
    }
}

static void a_stopped_scheduler_is_not_resized(void **state)
{
    struct mag_sched *sched = start(1, 2);
    (void)state;

    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_sched_resize(sched, 2), -ESHUTDOWN);
    end(sched);
}

/* --------------------------------------------------------------- what may fail */

static void if_a_thread_is_refused_the_number_is_what_it_was(void **state)
{
    struct mag_sched *sched = start(1, 4);
    (void)state;

    /* The first of three threads starts, the second does not. */
    test_fail_thread(2);
    assert_int_equal(mag_sched_resize(sched, 4), -EAGAIN);
    assert_true(test_has_failed());
    test_fail_thread(0);
    assert_int_equal(mag_sched_workers(sched), 1);
    wait_for_used(sched, 1);
    expect_at_once(sched, 1);
    assert_int_equal(mag_sched_resize(sched, 4), 0);
    expect_at_once(sched, 4);
    end(sched);
}

/* Resizes its own scheduler. */
static void resize_inside(struct mag_job *job)
{
    struct note *note = (struct note *)(void *)job;
    struct mag_sched *sched = mag_sched_self();
    int r = 0;

    for (uint32_t i = 0; i < 20 && r == 0; i++)
        r = mag_sched_resize(sched, 1 + i % mag_sched_workers_max(sched));
    note->worker = (uint32_t)r;
    (void)test_add(&note->done, 1);
}

static void a_job_may_resize_its_scheduler(void **state)
{
    struct note notes[8];
    struct mag_sched *sched = start(2, 4);
    (void)state;

    for (int i = 0; i < 8; i++) {
        notes[i] = (struct note){.job = {.run = resize_inside}, .worker = MAG_NONE};
        assert_int_equal(mag_sched_post_any(sched, &notes[i].job), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_true(test_wait_for(&notes[i].done, 1));
        assert_int_equal(notes[i].worker, 0);
    }
    end(sched);
}

/* ------------------------------------------------------------------- hooks */

static _Atomic(uint64_t) starts[4];
static _Atomic(uint64_t) stops[4];

static void on_start(uint32_t worker, void *arg)
{
    (void)arg;
    (void)test_add(&starts[worker], 1);
}

static void on_stop(uint32_t worker, void *arg)
{
    (void)arg;
    (void)test_add(&stops[worker], 1);
}

static void hooks_are_called_once_for_each_worker_that_was_ever_started(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    (void)state;

    config.workers_max = 4;
    config.on_start = on_start;
    config.on_stop = on_stop;
    struct mag_sched *sched = test_sched_start_as(&config);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(mag_sched_resize(sched, 1 + i % 3), 0);
    end(sched);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(test_read(&starts[i]), i < 3);
        assert_int_equal(test_read(&stops[i]), i < 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheduler_has_as_many_workers_as_it_was_told_last),
        cmocka_unit_test(a_number_that_is_not_possible_is_refused),
        cmocka_unit_test(
            a_scheduler_that_was_told_nothing_has_no_more_places_than_workers),
        cmocka_unit_test(a_job_for_a_benched_worker_runs_there),
        cmocka_unit_test(a_benched_worker_takes_no_other_jobs),
        cmocka_unit_test(the_jobs_that_wait_on_a_worker_that_is_benched_run_elsewhere),
        cmocka_unit_test(a_drain_runs_the_jobs_of_benched_workers),
        cmocka_unit_test(a_stop_hands_back_what_benched_workers_have_not_begun),
        cmocka_unit_test(a_stopped_scheduler_is_not_resized),
        cmocka_unit_test(if_a_thread_is_refused_the_number_is_what_it_was),
        cmocka_unit_test(a_job_may_resize_its_scheduler),
        cmocka_unit_test(hooks_are_called_once_for_each_worker_that_was_ever_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
