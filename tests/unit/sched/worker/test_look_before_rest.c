/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: what workers, posters and the clock look at before they rest. */
#include "tests/support/run.h"
#include "tests/support/sched/fake.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/worker/next.h"
#include "sched/worker/search.h"
#include "sched/worker/self.h"

static void count(struct mag_job *job)
{
    (void)job;
}

/* ------------------------------------------------------------------ staleness */

static void a_slot_is_not_stale_while_its_owner_runs_other_jobs(void **state)
{
    struct mag_job job = {.run = count};
    (void)state;

    fake_begin(2);
    assert_null(mag_hand_post(&fake.workers[1].hand, &job));
    assert_false(mag_worker_sees_stale(&fake.workers[0]));
    mag_count(&fake.workers[1].counts.jobs);
    assert_false(mag_worker_sees_stale(&fake.workers[0]));
    assert_true(mag_worker_sees_stale(&fake.workers[0]));
}

static void a_slot_with_another_job_is_not_stale(void **state)
{
    struct mag_job jobs[2] = {{.run = count}, {.run = count}};
    (void)state;

    fake_begin(2);
    assert_null(mag_hand_post(&fake.workers[1].hand, &jobs[0]));
    assert_false(mag_worker_sees_stale(&fake.workers[0]));
    assert_ptr_equal(mag_hand_post(&fake.workers[1].hand, &jobs[1]), &jobs[0]);
    assert_false(mag_worker_sees_stale(&fake.workers[0]));
}

/* -------------------------------------------------------------------- posting */

static void post_here(unsigned jobs)
{
    static struct mag_job job[3] = {{.run = count}, {.run = count}, {.run = count}};

    mag_self_become(&fake.workers[0]);
    for (unsigned i = 0; i < jobs; i++)
        assert_int_equal(mag_sched_post(&fake.sched, &job[i]), 0);
    mag_self_become(NULL);
}

/* The watcher would find the job too, but later, after its nap. */
static void a_job_beyond_the_lifo_slot_wakes_a_worker_at_once(void **state)
{
    (void)state;

    fake_begin(3);
    fake_park(1);
    fake_park(2);
    assert_true(fake.workers[1].watcher);
    post_here(1);
    assert_false(fake_is_woken(1) || fake_is_woken(2));
    post_here(2);
    assert_true(fake_is_woken(1) || fake_is_woken(2));
}

static void a_job_that_a_worker_keeps_is_watched(void **state)
{
    (void)state;

    fake_begin(2);
    fake_park(1);
    mag_idle_end_watch(&fake.sched.idle);
    post_here(1);
    assert_true(fake_is_woken(1));
}

/* ------------------------------------------------------------ the slot's turns */

enum place { NOWHERE, IN_RING, IN_INBOX, IN_QUEUE, PLACES };

static void put(struct mag_worker *worker, enum place place, struct mag_job *job)
{
    if (place == IN_RING)
        assert_true(mag_runq_push(&worker->ring, job));
    else if (place == IN_INBOX)
        mag_inject_push(&worker->inbox, job, job);
    else if (place == IN_QUEUE)
        mag_inject_push(&fake.queue, job, job);
}

static void a_job_that_waits_anywhere_comes_when_the_slot_has_used_its_turns(void **state)
{
    (void)state;

    for (enum place place = NOWHERE; place < PLACES; place++) {
        struct mag_job again = {.run = count}, other = {.run = count};
        struct mag_worker *worker = &fake.workers[0];

        fake_begin(1);
        for (int i = 0; i < MAG_SCHED_LIFO_RUNS; i++) {
            assert_null(mag_hand_post(&worker->hand, &again));
            assert_ptr_equal(mag_worker_next(worker), &again);
        }
        put(worker, place, &other);
        assert_null(mag_hand_post(&worker->hand, &again));
        if (place != NOWHERE)
            assert_ptr_equal(mag_worker_next(worker), &other);
        assert_ptr_equal(mag_worker_next(worker), &again);
        assert_null(mag_worker_next(worker));
    }
}

/* ---------------------------------------------------------- inbox and queue */

/* Posts itself for ever to where it came from, while another job waits elsewhere. */
struct greedy {
    struct mag_job job;
    struct mag_sched *sched;
    bool to_inbox;
    _Atomic(uint64_t) stop, over;
};

static int post_to(struct mag_sched *sched, struct mag_job *job, bool to_inbox)
{
    return to_inbox ? mag_sched_post_worker(sched, job, 0)
                    : mag_sched_post_node(sched, job, 0);
}

static void run_greedy(struct mag_job *job)
{
    struct greedy *greedy = (struct greedy *)(void *)job;

    /* acquire: names the other end. */
    if (atomic_load_explicit(&greedy->stop, memory_order_acquire) == 0 &&
        post_to(greedy->sched, job, greedy->to_inbox) == 0)
        return;
    /* release: the job belongs to the test again. */
    (void)atomic_fetch_add_explicit(&greedy->over, 1, memory_order_release);
}

static void neither_inbox_nor_queue_holds_up_the_other(void **state)
{
    (void)state;

    for (unsigned to_inbox = 0; to_inbox < 2; to_inbox++) {
        struct greedy greedy = {.job = {.run = run_greedy}, .to_inbox = to_inbox != 0};
        struct counted modest = counted_make();

        greedy.sched = test_sched_start(1);
        assert_int_equal(post_to(greedy.sched, &greedy.job, greedy.to_inbox), 0);
        assert_int_equal(post_to(greedy.sched, &modest.job, !greedy.to_inbox), 0);
        assert_true(test_wait_for(&modest.runs, 1));
        /* release: names the other end. */
        atomic_store_explicit(&greedy.stop, 1, memory_order_release);
        assert_true(test_wait_for(&greedy.over, 1));
        mag_sched_destroy(greedy.sched);
    }
}

/* ------------------------------------------------------------------- a pair */

/* The first of two jobs waits for the second. */
struct pair {
    struct counted second;
    struct mag_job first;
    _Atomic(uint64_t) over;
};

static void run_first(struct mag_job *job)
{
    struct pair *pair =
        (struct pair *)(void *)((char *)job - offsetof(struct pair, first));

    if (test_wait_for(&pair->second.runs, 1)) {
        /* release: the pair belongs to the test again. */
        (void)atomic_fetch_add_explicit(&pair->over, 1, memory_order_release);
    }
}

static void of_two_jobs_from_outside_the_first_may_wait_for_the_second(void **state)
{
    struct mag_sched *sched;
    (void)state;

    sched = test_sched_start(2);
    for (uint32_t round = 0; round < test_rounds(2000); round++) {
        struct pair pair = {.second = counted_make(), .first = {.run = run_first}};

        assert_int_equal(mag_sched_post(sched, &pair.first), 0);
        assert_int_equal(mag_sched_post(sched, &pair.second.job), 0);
        assert_true(test_wait_for(&pair.over, 1));
        if (round % 4 == 0)
            test_sleep_ms(1);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_is_not_stale_while_its_owner_runs_other_jobs),
        cmocka_unit_test(a_slot_with_another_job_is_not_stale),
        cmocka_unit_test(a_job_beyond_the_lifo_slot_wakes_a_worker_at_once),
        cmocka_unit_test(a_job_that_a_worker_keeps_is_watched),
        cmocka_unit_test(
            a_job_that_waits_anywhere_comes_when_the_slot_has_used_its_turns),
        cmocka_unit_test(neither_inbox_nor_queue_holds_up_the_other),
        cmocka_unit_test(of_two_jobs_from_outside_the_first_may_wait_for_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
