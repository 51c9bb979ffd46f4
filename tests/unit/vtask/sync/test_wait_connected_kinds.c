/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <magpie/magpie.h>

#include <string.h>

/*
 * Locks for readers and writers, events, latches and rendezvous in their connected form,
 * beside waits for a task.  All on the test's own thread: an executor keeps the jobs.
 */

enum { CALLS = 12 };

/* ------------------------------------------------------------------------- the desk */

static struct mag_job *kept[CALLS];
static int kept_count;

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    assert_true(kept_count < CALLS);
    kept[kept_count++] = job;
    return 0;
}

static struct mag_executor desk = {keep};
static struct mag_executor *outside;
static int passed[CALLS], passed_count;

static int begin(void **state)
{
    (void)state;
    outside = mag_executor_enter(&desk);
    kept_count = passed_count = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)mag_executor_enter(outside);
    return 0;
}

/* Runs what was kept, and what that keeps. */
static void run_kept(void)
{
    for (int i = 0; i < kept_count; i++)
        kept[i]->run(kept[i]);
    kept_count = 0;
}

static void note(int number)
{
    passed[passed_count++] = number;
}

/* Those with the numbers from `from` on have passed, in this order. */
static void assert_passed(int from, int count)
{
    run_kept();
    assert_int_equal(passed_count, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(passed[i], from + i);
    passed_count = 0;
}

static void assert_over(const mag_task *calls, int count, int code)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(mag_task_get(calls[i]), code);
}

/* Defines who waits by `name` on `object`: in the connected form; by a task; and, by its
 * number, in one of both forms. */
#define WAITS(waits, type, name)                                                      \
    MAG_ASYNC(mag_task, waits##_connected,                                            \
              (int, number, struct type *, object, struct mag_cancel *, cancel),      \
              struct mag_wait_state wait;)                                            \
    {                                                                                 \
        MAG_BEGIN(f);                                                                 \
        MAG_CONNECT_DONE(f, name, &f->wait, f->object, f->cancel);                    \
        note(f->number);                                                              \
        return mag_task_done();                                                       \
        MAG_END(f);                                                                   \
    }                                                                                 \
    MAG_ASYNC(mag_task, waits##_by_a_task,                                            \
              (int, number, struct type *, object, struct mag_cancel *, cancel), )    \
    {                                                                                 \
        MAG_BEGIN(f);                                                                 \
        MAG_AWAIT_DONE(f, name(f->object, f->cancel));                                \
        note(f->number);                                                              \
        return mag_task_done();                                                       \
        MAG_END(f);                                                                   \
    }                                                                                 \
    static mag_task waits(int number, struct type *object, struct mag_cancel *cancel) \
    {                                                                                 \
        return number % 2 == 0 ? waits##_connected(number, object, cancel)            \
                               : waits##_by_a_task(number, object, cancel);           \
    }

WAITS(reads, mag_rwlock, mag_rwlock_read_lock)
WAITS(writes, mag_rwlock, mag_rwlock_write_lock)
WAITS(passes, mag_event, mag_event_wait)
WAITS(descends, mag_latch, mag_latch_wait)

/* ---------------------------------------------------------------- readers, writers */

static void readers_and_writers_of_both_forms_have_the_lock_in_turn(void **state)
{
    enum { READERS = 4, WRITER = READERS, LATER = CALLS - READERS - 1 };
    struct mag_rwlock lock = MAG_RWLOCK_INIT;
    mag_task calls[CALLS];
    (void)state;

    assert_true(mag_rwlock_try_write_lock(&lock));
    for (int i = 0; i < CALLS; i++)
        calls[i] = i == WRITER ? writes(i, &lock, NULL) : reads(i, &lock, NULL);
    assert_passed(0, 0);
    assert_int_equal(mag_rwlock_write_unlock(&lock), 0);
    assert_passed(0, READERS);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(mag_rwlock_read_unlock(&lock), 0);
    assert_passed(WRITER, 1);
    assert_int_equal(mag_rwlock_write_unlock(&lock), 0);
    assert_passed(WRITER + 1, LATER);
    for (int i = 0; i < LATER; i++)
        assert_int_equal(mag_rwlock_read_unlock(&lock), 0);
    assert_over(calls, CALLS, 0);
    assert_true(mag_rwlock_try_write_lock(&lock));
}

