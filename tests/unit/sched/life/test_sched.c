/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/phase.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/sched.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A job that counts, and may post other jobs. */
struct work {
    struct mag_job job;
    struct mag_sched *sched;
    _Atomic(uint64_t) *done;
    struct work *then;
    uint32_t worker;
    int posted;
    _Atomic(uint64_t) begun;
};

static void count(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    work->worker = mag_sched_worker();
    if (work->then != NULL)
        work->posted = mag_sched_post(work->sched, &work->then->job);
    /* release: what the job wrote is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(work->done, 1, memory_order_release);
}

static void bad_configurations_are_refused_and_leave_nothing(void **state)
{
    struct mag_sched *sched = (struct mag_sched *)(uintptr_t)1;
    struct mag_sched_config config;
    (void)state;

#define REFUSED(change)                                              \
    do {                                                             \
        mag_sched_config_init(&config);                              \
        config.workers = 1;                                          \
        config.change;                                               \
        assert_int_equal(mag_sched_start(&config, &sched), -EINVAL); \
        assert_int_equal((uintptr_t)sched, 1);                       \
    } while (0)
    REFUSED(workers = MAG_SCHED_WORKERS_MAX + 1);
    REFUSED(stack_size = 1000);
    REFUSED(fork_depth = 63);
    REFUSED(fork_depth = MAG_SCHED_FORKS_MAX + 1);
    REFUSED(spin_us = 10001);
    REFUSED(name = NULL);
    REFUSED(size = 8);
    REFUSED(placement = (enum mag_placement)99);
    REFUSED(placement = MAG_PLACE_LIST);
#undef REFUSED
}

static void a_shorter_configuration_keeps_the_defaults_it_does_not_know(void **state)
{
    struct mag_sched_config config;
    struct mag_sched *sched;
    (void)state;

    memset(&config, 0xff, sizeof(config));
    config.size = offsetof(struct mag_sched_config, placement);
    config.workers = 2;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_int_equal(mag_sched_workers(sched), 2);
    mag_sched_destroy(sched);
}

static void a_longer_configuration_is_accepted_if_the_rest_is_zero(void **state)
{
    struct {
        struct mag_sched_config known;
        uint64_t newer;
    } config;
    struct mag_sched *sched;
    (void)state;

    memset(&config, 0, sizeof(config));
    mag_sched_config_init(&config.known);
    config.known.size = sizeof(config);
    config.known.workers = 1;
    assert_int_equal(mag_sched_start(&config.known, &sched), 0);
    mag_sched_destroy(sched);
    config.newer = 1;
    assert_int_equal(mag_sched_start(&config.known, &sched), -EINVAL);
}

static void every_posted_job_runs_once(void **state)
{
    enum { JOBS = 1000 };
    static struct work work[JOBS];
    _Atomic(uint64_t) done;
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        atomic_init(&done, 0);
        for (unsigned i = 0; i < JOBS; i++) {
            work[i] = (struct work){.job = {.run = count}, .done = &done};
            assert_int_equal(mag_sched_post(sched, &work[i].job), 0);
        }
        assert_true(test_wait_for(&done, JOBS));
        mag_sched_destroy(sched);
        /* relaxed: the workers are joined. */
        assert_int_equal(atomic_load_explicit(&done, memory_order_relaxed), JOBS);
    }
}

static void a_job_posted_to_a_worker_runs_there(void **state)
{
    enum { WORKERS = 4 };
    struct work work[WORKERS];
    _Atomic(uint64_t) done;
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    for (unsigned round = 0; round < 50; round++) {
        atomic_init(&done, 0);
        for (uint32_t i = 0; i < WORKERS; i++) {
            work[i] = (struct work){.job = {.run = count}, .done = &done};
            assert_int_equal(mag_sched_post_worker(sched, &work[i].job, i), 0);
        }
        assert_true(test_wait_for(&done, WORKERS));
        for (uint32_t i = 0; i < WORKERS; i++)
            assert_int_equal(work[i].worker, i);
    }
    assert_int_equal(mag_sched_post_worker(sched, &work[0].job, WORKERS), -EINVAL);
    assert_int_equal(mag_sched_post_node(sched, &work[0].job, 1000), -EINVAL);
    mag_sched_destroy(sched);
}

