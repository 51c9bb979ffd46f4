/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/misuse.h"
#include "tests/support/vtask/mixed.h"

#include <inttypes.h>

/*
 * Random calls with tasks of every kind that are right, stale, copied, or mixed from the
 * words of other tasks: results, errors, pooled operations, a source with functions of
 * its own, live promises and released ones, async functions, all and any of several
 * tasks, tasks with a time limit, and what says that a connected operation has begun.  No
 * call crashes or waits.  Each call answers as the status says that it must, and a result
 * is that of the operation that the task names.  A continuation that was accepted runs
 * once, and in the end every object is back in its pool.
 *
 * Not tried, because it is not specified:
 *   - A word that was never handed out with an object, while the object lies in its pool.
 *     The word may be the token of the memory's next object; only a task that was handed
 *     out is MAG_E_TOKEN for ever.  So the address of a promise is tried with any other
 *     word while the promise lives, and with its old words afterwards.
 *   - Giving back another owner's reference.
 */
/* How many calls warm up: until every pool has been used and each path taken. */
enum { GROUPS = 6, CALLS = 4, WARM_UP = 200000 };

MAG_VTASK_DEFINE(word_task, uint64_t)

/* ------------------------------------------------------------------ async functions */

MAG_ASYNC(word_task, hands_on, (mag_vtask, task), uint64_t word;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->word, word_task_of(f->task));
    return word_task_result(f->word);
    MAG_END(f);
}

/* Has a frame of another size; ignores the outcome of the first task. */
MAG_ASYNC(word_task, hands_on_the_second, (mag_vtask, first, mag_vtask, second),
          uint64_t word;
          int error; uint64_t room[8];)
{
    MAG_BEGIN(f);
    MAG_TRY_DONE(f, f->error, word_task_of(f->first));
    MAG_AWAIT(f, f->word, word_task_of(f->second));
    f->room[0] = f->word;
    return word_task_result(f->room[0]);
    MAG_END(f);
}

struct group {
    mag_vtask members[MEMBERS];
    struct meaning meanings[MEMBERS];
    unsigned count;
    mag_vtask made;
    bool all; /* completes when all members have */
};

static mag_vtask calls[CALLS];
static struct group groups[GROUPS];

static mag_vtask fresh_task(void)
{
    mag_vtask task = leaves[below(LEAVES)].task;

    switch (below(9)) {
    case 0:
        task = mag_vtask_result(test_random(&random_state));
        break;
    case 1:
        assert_int_equal(mag_vtask_from_error(-EIO, below(100), &task), 0);
        break;
    case 2:
        task = held_count != 0 ? held[below(held_count)] : task;
        break;
    case 3:
        task = calls[below(CALLS)];
        break;
    case 4:
        task = groups[below(GROUPS)].made;
        break;
    case 5:
        task = MAG_STARTED;
        break;
    default:
        break;
    }
    return task;
}

/* A task for a call that may also look at it later; often a task that is not used yet. */
static mag_vtask any_task(void)
{
    mag_vtask task = tasks[below(TASKS)];

    if (below(3) != 0)
        task = fresh_task();
    return is_old(task) ? task : (mag_vtask){0, 0};
}

static void begin_call(mag_vtask *call)
{
    mag_vtask first = any_task(), second = any_task();
    struct meaning meaning = meaning_of(second);

    if (mag_vtask_status(*call) == MAG_PENDING)
        return;
    (void)mag_vtask_get(*call, NULL);
    *call =
        below(2) == 0 ? hands_on(second).task : hands_on_the_second(first, second).task;
    if (stands_alone(*call))
        check_outcome(meaning, *call);
    note(*call, meaning);
}

/* ------------------------------------------------------- all, any, with a time limit */

static struct mag_sched *sched;
static uint64_t pending_groups[3]; /* that waited: for all, for any, with a limit */