static void readers_behind_a_writer_that_is_canceled_have_the_lock_at_once(void **state)
{
    struct mag_rwlock lock = MAG_RWLOCK_INIT;
    (void)state;

    for (int first = 0; first < 2; first++) {
        struct mag_cancel cancel = {0};
        mag_task calls[CALLS];

        assert_true(mag_rwlock_try_read_lock(&lock));
        mag_task writer = writes(first, &lock, &cancel);
        for (int i = 0; i < 4; i++)
            calls[i] = reads(i, &lock, NULL);
        assert_passed(0, 0);
        assert_true(mag_cancel_fire(&cancel));
        assert_passed(0, 4);
        assert_over(&writer, 1, -ECANCELED);
        assert_over(calls, 4, 0);
        for (int i = 0; i < 5; i++)
            assert_int_equal(mag_rwlock_read_unlock(&lock), 0);
    }
}

/* --------------------------------------------------------------------------- events */

static void a_manual_event_lets_all_of_both_forms_pass(void **state)
{
    struct mag_event event = MAG_EVENT_INIT(false);
    mag_task calls[CALLS];
    (void)state;

    for (int i = 0; i < CALLS; i++)
        calls[i] = passes(i, &event, NULL);
    assert_passed(0, 0);
    mag_event_set(&event);
    assert_passed(0, CALLS);
    assert_over(calls, CALLS, 0);
    for (int i = 0; i < 2; i++)
        calls[i] = passes(i, &event, NULL);
    assert_passed(0, 2);
    assert_over(calls, 2, 0);
}

static void an_automatic_event_lets_one_of_both_forms_pass(void **state)
{
    struct mag_event event = MAG_EVENT_AUTOMATIC_INIT(false);
    mag_task calls[CALLS];
    (void)state;

    for (int i = 0; i < CALLS; i++)
        calls[i] = passes(i, &event, NULL);
    for (int i = 0; i < CALLS; i++) {
        mag_event_set(&event);
        assert_passed(i, 1);
    }
    assert_over(calls, CALLS, 0);
    mag_event_set(&event);
    calls[0] = passes(0, &event, NULL);
    assert_passed(0, 1);
    assert_over(calls, 1, 0);
    assert_false(mag_event_try_wait(&event));
}

static void a_canceled_wait_for_an_event_or_a_latch_fails(void **state)
{
    struct mag_event event = MAG_EVENT_INIT(false);
    struct mag_latch latch = MAG_LATCH_INIT(1);
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct mag_cancel cancel = {0};
        mag_task calls[2] = {passes(i, &event, &cancel), descends(i, &latch, &cancel)};

        assert_true(mag_cancel_fire(&cancel));
        assert_passed(0, 0);
        assert_over(calls, 2, -ECANCELED);
    }
}

/* ------------------------------------------------------------- latches and rendezvous */

static void a_latch_lets_all_of_both_forms_pass_at_zero(void **state)
{
    struct mag_latch latch = MAG_LATCH_INIT(2);
    mag_task calls[CALLS];
    (void)state;

    for (int i = 0; i < CALLS; i++)
        calls[i] = descends(i, &latch, NULL);
    assert_int_equal(mag_latch_count_down(&latch, 1), 0);
    assert_passed(0, 0);
    assert_int_equal(mag_latch_count_down(&latch, 1), 0);
    assert_passed(0, CALLS);
    assert_over(calls, CALLS, 0);
    calls[0] = descends(0, &latch, NULL);
    assert_passed(0, 1);
    assert_over(calls, 1, 0);
}

MAG_ASYNC(mag_task, arrives, (int, number, struct mag_rendezvous *, steps, int, phases),
          struct mag_wait_state wait;)
{
    MAG_BEGIN(f);
    for (; f->phases > 0; f->phases--) {
        if (f->number % 2 == 0)
            MAG_CONNECT_DONE(f, mag_rendezvous_arrive, &f->wait, f->steps);
        else
            MAG_AWAIT_DONE(f, mag_rendezvous_arrive(f->steps));
        note(f->number);
    }
    return mag_task_done();
    MAG_END(f);
}