static void a_job_posted_to_a_node_runs(void **state)
{
    _Atomic(uint64_t) done;
    struct work work = {.job = {.run = count}, .done = &done};
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_sched_post_node(sched, &work.job, 0), 0);
    assert_true(test_wait_for(&done, 1));
    mag_sched_destroy(sched);
}

/* Posts a job, and ends only after that job has run on another worker. */
static void count_when_the_other_has(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    work->worker = mag_sched_worker();
    work->posted = mag_sched_post(work->sched, &work->then->job);
    (void)test_wait_for(work->done, 1);
    /* release: what the job wrote is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(work->done, 1, memory_order_release);
}

static void a_job_behind_a_long_one_is_run_by_another_worker(void **state)
{
    _Atomic(uint64_t) done;
    struct work child = {.job = {.run = count}, .done = &done};
    struct work parent = {.job = {.run = count_when_the_other_has},
                          .done = &done,
                          .then = &child,
                          .sched = test_sched_start(2)};
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_sched_post(parent.sched, &parent.job), 0);
    assert_true(test_wait_for(&done, 2));
    assert_int_not_equal(child.worker, MAG_NONE);
    assert_int_not_equal(child.worker, parent.worker);
    mag_sched_destroy(parent.sched);
}

/* A job that waits for other jobs by posting itself again. */
struct yielder {
    struct mag_job job;
    struct mag_sched *sched;
    _Atomic(uint64_t) *done;
    uint64_t wanted;
    uint64_t turns;
    _Atomic(uint64_t) over;
};

static void yield_until_done(struct mag_job *job)
{
    struct yielder *self = (struct yielder *)(void *)job;

    self->turns++;
    /* relaxed: the counted jobs run on this worker. */
    if (atomic_load_explicit(self->done, memory_order_relaxed) < self->wanted &&
        mag_sched_post(self->sched, job) == 0)
        return;
    /* release: the turns are visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(&self->over, 1, memory_order_release);
}

static void a_job_that_posts_itself_yields_to_those_that_wait(void **state)
{
    enum { JOBS = 100 };
    static struct work work[JOBS];
    _Atomic(uint64_t) done;
    struct mag_sched *sched = test_sched_start(1);
    struct holder slow;
    struct yielder yielder = {
        .job = {.run = yield_until_done}, .sched = sched, .done = &done, .wanted = JOBS};
    (void)state;

    atomic_init(&done, 0);
    atomic_init(&yielder.over, 0);
    holder_begin(&slow, sched);
    assert_int_equal(mag_sched_post(sched, &yielder.job), 0);
    for (unsigned i = 0; i < JOBS; i++) {
        work[i] = (struct work){.job = {.run = count}, .done = &done};
        assert_int_equal(mag_sched_post(sched, &work[i].job), 0);
    }
    holder_let_go(&slow);
    assert_true(test_wait_for(&yielder.over, 1));
    /* Each turn lets many other jobs run, not only one. */
    assert_true(yielder.turns < JOBS / 2);
    mag_sched_destroy(sched);
}

static void draining_runs_what_was_posted_and_what_it_posts(void **state)
{
    enum { CHAIN = 500 };
    static struct work work[CHAIN];
    _Atomic(uint64_t) done;
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        atomic_init(&done, 0);
        for (unsigned i = 0; i < CHAIN; i++) {
            work[i] = (struct work){.job = {.run = count},
                                    .done = &done,
                                    .sched = sched,
                                    .then = i + 1 < CHAIN ? &work[i + 1] : NULL};
        }
        assert_int_equal(mag_sched_post(sched, &work[0].job), 0);
        assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
        /* relaxed: the workers are joined. */
        assert_int_equal(atomic_load_explicit(&done, memory_order_relaxed), CHAIN);
        mag_sched_destroy(sched);
    }
}

struct dropped {
    struct mag_job *jobs[16];
    unsigned count;
};

static void collect(struct mag_job *job, void *arg)
{
    struct dropped *dropped = arg;

    if (dropped->count < 16)
        dropped->jobs[dropped->count] = job;
    dropped->count++;
}