static void group_end(struct group *group)
{
    (void)mag_vtask_get(group->made, NULL);
    group->made = (mag_vtask){0, 0};
    for (unsigned i = 0; group->all && i < group->count; i++) {
        mag_vtask member = group->members[i];

        assert_true(stands_alone(member) || kind_of(member) == MAG_VTASK_PROMISE);
        if (stands_alone(member))
            check_outcome(group->meanings[i], member);
    }
    group->all = false;
}

static void make_all(struct group *group)
{
    assert_int_equal(mag_when_all(group->members, group->count, &group->made), 0);
    group->all = true;
    note(group->made, (struct meaning){COUNT, group->count});
}

static void keep_members(const struct group *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        if (kind_of(group->members[i]) == MAG_VTASK_PROMISE)
            record_of(group->members[i])->kept = true;
    }
}

static void look_at_members(const struct group *group, const mag_vtask *before)
{
    for (unsigned i = 0; i < group->count; i++)
        look_whether_preserved(group->members[i], before[i], group->meanings[i]);
}

static void make_any(struct group *group)
{
    mag_vtask before[MEMBERS];
    bool stale = false;

    memcpy(before, group->members, sizeof(before));
    for (unsigned i = 0; i < group->count; i++)
        stale = stale || status_of(before[i]) == MAG_E_TOKEN;
    keep_members(group);
    int r = mag_when_any(group->members, group->count, &group->made);
    assert_true(r == (stale ? MAG_E_TOKEN : 0) || (!stale && r == MAG_E_CONTINUATION));
    look_at_members(group, before);
    if (r == 0)
        note(group->made, (struct meaning){INDEX, group->count});
    else
        group->made = (mag_vtask){0, 0};
}

/* The time limit never ends: the operation wins. */
static void make_timed(struct group *group)
{
    mag_vtask before = group->members[0];
    int status = status_of(before);
    int64_t hour = INT64_C(3600000000000);

    keep_members(group);
    int r = mag_vtask_with_timeout(sched, group->members, hour, &group->made);
    if (status == MAG_E_TOKEN)
        assert_int_equal(r, MAG_E_TOKEN);
    else
        assert_true(r == 0 || (r == MAG_E_CONTINUATION && status == MAG_PENDING));
    look_whether_preserved(group->members[0], before, group->meanings[0]);
    /* A completed task is handed on, and then belongs to the group. */
    if (r == 0 && status == MAG_PENDING)
        note(group->made, group->meanings[0]);
    else
        group->made = (mag_vtask){0, 0};
}

static void group_begin(struct group *group)
{
    if (mag_vtask_status(group->made) == MAG_PENDING)
        return;
    group_end(group);
    group->count = 1 + below(MEMBERS);
    for (unsigned i = 0; i < group->count; i++) {
        group->members[i] = any_task();
        group->meanings[i] = meaning_of(group->members[i]);
    }
    unsigned kind = below(3);
    switch (kind) {
    case 0:
        make_all(group);
        break;
    case 1:
        make_any(group);
        break;
    default:
        make_timed(group);
        break;
    }
    pending_groups[kind] += mag_vtask_status(group->made) == MAG_PENDING;
}

/* ------------------------------------------------------------------------ the calls */

static bool is_claim(mag_vtask task)
{
    return !stands_alone(task) && kind_of(task) != MAG_VTASK_PROMISE;
}

static void check_status(mag_vtask task)
{
    int status = status_of(task);
    bool is[4] = {false};
    int r[4] = {mag_vtask_is_completed(task, &is[0]),
                mag_vtask_is_succeeded(task, &is[1]), mag_vtask_is_faulted(task, &is[2]),
                mag_vtask_is_canceled(task, &is[3])};

    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(r[i], status < 0 ? status : 0);
    assert_int_equal(is[0], status > MAG_PENDING);
    assert_int_equal(is[1], status == MAG_SUCCEEDED);
    assert_int_equal(is[2], status == MAG_FAULTED);
    assert_false(is[3]);
}