static void members_of_a_rendezvous_arrive_in_both_forms(void **state)
{
    enum { MEMBERS = 3, PHASES = 2 };
    struct mag_rendezvous steps = MAG_RENDEZVOUS_INIT(MEMBERS);
    mag_task calls[MEMBERS];
    (void)state;

    for (int first = 0; first < 2; first++) {
        calls[0] = arrives(first, &steps, PHASES);
        calls[1] = arrives(first + 1, &steps, PHASES);
        assert_passed(0, 0);
        /* The last one goes on at once, and waits in the next phase. */
        calls[2] = arrives(first + 2, &steps, PHASES);
        assert_int_equal(passed_count, 1);
        assert_int_equal(passed[0], first + 2);
        run_kept();
        assert_over(calls, MEMBERS, 0);
        assert_int_equal(passed_count, MEMBERS * PHASES);
        passed_count = 0;
    }
}

static void who_waits_goes_on_when_the_last_other_member_leaves(void **state)
{
    struct mag_rendezvous steps = MAG_RENDEZVOUS_INIT(2);
    mag_task call = arrives(0, &steps, 1);
    (void)state;

    assert_passed(0, 0);
    assert_int_equal(mag_rendezvous_leave(&steps), 0);
    assert_passed(0, 1);
    assert_over(&call, 1, 0);
    assert_int_equal(mag_rendezvous_leave(&steps), 0);
    call = arrives(0, &steps, 1);
    assert_over(&call, 1, MAG_E_RELEASE);
}

/* --------------------------------------------------------------------------- memory */

struct hearer {
    struct mag_waiter waiter; /* first */
    struct mag_wait_state wait;
    bool heard;
};

static void hear(struct mag_job *job)
{
    ((struct hearer *)(void *)job)->heard = true;
}

enum { READ, WRITE, WAIT, LATCH, ARRIVE, KINDS };

static mag_task wait_by_hand(struct hearer *hearer, int kind)
{
    static struct mag_rwlock lock = MAG_RWLOCK_INIT;
    static struct mag_event event = MAG_EVENT_AUTOMATIC_INIT(true);
    static struct mag_latch latch = MAG_LATCH_INIT(0);
    static struct mag_rendezvous steps = MAG_RENDEZVOUS_INIT(1);
    struct mag_waiter *waiter = &hearer->waiter;

    memset((void *)hearer, 0xff, sizeof(*hearer));
    hearer->heard = false;
    waiter->continuation.job.run = hear;
    mag_waiter_arm(waiter);
    switch (kind) {
    case READ:
        return mag_rwlock_read_lock_begin(waiter, &hearer->wait, &lock, NULL);
    case WRITE:
        return mag_rwlock_write_lock_begin(waiter, &hearer->wait, &lock, NULL);
    case WAIT:
        return mag_event_wait_begin(waiter, &hearer->wait, &event, NULL);
    case LATCH:
        return mag_latch_wait_begin(waiter, &hearer->wait, &latch, NULL);
    default:
        return mag_rendezvous_arrive_begin(waiter, &hearer->wait, &steps);
    }
}

static void what_may_pass_is_answered_at_once_and_allocates_nothing(void **state)
{
    static struct hearer hearers[KINDS + 1]; /* the last one's wait never ends */
    uint64_t before = test_allocations();
    (void)state;

    for (int kind = 0; kind < KINDS; kind++) {
        mag_task task = wait_by_hand(&hearers[kind], kind);

        /* The reader has the lock, so the writer waits. */
        assert_int_equal(mag_vtask_is_started(task.task), kind == WRITE);
        if (kind != WRITE)
            assert_int_equal(mag_task_get(task), 0);
    }
    assert_true(mag_vtask_is_started(wait_by_hand(&hearers[KINDS], WAIT).task));
    assert_int_equal(test_allocations(), before);
    run_kept();
    for (int kind = 0; kind < KINDS; kind++)
        assert_false(hearers[kind].heard);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers_and_writers_of_both_forms_have_the_lock_in_turn),
        TEST(readers_behind_a_writer_that_is_canceled_have_the_lock_at_once),
        TEST(a_manual_event_lets_all_of_both_forms_pass),
        TEST(an_automatic_event_lets_one_of_both_forms_pass),
        TEST(a_canceled_wait_for_an_event_or_a_latch_fails),
        TEST(a_latch_lets_all_of_both_forms_pass_at_zero),
        TEST(members_of_a_rendezvous_arrive_in_both_forms),
        TEST(who_waits_goes_on_when_the_last_other_member_leaves),
        TEST(what_may_pass_is_answered_at_once_and_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