/* Runs until its scheduler is stopped. */
static void count_when_it_ends(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    /* release: the job has begun. */
    (void)atomic_fetch_add_explicit(&work->begun, 1, memory_order_release);
    stay_until(work->sched, MAG_PHASE_ENDING);
    count(job);
}

static void canceling_hands_back_what_has_not_begun(void **state)
{
    enum { JOBS = 10 };
    struct work work[JOBS];
    struct dropped dropped = {.count = 0};
    _Atomic(uint64_t) done;
    struct mag_sched *sched = test_sched_start(1);
    struct work slow = {
        .job = {.run = count_when_it_ends}, .done = &done, .sched = sched};
    (void)state;

    atomic_init(&done, 0);
    atomic_init(&slow.begun, 0);
    assert_int_equal(mag_sched_post(sched, &slow.job), 0);
    assert_true(test_wait_for(&slow.begun, 1));
    for (unsigned i = 0; i < JOBS; i++) {
        work[i] = (struct work){.job = {.run = count}, .done = &done};
        assert_int_equal(i % 2 ? mag_sched_post_worker(sched, &work[i].job, 0)
                               : mag_sched_post(sched, &work[i].job),
                         0);
    }
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, collect, &dropped), 0);
    /* relaxed: the workers are joined. */
    assert_int_equal(atomic_load_explicit(&done, memory_order_relaxed), 1);
    assert_int_equal(dropped.count, JOBS);
    assert_int_equal(mag_sched_post(sched, &work[0].job), -ESHUTDOWN);
    assert_int_equal(mag_sched_post_any(sched, &work[0].job), -ESHUTDOWN);
    assert_int_equal(mag_sched_post_node(sched, &work[0].job, 0), -ESHUTDOWN);
    assert_int_equal(mag_sched_post_worker(sched, &work[0].job, 0), -ESHUTDOWN);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, collect, &dropped), 0);
    assert_int_equal(dropped.count, JOBS);
    mag_sched_destroy(sched);
}

static void a_stop_that_runs_out_of_time_can_be_called_again(void **state)
{
    struct holder slow;
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    holder_begin(&slow, sched);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 1000000, NULL, NULL),
                     -ETIMEDOUT);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 1000000, NULL, NULL),
                     -ETIMEDOUT);
    holder_let_go(&slow);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    /* relaxed: the workers are joined. */
    assert_int_equal(atomic_load_explicit(&slow.over, memory_order_relaxed), 1);
    assert_int_equal(mag_sched_stop(sched, (enum mag_sched_stop)9, -1, NULL, NULL),
                     -EINVAL);
    mag_sched_destroy(sched);
    mag_sched_destroy(NULL);
}

struct suicidal {
    struct mag_job job;
    struct mag_sched *sched;
    int result;
    _Atomic(uint64_t) done;
};

static void stop_myself(struct mag_job *job)
{
    struct suicidal *self = (struct suicidal *)(void *)job;

    self->result = mag_sched_stop(self->sched, MAG_SCHED_DRAIN, -1, NULL, NULL);
    /* release: the result is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(&self->done, 1, memory_order_release);
}

static void a_worker_cannot_stop_its_own_scheduler(void **state)
{
    struct suicidal self = {.job = {.run = stop_myself}, .sched = test_sched_start(1)};
    (void)state;

    atomic_init(&self.done, 0);
    assert_int_equal(mag_sched_post(self.sched, &self.job), 0);
    assert_true(test_wait_for(&self.done, 1));
    assert_int_equal(self.result, -EDEADLK);
    mag_sched_destroy(self.sched);
}

struct hooks {
    _Atomic(uint64_t) started;
    _Atomic(uint64_t) stopped;
};

static void on_start(uint32_t worker, void *arg)
{
    struct hooks *hooks = arg;
    unsigned char *local = mag_sched_local();

    /* release: seen by the test's thread.  Local storage begins as zeroes. */
    if (worker == mag_sched_worker() && local[0] == 0 && local[99] == 0)
        (void)atomic_fetch_add_explicit(&hooks->started, 1, memory_order_release);
    local[99] = 1;
}

