/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/guest.h>
#include <magpie/strand.h>
#include <pthread.h>

enum { JOBS = 100 };

/* A job of the scheduler, or of a group, that fills a group and waits for it. */
struct filler {
    struct mag_job job;
    struct mag_group *group;
    struct mag_group *others; /* to be filled as well, but not waited for */
    _Atomic(uint64_t) runs;
    _Atomic(uint64_t) runs_of_others;
    uint64_t seen; /* of `runs_of_others` after the wait */
    int result;
    _Atomic(uint64_t) done;
};

static int fill_and_wait(void *arg)
{
    struct filler *filler = arg;
    int r = 0;

    for (int i = 0; i < JOBS && r == 0; i++) {
        r = mag_group_add(filler->group, group_count, &filler->runs);
        if (r == 0 && filler->others != NULL)
            r = mag_group_add(filler->others, group_count, &filler->runs_of_others);
    }
    filler->result = r != 0 ? r : mag_group_wait(filler->group, -1, NULL);
    filler->seen = test_read(&filler->runs_of_others);
    (void)test_add(&filler->done, 1);
    return 0;
}

static void run_filler(struct mag_job *job)
{
    (void)fill_and_wait(job);
}

static void a_worker_that_waits_runs_the_groups_jobs_and_no_others(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct filler filler = {.job = {.run = run_filler},
                            .group = test_group(sched, 0, MAG_GROUP_FIFO),
                            .others = test_group(sched, 0, MAG_GROUP_FIFO)};
    (void)state;

    assert_int_equal(mag_sched_post(sched, &filler.job), 0);
    assert_true(test_wait_for(&filler.done, 1));
    assert_int_equal(filler.result, 0);
    assert_int_equal(test_read(&filler.runs), JOBS);
    assert_int_equal(filler.seen, 0);
    assert_int_equal(mag_group_wait(filler.others, -1, NULL), 0);
    assert_int_equal(test_read(&filler.runs_of_others), JOBS);
    assert_int_equal(mag_group_destroy(filler.group), 0);
    assert_int_equal(mag_group_destroy(filler.others), 0);
    mag_sched_destroy(sched);
}

static void a_job_of_one_group_may_wait_for_another(void **state)
{
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct mag_group *outer = test_group(sched, 2, MAG_GROUP_FIFO);
        struct mag_group *inner[8];
        struct filler fillers[8];

        for (int i = 0; i < 8; i++) {
            inner[i] = test_group(sched, i % 2 != 0 ? 1 : 0, MAG_GROUP_BY_KEY);
            fillers[i] = (struct filler){.group = inner[i], .others = outer};
            assert_int_equal(mag_group_add(outer, fill_and_wait, &fillers[i]), 0);
        }
        assert_int_equal(mag_group_wait(outer, -1, NULL), 0);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(fillers[i].result, 0);
            assert_int_equal(test_read(&fillers[i].runs), JOBS);
            assert_int_equal(test_read(&fillers[i].runs_of_others), JOBS);
            assert_int_equal(mag_group_destroy(inner[i]), 0);
        }
        assert_int_equal(mag_group_destroy(outer), 0);
        mag_sched_destroy(sched);
    }
}

static void jobs_may_wait_for_their_own_group(void **state)
{
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        for (uint32_t limit = 0; limit <= 2; limit++) {
            struct mag_sched *sched = test_sched_start(workers);
            struct mag_group *group = test_group(sched, limit, MAG_GROUP_FIFO);
            struct filler fillers[4];

            for (int i = 0; i < 4; i++) {
                fillers[i] = (struct filler){.group = group};
                assert_int_equal(mag_group_add(group, fill_and_wait, &fillers[i]), 0);
            }
            assert_int_equal(mag_group_wait(group, -1, NULL), 0);
            for (int i = 0; i < 4; i++) {
                assert_int_equal(fillers[i].result, 0);
                assert_int_equal(test_read(&fillers[i].runs), JOBS);
            }
            assert_int_equal(mag_group_destroy(group), 0);
            mag_sched_destroy(sched);
        }
    }
}

/* ------------------------------------------------------------------------ sleeping */

/* A job of the scheduler that waits for a group, or for one job of it. */
struct waiting {
    struct mag_job job;
    struct mag_group *group;
    struct mag_group_job of;
    int64_t timeout_ns;
    _Atomic(uint64_t) begun;
    int result;
    _Atomic(uint64_t) done;
};

static void run_waiting(struct mag_job *job)
{
    struct waiting *waiting = (struct waiting *)(void *)job;

    (void)test_add(&waiting->begun, 1);
    waiting->result =
        waiting->of.entry != NULL
            ? mag_group_wait_job(waiting->group, waiting->of, waiting->timeout_ns)
            : mag_group_wait(waiting->group, waiting->timeout_ns, NULL);
    (void)test_add(&waiting->done, 1);
}

