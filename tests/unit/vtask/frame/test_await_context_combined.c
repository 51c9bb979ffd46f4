/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/context.h"

#include <string.h>

/* Resuming at home after awaiting tasks that are combined, timed, canceled or forked. */

/* ---------------------------------------------------------------- tasks of many */

enum many { ALL, ANY, TIMEOUT, TIME_OVER, DELAY, FORWARDED, CANCELED, MANY };

static struct mag_core two[2];
static mag_vtask pair[2];
static struct mag_cancel cancel;

struct read {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
};
static struct mag_operation_type read_type =
    MAG_OPERATION_TYPE(struct read, MAG_CANCELABLE(registration));

/* Waits for the first task, then returns the second. */
MAG_ASYNC(long_task, forward, (mag_vtask, first, mag_vtask, second), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->first));
    return long_task_of(f->second);
    MAG_END(f);
}

static mag_vtask begin_read(void)
{
    void *object = NULL;
    int r = mag_operation_rent(&read_type, &object);

    if (r != 0)
        return mag_vtask_failed(r, 0);
    struct read *read = object;
    mag_vtask task = mag_operation_task(&read->operation);
    (void)mag_operation_share(&read->operation, &cancel);
    return task;
}

static mag_vtask begin_many(enum many many)
{
    mag_vtask task = mag_vtask_failed(-EIO, 0);
    int r = 0;

    memset(two, 0, sizeof(two));
    memset(&cancel, 0, sizeof(cancel));
    for (unsigned i = 0; i < 2; i++)
        pair[i] = mag_core_task(&two[i]);
    if (many == ALL)
        r = mag_when_all(pair, 2, &task);
    else if (many == ANY)
        r = mag_when_any(pair, 2, &task);
    else if (many == TIMEOUT)
        r = mag_vtask_with_timeout(other, &pair[0], INT64_C(1) << 50, &task);
    else if (many == TIME_OVER)
        r = mag_vtask_with_timeout(other, &pair[0], 1000, &task);
    else if (many == DELAY)
        r = mag_delay(other, 1000, &task);
    else if (many == FORWARDED)
        task = forward(pair[0], pair[1]).task;
    else
        task = begin_read();
    return r == 0 ? task : mag_vtask_failed(r, 0);
}

static int complete_many(enum many many)
{
    if (many == CANCELED)
        return mag_cancel_fire(&cancel) ? 0 : -EALREADY;
    for (unsigned i = 0; i < 2; i++) {
        int r = mag_core_set_result(&two[i], RESULT);
        if (r != 0)
            return r;
    }
    return 0;
}

MAG_ASYNC(long_task, await_many, (enum many, many), mag_vtask task; int error;)
{
    MAG_BEGIN(f);
    f->task = begin_many(f->many);
    MAG_TRY_DONE(f, f->error, mag_task_of(f->task));
    look_around();
    return long_task_result(f->error);
    MAG_END(f);
}

struct outing {
    struct probe job;
    enum many many;
    long_task task;
};

static void go_out(struct probe *probe)
{
    struct outing *outing = probe->arg;

    outing->task = await_many(outing->many);
}

/* VT-67 */
static void combined_timed_and_canceled_tasks_come_home_too(void **state)
{
    static const int errors[MANY] = {[TIME_OVER] = -ETIMEDOUT, [CANCELED] = -ECANCELED};
    (void)state;

    for (unsigned many = 0; many < MANY; many++) {
        struct outing outing = {.job = probe_make(), .many = (enum many)many};
        long result = 1;

        memset((void *)&seen, 0, sizeof(seen));
        outing.job.then = go_out;
        outing.job.arg = &outing;
        probe_run_as_job(home, &outing.job);
        if (many != TIME_OVER && many != DELAY)
            assert_int_equal(complete_many((enum many)many), 0);
        assert_int_equal(long_task_wait(outing.task, &result), 0);
        assert_int_equal(result, errors[many]);
        if (seen.sched != home)
            print_message("kind %u\n", many);
        assert_ptr_equal(seen.sched, home);
        if (many == TIME_OVER)
            assert_int_equal(complete_many(TIME_OVER), 0);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(mag_vtask_release(pair[i]), 0);
    }
}

/* -------------------------------------------------------------- forked children */

MAG_FORK_TASK(long_task, wander, struct mag_core *, core)

static long_task wander(mag_fork w, struct mag_core *core)
{
    (void)w;
    return long_task_of(mag_core_task(core));
}

MAG_ASYNC(long_task, await_child, (mag_vtask, child), long item;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, long_task_of(f->child));
    look_around();
    return long_task_result(f->item);
    MAG_END(f);
}

MAG_FORKABLE(int, fork_and_await, struct outing *, outing)

static int fork_and_await(mag_fork w, struct outing *outing)
{
    struct wander_child child = wander_fork(&w, &two[0]);
    long_task task = wander_task(&w, child);

    outing->task = await_child(task.task);
    return mag_vtask_status(task.task);
}

static void a_body_that_awaits_a_forked_child_comes_home(void **state)
{
    struct outing outing = {.job = probe_make()};
    long result = 0;
    int status = -1;
    (void)state;

    memset(two, 0, sizeof(two));
    memset((void *)&seen, 0, sizeof(seen));
    assert_int_equal(fork_and_await_run(home, &status, &outing), 0);
    assert_int_equal(status, MAG_PENDING);
    assert_int_equal(mag_core_set_result(&two[0], RESULT), 0);
    assert_int_equal(long_task_wait(outing.task, &result), 0);
    assert_int_equal(result, RESULT);
    assert_ptr_equal(seen.sched, home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combined_timed_and_canceled_tasks_come_home_too),
        cmocka_unit_test(a_body_that_awaits_a_forked_child_comes_home),
    };

    return cmocka_run_group_tests(tests, start_both, end_both);
}