static void on_stop(uint32_t worker, void *arg)
{
    struct hooks *hooks = arg;

    (void)worker;
    /* release: seen by the test's thread. */
    (void)atomic_fetch_add_explicit(&hooks->stopped, 1, memory_order_release);
}

static void hooks_run_once_on_every_worker_with_its_own_storage(void **state)
{
    struct mag_sched *sched;
    struct hooks hooks;
    (void)state;

    atomic_init(&hooks.started, 0);
    atomic_init(&hooks.stopped, 0);
    struct mag_sched_config config = test_sched_config(3);
    config.local_size = 100;
    config.stack_size = 256 * 1024;
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.hook_arg = &hooks;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_true(test_wait_for(&hooks.started, 3));
    assert_int_equal(mag_sched_worker(), MAG_NONE);
    assert_null(mag_sched_self());
    assert_null(mag_sched_local());
    mag_sched_destroy(sched);
    /* relaxed: the workers are joined. */
    assert_int_equal(atomic_load_explicit(&hooks.started, memory_order_relaxed), 3);
    /* relaxed: as above. */
    assert_int_equal(atomic_load_explicit(&hooks.stopped, memory_order_relaxed), 3);
}

static void counters_add_up(void **state)
{
    enum { JOBS = 200 };
    static struct work work[JOBS];
    struct mag_sched *sched = test_sched_start(2);
    struct mag_sched_counters counters;
    _Atomic(uint64_t) done;
    uint64_t jobs = 0;
    uint64_t posts = 0;
    (void)state;

    atomic_init(&done, 0);
    for (unsigned i = 0; i < JOBS; i++) {
        work[i] = (struct work){.job = {.run = count},
                                .done = &done,
                                .sched = sched,
                                .then = i + 1 < JOBS ? &work[i + 1] : NULL};
    }
    assert_int_equal(mag_sched_post(sched, &work[0].job), 0);
    assert_true(test_wait_for(&done, JOBS));
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(mag_sched_counters(sched, i, &counters), 0);
        jobs += counters.jobs;
        posts += counters.posts;
        assert_true(counters.wakes <= counters.parks);
    }
    assert_int_equal(jobs, JOBS);
    assert_int_equal(posts, JOBS - 1);
    assert_int_equal(mag_sched_counters(sched, MAG_SCHED_WORKERS_MAX, &counters),
                     -EINVAL);
    mag_sched_destroy(sched);
}

static void two_schedulers_live_side_by_side(void **state)
{
    _Atomic(uint64_t) done;
    struct mag_sched *first = test_sched_start(1);
    struct mag_sched *second = test_sched_start(2);
    struct work there = {.job = {.run = count}, .done = &done};
    struct work here = {
        .job = {.run = count}, .done = &done, .sched = second, .then = &there};
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_sched_post(first, &here.job), 0);
    assert_true(test_wait_for(&done, 2));
    assert_int_equal(here.posted, 0);
    mag_sched_destroy(first);
    mag_sched_destroy(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_configurations_are_refused_and_leave_nothing),
        cmocka_unit_test(a_shorter_configuration_keeps_the_defaults_it_does_not_know),
        cmocka_unit_test(a_longer_configuration_is_accepted_if_the_rest_is_zero),
        cmocka_unit_test(every_posted_job_runs_once),
        cmocka_unit_test(a_job_posted_to_a_worker_runs_there),
        cmocka_unit_test(a_job_posted_to_a_node_runs),
        cmocka_unit_test(a_job_behind_a_long_one_is_run_by_another_worker),
        cmocka_unit_test(a_job_that_posts_itself_yields_to_those_that_wait),
        cmocka_unit_test(draining_runs_what_was_posted_and_what_it_posts),
        cmocka_unit_test(canceling_hands_back_what_has_not_begun),
        cmocka_unit_test(a_stop_that_runs_out_of_time_can_be_called_again),
        cmocka_unit_test(a_worker_cannot_stop_its_own_scheduler),
        cmocka_unit_test(hooks_run_once_on_every_worker_with_its_own_storage),
        cmocka_unit_test(counters_add_up),
        cmocka_unit_test(two_schedulers_live_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