static void a_worker_waits_for_jobs_that_run_elsewhere(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    config.spare = 0; /* no stand-in comes for the worker that waits */
    struct mag_sched *sched = test_sched_start_as(&config);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct waiting waiting = {
        .job = {.run = run_waiting}, .group = group, .timeout_ns = -1};
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    assert_int_equal(mag_sched_post(sched, &waiting.job), 0);
    assert_true(test_wait_for(&waiting.begun, 1));
    test_sleep_ms(2);
    /* The only other worker is in the wait, and comes out of its sleep for this. */
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(mag_group_add(group, group_count, &runs), 0);
        assert_true(test_wait_for(&runs, i + 1));
    }
    assert_int_equal(test_read(&waiting.done), 0);
    gate_open(&gate);
    assert_true(test_wait_for(&waiting.done, 1));
    assert_int_equal(waiting.result, 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void a_wait_ends_at_its_deadline(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 1, MAG_GROUP_FIFO);
    struct waiting waiting = {
        .job = {.run = run_waiting}, .group = group, .timeout_ns = 1000000};
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    assert_int_equal(mag_group_add_job(group, group_count, &runs, 0, &waiting.of), 0);
    assert_int_equal(mag_group_wait(group, 0, NULL), -ETIMEDOUT);
    assert_int_equal(mag_group_wait(group, 1000000, NULL), -ETIMEDOUT);
    assert_int_equal(mag_group_wait_job(group, waiting.of, 0), -ETIMEDOUT);
    assert_int_equal(mag_sched_post(sched, &waiting.job), 0);
    assert_true(test_wait_for(&waiting.done, 1));
    assert_int_equal(waiting.result, -ETIMEDOUT);
    waiting.of.entry = NULL;
    assert_int_equal(mag_sched_post(sched, &waiting.job), 0);
    assert_true(test_wait_for(&waiting.done, 2));
    assert_int_equal(waiting.result, -ETIMEDOUT);
    assert_int_equal(test_read(&runs), 0);
    gate_open(&gate);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_wait(group, 0, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- one job */

/* A job that adds jobs to its group and waits for one of them. */
struct picker {
    struct mag_group *group;
    struct mag_group_job self;
    _Atomic(uint64_t) others;
    _Atomic(uint64_t) runs;
    uint64_t others_seen;
    int results[3];
};

static int wait_for_parent(void *arg)
{
    struct picker *picker = arg;

    picker->results[2] = mag_group_wait_job(picker->group, picker->self, -1);
    (void)test_add(&picker->runs, 1);
    return 0;
}

static int pick(void *arg)
{
    struct picker *picker = arg;
    struct mag_group_job job;
    int r = 0;

    for (int i = 0; i < 10 && r == 0; i++)
        r = mag_group_add(picker->group, group_count, &picker->others);
    if (r == 0)
        r = mag_group_add_job(picker->group, wait_for_parent, picker, 0, &job);
    picker->results[0] = mag_group_wait_job(picker->group, picker->self, -1);
    picker->results[1] = r != 0 ? r : mag_group_wait_job(picker->group, job, -1);
    picker->others_seen = test_read(&picker->others);
    return 0;
}

static void a_worker_that_waits_for_one_job_runs_that_one(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 1, MAG_GROUP_FIFO);
    struct picker picker = {.group = group};
    (void)state;

    assert_int_equal(mag_group_add_job(group, pick, &picker, 0, &picker.self), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(picker.results[0], -EDEADLK);
    assert_int_equal(picker.results[1], 0);
    assert_int_equal(picker.results[2], -EDEADLK);
    assert_int_equal(test_read(&picker.runs), 1);
    assert_int_equal(picker.others_seen, 0);
    assert_int_equal(test_read(&picker.others), 10);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void one_job_is_waited_for_wherever_it_runs(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct waiting waiting = {
        .job = {.run = run_waiting}, .group = group, .timeout_ns = -1};
    _Atomic(uint64_t) runs = 0;
    struct gate gate, other, third, fourth;
    (void)state;

    group_hold_one(group, &other);
    gate_close(&gate);
    assert_int_equal(mag_group_add_job(group, group_hold, &gate, 0, &waiting.of), 0);
    assert_true(gate_is_reached(&gate));
    assert_int_equal(mag_sched_post_worker(sched, &waiting.job, 0), 0);
    gate_open(&gate);
    assert_int_equal(mag_group_wait_job(group, waiting.of, -1), 0);
    gate_open(&other);
    assert_true(test_wait_for(&waiting.done, 1));
    assert_int_equal(waiting.result, 0);
    /* A job that is withdrawn is not waited for either.  Gates of their own: the job
     * behind `other` may still be on its way through. */
    group_hold_one(group, &third);
    group_hold_one(group, &fourth);
    assert_int_equal(mag_group_add_job(group, group_count, &runs, 0, &waiting.of), 0);
    assert_int_equal(mag_group_withdraw(group, waiting.of, NULL), 0);
    assert_int_equal(mag_group_wait_job(group, waiting.of, -1), 0);
    gate_open(&third);
    gate_open(&fourth);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

/* ---------------------------------------------------------------------- surroundings */

/* A job of a strand that waits for a group. */
struct in_strand {
    struct mag_job job;
    struct mag_strand strand;
    struct mag_group *group;
    const struct mag_executor *inside;
    const struct mag_executor *after;
    int result;
    _Atomic(uint64_t) done;
};

static int note_executor(void *arg)
{
    ((struct in_strand *)arg)->inside = mag_executor_current();
    return 0;
}

static void run_in_strand(struct mag_job *job)
{
    struct in_strand *here = (struct in_strand *)(void *)job;

    here->inside = mag_executor_current();
    here->result = mag_group_add(here->group, note_executor, here);
    if (here->result == 0)
        here->result = mag_group_wait(here->group, -1, NULL);
    here->after = mag_executor_current();
    (void)test_add(&here->done, 1);
}

static void jobs_that_a_strands_job_waits_for_are_not_the_strands(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct in_strand here = {.job = {.run = run_in_strand},
                             .group = test_group(sched, 0, MAG_GROUP_FIFO)};
    (void)state;

    mag_strand_init(&here.strand, sched);
    assert_int_equal(mag_strand_post(&here.strand, &here.job), 0);
    assert_true(test_wait_for(&here.done, 1));
    assert_int_equal(here.result, 0);
    assert_null(here.inside);
    assert_ptr_equal(here.after, &here.strand.executor);
    assert_int_equal(mag_group_destroy(here.group), 0);
    mag_sched_destroy(sched);
    assert_int_equal(mag_strand_fini(&here.strand), 0);
}

/* -------------------------------------------------------------------------- guests */

struct party {
    struct mag_sched *sched;
    struct mag_group *group;
    pthread_t thread;
    uint32_t number; /* of the worker or guest that ran the job */
    int results[2];
};

static int note_number(void *arg)
{
    ((struct party *)arg)->number = mag_sched_worker();
    return 0;
}

static void *take_part(void *arg)
{
    struct party *party = arg;
    struct mag_guest guest;

    party->results[0] = mag_guest_enter(party->sched, &guest);
    if (party->results[0] != 0)
        return NULL;
    party->results[1] = mag_group_wait(party->group, -1, NULL);
    mag_guest_leave(&guest);
    return NULL;
}

static void a_guest_that_waits_runs_the_groups_jobs(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct party party = {.sched = sched, .group = test_group(sched, 0, MAG_GROUP_FIFO)};
    struct holder holder;
    (void)state;

    holder_begin(&holder, sched);
    assert_int_equal(mag_group_add(party.group, note_number, &party), 0);
    /* The only worker is busy, so the guest runs it. */
    assert_int_equal(pthread_create(&party.thread, NULL, take_part, &party), 0);
    assert_int_equal(pthread_join(party.thread, NULL), 0);
    assert_int_equal(party.results[0], 0);
    assert_int_equal(party.results[1], 0);
    assert_in_range(party.number, mag_sched_workers(sched),
                    mag_sched_capacity(sched) - 1);
    holder_let_go(&holder);
    assert_true(test_wait_for(&holder.over, 1));
    assert_int_equal(mag_group_destroy(party.group), 0);
    mag_sched_destroy(sched);
}

static int end_thread(void *arg)
{
    (void)arg;
    pthread_exit(NULL);
}

static void a_job_that_ends_a_guests_thread_fails(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct party party = {
        .sched = sched, .group = test_group(sched, 1, MAG_GROUP_FIFO), .results = {1, 1}};
    _Atomic(uint64_t) runs = 0;
    struct mag_group_error error = {.arg = NULL};
    struct holder holder;
    (void)state;

    holder_begin(&holder, sched);
    assert_int_equal(mag_group_add(party.group, end_thread, &party), 0);
    assert_int_equal(mag_group_add(party.group, group_count, &runs), 0);
    assert_int_equal(pthread_create(&party.thread, NULL, take_part, &party), 0);
    assert_int_equal(pthread_join(party.thread, NULL), 0);
    assert_int_equal(party.results[1], 1);
    assert_int_equal(test_read(&runs), 0);
    holder_let_go(&holder);
    assert_int_equal(mag_group_wait(party.group, -1, &error), 1);
    assert_int_equal(error.error, -EOWNERDEAD);
    assert_ptr_equal(error.arg, &party);
    assert_int_equal(test_read(&runs), 1);
    assert_true(test_wait_for(&holder.over, 1));
    assert_int_equal(mag_group_destroy(party.group), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_waits_runs_the_groups_jobs_and_no_others),
        cmocka_unit_test(a_job_of_one_group_may_wait_for_another),
        cmocka_unit_test(jobs_may_wait_for_their_own_group),
        cmocka_unit_test(a_worker_waits_for_jobs_that_run_elsewhere),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(a_worker_that_waits_for_one_job_runs_that_one),
        cmocka_unit_test(one_job_is_waited_for_wherever_it_runs),
        cmocka_unit_test(jobs_that_a_strands_job_waits_for_are_not_the_strands),
        cmocka_unit_test(a_guest_that_waits_runs_the_groups_jobs),
        cmocka_unit_test(a_job_that_ends_a_guests_thread_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