static void check_take(mag_vtask task)
{
    int status = status_of(task);
    struct meaning meaning = meaning_of(task);
    uint64_t result = 1, detail = 2;
    int r = mag_vtask_get_value(task, &result, sizeof(result), &detail);

    if (status == MAG_SUCCEEDED) {
        assert_int_equal(r, 0);
        check_word(meaning, result);
    } else if (status == MAG_FAULTED) {
        /* A function may have ended with a misuse code. */
        assert_true(r == -EIO || is_misuse(r));
        if (r == -EIO)
            check_detail(meaning, detail);
    } else {
        assert_int_equal(r, status == MAG_PENDING ? MAG_E_PENDING : MAG_E_TOKEN);
    }
    if (r != 0)
        assert_int_equal(result, 1);
    if (r == 0 || status < 0 || status == MAG_PENDING)
        assert_int_equal(detail, 2);
    if (status > MAG_PENDING && is_claim(task))
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
}

/* Checks what a call that consumes the task may return. */
static void check_consumption(mag_vtask task, int status, int r)
{
    if (status == MAG_E_TOKEN)
        assert_int_equal(r, MAG_E_TOKEN);
    else if (status == MAG_PENDING)
        assert_true(r == 0 || (r == MAG_E_CONTINUATION && is_claim(task)));
    else
        assert_int_equal(r, 0);
}

static void check_register(mag_vtask task)
{
    struct waiter *waiter = &waiters[below(WAITERS)];
    int status = status_of(task);

    if (waiter->waits)
        return;
    waiter->continuation.job.run = waiter_run;
    waiter->waits = true;
    /* Also if the task is configured to resume anywhere: no other thread takes part. */
    mag_continuation_home(&waiter->continuation, &shelf);
    int r = mag_vtask_on_completed(task, &waiter->continuation, MAG_AWAIT_HOME);
    if (status == MAG_E_TOKEN)
        assert_int_equal(r, MAG_E_TOKEN);
    else
        assert_true(r == 0 || (r == MAG_E_CONTINUATION && is_claim(task)));
    assert_int_equal(mag_vtask_status(task), status);
    waiter->waits = r == 0;
}

static void check_conversion(mag_vtask task)
{
    int status = status_of(task);
    struct meaning meaning = meaning_of(task);
    struct mag_promise *promise = NULL;
    mag_vtask made = {0, 0};
    bool preserves = below(2) == 0;
    int r = preserves ? mag_vtask_preserve(task, &made)
                      : mag_vtask_as_promise(task, &promise);

    check_consumption(task, status, r);
    if (r != 0)
        return;
    if (!preserves)
        made = mag_promise_task(promise);
    assert_int_equal(mag_vtask_status(made), status);
    if (!is_claim(task) && (preserves || kind_of(task) == MAG_VTASK_PROMISE))
        assert_true(mag_vtask_equal(made, task));
    if (is_claim(task) && status != MAG_PENDING)
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    if (kind_of(made) == MAG_VTASK_PROMISE)
        hold(made, meaning);
}

static void check_release(mag_vtask task)
{
    if (kind_of(task) != MAG_VTASK_PROMISE || (task.backing & MAG_VTASK_HELD) == 0) {
        int status = status_of(task);
        assert_int_equal(mag_vtask_release(task), 0);
        assert_int_equal(status_of(task), status);
    } else if (status_of(task) == MAG_E_TOKEN) {
        assert_int_equal(mag_vtask_release(task), MAG_E_TOKEN);
    } else if (held_at(task) < held_count) {
        let_go(held_at(task));
    }
}

static void check_discard(mag_vtask task)
{
    int status = status_of(task);

    check_consumption(task, status, mag_vtask_discard(task));
    assert_int_equal(mag_vtask_status(task),
                     is_claim(task) && status != MAG_PENDING ? MAG_E_TOKEN : status);
}

