/*
 * White-box: a worker that was woken and has stolen a child wakes others beside it.  The
 * test finds work for the worker, and wakes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/fake.h"
#include "tests/support/sched/stacks.h"

#include "sched/worker/park.h"
#include "sched/worker/search.h"
#include "sched/worker/wake.h"

static bool find(struct mag_worker *worker, bool late, struct mag_work *ret_work);
static bool wake_at_once(struct mag_sleeper *sleeper, int64_t timeout_ns);

#define mag_worker_search find
#define mag_sleeper_sleep wake_at_once
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/worker/park.c"
#undef mag_worker_search
#undef mag_sleeper_sleep

enum { THIEF, FIRST, OTHER_CACHE = 4 };

static struct mag_fork_stack *stack; /* of all workers */
static struct mag_job job;

static struct {
    unsigned vain;  /* searches that find nothing */
    bool job;       /* what the next one finds is no child */
    unsigned after; /* children that the victim still has */
} work;

static void child(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
}

/* The body of the child that a thief would take next. */
static void set_waiting(bool waits)
{
    /* relaxed: there is one thread. */
    atomic_store_explicit(&stack->slots[0].body, waits ? child : NULL,
                          memory_order_relaxed);
}

static bool find(struct mag_worker *worker, bool late, struct mag_work *ret_work)
{
    (void)worker;
    (void)late;
    if (work.vain != 0) {
        work.vain--;
        return false;
    }
    set_waiting(work.after != 0);
    ret_work->job = work.job ? &job : NULL;
    ret_work->child.slot = &stack->slots[1];
    return true;
}

static bool wake_at_once(struct mag_sleeper *sleeper, int64_t timeout_ns)
{
    (void)sleeper;
    (void)timeout_ns;
    mag_sched_wake_worker(&fake.sched, THIEF);
    return true;
}

static int begin(void **state)
{
    (void)state;
    fake_begin(FAKE_WORKERS);
    assert_int_equal(stacks_map(&stack, 1, MAG_SCHED_FORK_STACK_MIN), 0);
    stacks_init(&stack, 1, 3);
    for (uint32_t i = 0; i < FAKE_WORKERS; i++) {
        fake.workers[i].forks = stack;
        fake.flat.spots[i].cache = i < OTHER_CACHE
                                       ? (struct mag_span){0, OTHER_CACHE}
                                       : (struct mag_span){OTHER_CACHE, FAKE_WORKERS};
    }
    memset(&work, 0, sizeof(work));
    return 0;
}

static int end(void **state)
{
    (void)state;
    stacks_unmap(&stack, 1);
    return 0;
}

static void put_to_sleep(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        fake_park(i);
}

/* How many others are awake in addition, once the thief has found work. */
static uint32_t woken(void)
{
    uint32_t before = mag_idle_parked(mag_idle_read(&fake.sched.idle));
    struct mag_work found = {.job = NULL};

    assert_true(mag_worker_idle(&fake.workers[THIEF], &found));
    return before - mag_idle_parked(mag_idle_read(&fake.sched.idle));
}

static void a_woken_thief_wakes_two_if_its_victim_has_more(void **state)
{
    (void)state;
    work.vain = 2;
    work.after = 1;
    put_to_sleep(FIRST, 3);
    assert_int_equal(woken(), 2);
}

static void a_thief_that_did_not_sleep_wakes_nobody(void **state)
{
    (void)state;
    work.after = 1;
    put_to_sleep(FIRST, 3);
    /* Another worker searches, so nobody needs to be woken for any other reason. */
    assert_true(mag_idle_try_search(&fake.sched.idle));
    assert_int_equal(woken(), 0);
}

static void a_woken_thief_that_took_the_last_child_wakes_nobody(void **state)
{
    (void)state;
    work.vain = 2;
    put_to_sleep(FIRST, 3);
    assert_true(mag_idle_try_search(&fake.sched.idle));
    assert_int_equal(woken(), 0);
}

static void a_woken_worker_that_found_a_job_wakes_nobody(void **state)
{
    (void)state;
    work.vain = 2;
    work.after = 1;
    work.job = true;
    put_to_sleep(FIRST, 3);
    assert_true(mag_idle_try_search(&fake.sched.idle));
    assert_int_equal(woken(), 0);
}

static void workers_of_another_cache_sleep_on(void **state)
{
    (void)state;
    put_to_sleep(FIRST, 1);
    put_to_sleep(OTHER_CACHE, 2);
    mag_sched_wake_beside(&fake.sched, THIEF);
    assert_true(fake_is_woken(FIRST));
    assert_int_equal(mag_idle_parked(mag_idle_read(&fake.sched.idle)), 2);
}

static void nobody_is_woken_beside_many_searchers(void **state)
{
    (void)state;
    put_to_sleep(FIRST, 1);
    assert_true(mag_idle_try_search(&fake.sched.idle));
    assert_true(mag_idle_try_search(&fake.sched.idle));
    mag_sched_wake_beside(&fake.sched, THIEF);
    assert_false(fake_is_woken(FIRST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_woken_thief_wakes_two_if_its_victim_has_more,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_thief_that_did_not_sleep_wakes_nobody, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_woken_thief_that_took_the_last_child_wakes_nobody, begin, end),
        cmocka_unit_test_setup_teardown(a_woken_worker_that_found_a_job_wakes_nobody,
                                        begin, end),
        cmocka_unit_test_setup_teardown(workers_of_another_cache_sleep_on, begin, end),
        cmocka_unit_test_setup_teardown(nobody_is_woken_beside_many_searchers, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
