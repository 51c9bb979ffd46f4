/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

/* Async functions that await a mix of tasks of all kinds: complete and pending, with
 * results and errors. */

enum { STEPS_MAX = 10 };
enum kind { VALUE, CORE, POOLED, PROMISE, SOURCE, KINDS };

struct step {
    enum kind kind;
    bool slow;  /* completes only after it was awaited */
    bool fails; /* with -EIO; else succeeds with `result` */
    long result;
    mag_vtask task;
    struct mag_core core;
    struct mag_operation *pooled;
    struct mag_promise *promise;
    struct scripted scripted;
};

static struct step steps[STEPS_MAX];
static int count;

/* ------------------------------------------------------------------------- steps */

static int complete_core(struct mag_core *core, const struct step *step)
{
    return step->fails ? mag_core_set_error(core, -EIO, 0)
                       : mag_core_set_result(core, (uint64_t)step->result);
}

static void complete(struct step *step)
{
    int r = 0;

    if (step->kind == CORE) {
        r = complete_core(&step->core, step);
    } else if (step->kind == POOLED) {
        r = complete_core(&step->pooled->core, step);
    } else if (step->kind == PROMISE) {
        r = step->fails ? mag_promise_set_error(step->promise, -EIO, 0)
                        : mag_promise_set_result(step->promise, (uint64_t)step->result);
    } else {
        step->scripted.status = step->fails ? MAG_FAULTED : MAG_SUCCEEDED;
        step->scripted.error = step->fails ? -EIO : 0;
        step->scripted.result = (uint64_t)step->result;
        if (step->scripted.continuation != NULL)
            mag_continuation_dispatch(step->scripted.continuation, false);
    }
    assert_int_equal(r, 0);
}

static void begin(struct step *step)
{
    void *object = NULL;

    if (step->kind == VALUE) {
        step->task = step->fails ? mag_vtask_failed(-EIO, 0)
                                 : mag_vtask_result((uint64_t)step->result);
        return;
    }
    if (step->kind == CORE) {
        memset((void *)&step->core, 0, sizeof(step->core));
        step->task = mag_core_task(&step->core);
    } else if (step->kind == POOLED) {
        assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
        step->pooled = object;
        step->task = mag_operation_task(step->pooled);
    } else if (step->kind == PROMISE) {
        step->promise = promise_of(0);
        step->task = mag_promise_task(step->promise);
    } else {
        step->task = scripted_begin(&step->scripted, MAG_PENDING, 0, 0);
    }
    if (!step->slow)
        complete(step);
}

static void end(struct step *step)
{
    if (step->kind == PROMISE)
        mag_promise_release(step->promise);
}

/* The number of different steps there are. */
enum { CHOICES = KINDS * 4 };

static void choose(struct step *step, unsigned choice, long result)
{
    step->kind = (enum kind)(choice / 4);
    step->slow = step->kind != VALUE && (choice & 1) != 0;
    step->fails = (choice & 2) != 0;
    step->result = result;
}

/* --------------------------------------------------------------------- functions */

/* The step that the functions have reached. */
static int at;

static long_task step_task(int i)
{
    return long_task_of(steps[i].task);
}

/* Adds up the results, and a thousand for each error. */
MAG_ASYNC(long_task, collects, (void), int i; int error; long item; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < count; f->i++) {
        at = f->i;
        MAG_TRY(f, f->error, f->item, step_task(f->i));
        f->sum += f->error == 0 ? f->item : f->error == -EIO ? 1000 : 1000000;
    }
    at = count;
    return long_task_result(f->sum);
    MAG_END(f);
}

/* Ends at the first error. */
MAG_ASYNC(long_task, stops, (void), int i; long item; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < count; f->i++) {
        at = f->i;
        MAG_AWAIT(f, f->item, step_task(f->i));
        f->sum += f->item;
    }
    at = count;
    return long_task_result(f->sum);
    MAG_END(f);
}

/* The number of the first step that fails; `count` if no step fails. */
static int first_failure(void)
{
    int i = 0;

    while (i < count && !steps[i].fails)
        i++;
    return i;
}

/* The sum of the first `until` steps. */
static long sum_of(int until)
{
    long sum = 0;

    for (int i = 0; i < until; i++)
        sum += steps[i].fails ? 1000 : steps[i].result;
    return sum;
}

/* Completes the awaited operations until `until` steps are done, and checks their
 * order. */
static void drive(mag_vtask task, int until)
{
    for (int i = 0; i < until; i++) {
        if (!steps[i].slow)
            continue;
        assert_int_equal(mag_vtask_status(task), MAG_PENDING);
        assert_int_equal(at, i);
        complete(&steps[i]);
    }
}

/* Reads the function's own task, or the task of a promise made of it. */
static void check(mag_vtask task, int until, bool as_promise)
{
    bool fails = until < count && steps[until].fails;
    struct mag_promise *promise = NULL;
    uint64_t result = 0;

    if (as_promise) {
        assert_int_equal(mag_vtask_as_promise(task, &promise), 0);
        task = mag_promise_task(promise);
    }
    drive(task, fails ? until + 1 : until);
    assert_int_equal(mag_vtask_get(task, &result), fails ? -EIO : 0);
    assert_int_equal(result, fails ? 0 : sum_of(until));
    assert_int_equal(at, until);
    if (as_promise)
        mag_promise_release(promise);
}

static void run_all_ways(void)
{
    for (unsigned way = 0; way < 4; way++) {
        bool all = (way & 1) != 0;
        int until = all ? count : first_failure();

        for (int i = 0; i < count; i++)
            begin(&steps[i]);
        check(all ? collects().task : stops().task, until, way >= 2);
        for (int i = until + 1; i < count; i++) {
            if (steps[i].slow)
                complete(&steps[i]);
            (void)mag_vtask_get(steps[i].task, NULL);
        }
        for (int i = 0; i < count; i++)
            end(&steps[i]);
    }
}

/* ------------------------------------------------------------------------- tests */

/* VT-183 */
static void none_one_and_two_awaits_of_every_mix_give_the_right_result(void **state)
{
    (void)state;

    count = 0;
    run_all_ways();
    for (unsigned first = 0; first < CHOICES; first++) {
        choose(&steps[0], first, 1);
        count = 1;
        run_all_ways();
        count = 2;
        for (unsigned second = 0; second < CHOICES; second++) {
            choose(&steps[1], second, 2);
            run_all_ways();
        }
    }
}

/* VT-183 */
static void ten_awaits_of_any_mix_give_the_right_result_run_after_run(void **state)
{
    uint32_t rounds = test_rounds(5000);
    uint64_t random = test_seed();
    (void)state;

    count = STEPS_MAX;
    for (uint32_t round = 0; round < rounds; round++) {
        /* In every other round no step fails, so that all ten are awaited. */
        unsigned mask = round % 2 == 0 ? ~2U : ~0U;

        for (int i = 0; i < count; i++)
            choose(&steps[i], (unsigned)(test_random(&random) % CHOICES) & mask, 1L << i);
        run_all_ways();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_one_and_two_awaits_of_every_mix_give_the_right_result),
        cmocka_unit_test(ten_awaits_of_any_mix_give_the_right_result_run_after_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