static void check_wait(mag_vtask task)
{
    int status = status_of(task);
    struct meaning meaning = meaning_of(task);
    mag_vtask waited = task;
    int r = mag_vtask_wait_completed(&waited, 0, 0);

    if (status == MAG_PENDING)
        assert_true(r == -ETIMEDOUT || (r == MAG_E_CONTINUATION && is_claim(task)));
    else
        assert_int_equal(r, status < 0 ? status : 0);
    look_whether_preserved(waited, task, meaning);
}

static void (*const checks[])(mag_vtask) = {
    check_status,  check_take,    check_register, check_conversion,
    check_release, check_discard, check_wait,
};

enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

static void renew(struct leaf *leaf)
{
    if (!leaf_may_end(leaf))
        return;
    leaf_end(leaf);
    leaf_begin(leaf);
}

static void one_call(void)
{
    mag_vtask *task = &tasks[below(TASKS)];
    unsigned what = below(32);

    if (what < 13 && may_be_tried(*task))
        checks[what % CHECKS](*task);
    else if (what < 18)
        *task = fresh_task();
    else if (what == 18)
        *task = tasks[below(TASKS)];
    else if (what < 21)
        mix_task(task, tasks[below(TASKS)], &random_state);
    else if (what < 23)
        leaf_complete(&leaves[below(LEAVES)]);
    else if (what < 26)
        renew(&leaves[below(LEAVES)]);
    else if (what < 28)
        begin_call(&calls[below(CALLS)]);
    else if (what < 31)
        group_begin(&groups[below(GROUPS)]);
    else
        run_posted();
}

/* ---------------------------------------------------------------------------- the end */

/* Completes every operation that is awaited. */
static void complete_everything(void)
{
    for (unsigned i = 0; i < LEAVES; i++) {
        if (leaves[i].pending)
            leaf_complete(&leaves[i]);
    }
    run_posted();
    for (unsigned i = 0; i < GROUPS; i++) {
        assert_int_not_equal(mag_vtask_status(groups[i].made), MAG_PENDING);
        group_end(&groups[i]);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_not_equal(mag_vtask_status(calls[i]), MAG_PENDING);
        (void)mag_vtask_get(calls[i], NULL);
    }
    for (unsigned i = 0; i < LEAVES; i++)
        leaf_end(&leaves[i]);
    while (held_count != 0)
        let_go(0);
    run_posted();
}

static void assert_nothing_is_left(void)
{
    /* Objects that complete by themselves and never end. */
    struct mag_promise *completed = NULL;

    assert_int_equal(mag_vtask_as_promise(MAG_VTASK_COMPLETED, &completed), 0);
    mag_vtask task = mag_promise_task(completed);
    for (unsigned i = 0; i < WAITERS; i++)
        assert_false(waiters[i].waits);
    for (unsigned i = 0; i < RECORDS; i++) {
        mag_vtask last = {records[i].backing, records[i].last};

        if (last.backing != 0 && !mag_vtask_equal(last, task))
            assert_int_equal(mag_vtask_status(last), MAG_E_TOKEN);
    }
}

/* VT-13, VT-72, VT-80, VT-168, VT-190, VT-203, VT-204 */
static void no_call_with_a_task_of_any_kind_does_harm(void **state)
{
    uint32_t rounds = test_rounds(3000000);
    struct mag_executor *before = mag_executor_enter(&shelf);
    (void)state;

    sched = test_sched_start(1);
    random_state = test_seed();
    for (unsigned i = 0; i < LEAVES; i++)
        leaf_begin(&leaves[i]);
    for (uint32_t i = 0; i < WARM_UP; i++)
        one_call();
    uint64_t allocations = test_allocations();
    for (uint32_t i = 0; test_goes_on(i, rounds); i++)
        one_call();
    complete_everything();
    assert_int_equal(test_allocations(), allocations);
    assert_nothing_is_left();
    print_message("groups that waited: %" PRIu64 " for all, %" PRIu64 " for any, %" PRIu64
                  " against the clock\n",
                  pending_groups[0], pending_groups[1], pending_groups[2]);
    mag_sched_destroy(sched);
    (void)mag_executor_enter(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_with_a_task_of_any_kind_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
