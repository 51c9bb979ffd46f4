/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/debug.h"

#include <magpie/async.h>
#include <magpie/pool.h>
#include <magpie/promise.h>
#include <magpie/when.h>

/* Tasks that were handed out and never consumed: exactly which ones, and where each came
 * from. */

enum { SEEN = 64 };

struct list {
    size_t seen;
    struct mag_debug_task tasks[SEEN];
};

static bool has_table(void)
{
    size_t count;

    return mag_debug_unconsumed(NULL, NULL, &count) != -ENOTSUP;
}

static void skip_if(bool wrong_build, const char *reason)
{
    if (!wrong_build)
        return;
    print_message("skipped: %s\n", reason);
    skip();
}

static void need_table(void)
{
    skip_if(!has_table(), "the library is built without MAG_DEBUG_TASKS");
}

static void look(const struct mag_debug_task *task, void *arg)
{
    struct list *list = arg;

    assert_true(list->seen < SEEN);
    list->tasks[list->seen++] = *task;
}

static struct list list_now(void)
{
    struct list list = {.seen = 0};
    size_t count = 99;

    assert_int_equal(mag_debug_unconsumed(look, &list, &count), 0);
    assert_int_equal(count, list.seen);
    return list;
}

static size_t unconsumed(void)
{
    size_t count = 99;

    assert_int_equal(mag_debug_unconsumed(NULL, NULL, &count), 0);
    return count;
}

static const struct mag_debug_task *find(const struct list *list, const void *object)
{
    for (size_t i = 0; i < list->seen; i++) {
        if (list->tasks[i].object == object)
            return &list->tasks[i];
    }
    return NULL;
}

static void *object_of(mag_vtask task)
{
    return (void *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

static void assert_listed(const void *object, enum mag_debug_kind kind,
                          const void *created)
{
    struct list list = list_now();
    const struct mag_debug_task *task = find(&list, object);

    assert_non_null(task);
    assert_int_equal(task->kind, kind);
    assert_true(site_has(&task->created, created));
}

/* ----------------------------------------------------------------------- each kind */

/* VT-193, VT-198 */
static void the_operations_that_were_dropped_are_named(void **state)
{
    const void *created[4];
    struct mag_operation *operations[4];
    uint64_t result;
    (void)state;
    need_table();

    assert_int_equal(unconsumed(), 0);
    operations[0] = rent_noted(&created[0]);
    operations[1] = rent_noted(&created[1]);
    operations[2] = rent_noted(&created[2]);
    operations[3] = rent_noted(&created[3]);
    assert_int_equal(unconsumed(), 4);
    assert_ptr_not_equal(created[1], created[2]);
    mag_vtask tasks[4];
    for (unsigned i = 0; i < 4; i++)
        tasks[i] = mag_operation_task(operations[i]);
    /* A task that is complete or awaited is not consumed yet. */
    assert_int_equal(mag_core_set_result(&operations[1]->core, 4), 0);
    assert_int_equal(mag_core_set_result(&operations[2]->core, 4), 0);
    assert_int_equal(unconsumed(), 4);
    mag_operation_return(operations[0]);
    assert_int_equal(mag_vtask_get(tasks[1], &result), 0);
    assert_int_equal(mag_vtask_discard(tasks[3]), 0);
    assert_int_equal(unconsumed(), 1);
    assert_listed(operations[2], MAG_DEBUG_OPERATION, created[2]);
    assert_int_equal(list_now().tasks[0].token, tasks[2].payload);
    assert_int_equal(mag_core_set_result(&operations[3]->core, 4), 0);
    assert_int_equal(mag_vtask_get(tasks[2], &result), 0);
    assert_int_equal(unconsumed(), 0);
}

MAG_ASYNC(mag_task, wait_for, (mag_vtask, task), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->task));
    MAG_END(f);
}

MAG_ASYNC(mag_task, pin, (bool, forget), char buffer[16];)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    f->buffer[0] = f->forget ? 1 : 0;
    MAG_END(f);
}

static NOT_INLINE mag_vtask call_noted(mag_vtask task, const void **ret_caller)
{
    mag_task waiting = wait_for(task);

    *ret_caller = CALLER;
    return waiting.task;
}

/* VT-198 */
static void a_frame_whose_task_was_dropped_is_named(void **state)
{
    const void *rented, *called;
    (void)state;
    need_table();

    struct mag_operation *operation = rent_noted(&rented);
    mag_vtask waiting = call_noted(mag_operation_task(operation), &called);
    assert_int_equal(unconsumed(), 2);
    assert_listed(object_of(waiting), MAG_DEBUG_FRAME, called);
    assert_int_equal(mag_core_set_result(&operation->core, 1), 0);
    /* The frame has consumed the operation, but the frame itself was not consumed. */
    assert_int_equal(unconsumed(), 1);
    assert_listed(object_of(waiting), MAG_DEBUG_FRAME, called);
    assert_int_equal(mag_vtask_get(waiting, NULL), 0);
    assert_int_equal(unconsumed(), 0);
    /* A frame that was moved without need is not listed. */
    assert_int_equal(mag_task_get(pin(true)), 0);
    assert_int_equal(unconsumed(), 0);
}

/* VT-198 */
static void a_promise_with_a_reference_too_many_is_named(void **state)
{
    struct mag_promise *promise = NULL;
    struct mag_promise *other = NULL;
    (void)state;
    need_table();

    assert_int_equal(mag_promise_create(100, 0, &promise), 0);
    assert_int_equal(mag_promise_create(0, 0, &other), 0);
    mag_promise_retain(promise);
    mag_promise_release(promise);
    mag_promise_release(other);
    assert_int_equal(unconsumed(), 1);
    struct list list = list_now();
    assert_ptr_equal(list.tasks[0].object, promise);
    assert_int_equal(list.tasks[0].kind, MAG_DEBUG_PROMISE);
    mag_promise_release(promise);
    assert_int_equal(unconsumed(), 0);
}

struct request {
    struct mag_core core;
};

static struct request requests[3];

static void recycle(struct mag_core *core)
{
    (void)core;
}

static const struct mag_core_type request_type = {.recycle = recycle};

/* VT-198 */
static void cores_of_the_program_are_named_if_they_recycle(void **state)
{
    struct mag_core bare = {0};
    (void)state;
    need_table();

    mag_core_prepare(&bare, NULL);
    for (unsigned i = 0; i < 3; i++)
        mag_core_prepare(&requests[i].core, &request_type);
    assert_int_equal(unconsumed(), 3);
    mag_core_reset(&requests[0].core);
    assert_int_equal(mag_core_set_error(&requests[1].core, -EIO, 0), 0);
    assert_int_equal(mag_vtask_get(mag_core_task(&requests[1].core), NULL), -EIO);
    struct list list = list_now();
    assert_int_equal(list.seen, 1);
    assert_ptr_equal(list.tasks[0].object, &requests[2]);
    assert_int_equal(list.tasks[0].kind, MAG_DEBUG_CORE);
    mag_core_reset(&requests[2].core);
}

/* VT-198 */
static void combined_tasks_leave_nothing_in_the_list(void **state)
{
    struct mag_promise *promises[2];
    mag_vtask tasks[2], any, all, timed;
    uint64_t result;
    (void)state;
    need_table();

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(mag_promise_create(0, 0, &promises[i]), 0);
        tasks[i] = mag_promise_task(promises[i]);
    }
    assert_int_equal(mag_when_any(tasks, 2, &any), 0);
    assert_int_equal(mag_when_all(tasks, 2, &all), 0);
    assert_int_equal(mag_vtask_with_timeout(NULL, &tasks[0], INT64_C(1) << 40, &timed),
                     0);
    assert_true(unconsumed() >= 5);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mag_promise_set_result(promises[i], 1), 0);
    assert_int_equal(mag_vtask_get(any, &result), 0);
    assert_int_equal(mag_vtask_get(all, &result), 0);
    assert_int_equal(mag_vtask_get(timed, &result), 0);
    assert_int_equal(mag_delay(NULL, 0, &timed), 0);
    assert_int_equal(mag_vtask_wait_completed(&timed, 0, -1), 0);
    /* If the delay was complete before the wait, it is no promise and must still be
     * consumed. */
    assert_int_equal(mag_vtask_get(timed, NULL), 0);
    (void)mag_vtask_release(timed);
    for (unsigned i = 0; i < 2; i++)
        mag_promise_release(promises[i]);
    /* The worker that has completed the delay gives back its reference after that. */
    for (unsigned looks = 0; looks < 1000 && unconsumed() != 0; looks++)
        test_sleep_ms(1);
    assert_int_equal(unconsumed(), 0);
}

/* ------------------------------------------------------------------------- its costs */

static void writing_down_an_operation_allocates_nothing(void **state)
{
    const void *created;
    (void)state;
    need_table();

    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = test_allocations();
        struct mag_operation *operation = rent_noted(&created);

        if (i != 0)
            assert_int_equal(test_allocations(), before);
        mag_operation_return(operation);
    }
}

/* ----------------------------------------------------------------------- many threads */

struct crew {
    _Atomic(uint64_t) over;
    _Atomic(uint64_t) told;
    uint32_t rounds;
};

static struct crew crew;

static void count_told(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
{
    (void)watch;
    assert_int_equal(misuse->code, MAG_E_TOKEN);
    /* relaxed: a count; the joins publish it. */
    (void)atomic_fetch_add_explicit(&crew.told, 1, memory_order_relaxed);
}

static struct mag_misuse_watch counting[2] = {{count_told}, {count_told}};

static void *rent_and_misuse(void *arg)
{
    uint64_t result, wrong = 0;
    (void)arg;

    for (uint32_t i = 0; i < crew.rounds; i++) {
        void *object;

        if (mag_operation_rent(&mag_operation_word, &object) != 0)
            return NULL;
        struct mag_operation *operation = object;
        mag_vtask task = mag_operation_task(operation);
        if (mag_core_set_result(&operation->core, i) != 0 ||
            mag_vtask_get(task, &result) != 0 || result != i ||
            mag_vtask_get(task, &result) != MAG_E_TOKEN)
            wrong++;
    }
    /* release: pairs with the wait. */
    (void)atomic_fetch_add_explicit(&crew.over, 1, memory_order_release);
    return (void *)(uintptr_t)wrong;
}

static void must_be_an_operation(const struct mag_debug_task *task, void *arg)
{
    size_t *seen = arg;

    assert_int_equal(task->kind, MAG_DEBUG_OPERATION);
    assert_true(task->created.count > 0);
    (*seen)++;
}

/* VT-198 */
static void listing_and_reporting_disturb_no_thread_that_works(void **state)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    size_t count = 0, seen = 0;
    uint64_t looks = 0;
    (void)state;
    need_table();

    crew.rounds = test_rounds(3000);
    (void)mag_debug_watch(&counting[0]);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rent_and_misuse, NULL), 0);
    /* acquire: pairs with the end of each thread. */
    while (atomic_load_explicit(&crew.over, memory_order_acquire) < THREADS) {
        seen = 0;
        assert_int_equal(mag_debug_unconsumed(must_be_an_operation, &seen, &count), 0);
        assert_int_equal(seen, count);
        assert_true(count <= THREADS);
        (void)mag_debug_watch(&counting[++looks % 2]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong = &crew;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    (void)mag_debug_watch(NULL);
    /* relaxed: the threads have ended. */
    assert_int_equal(atomic_load_explicit(&crew.told, memory_order_relaxed),
                     (uint64_t)THREADS * crew.rounds);
    assert_int_equal(unconsumed(), 0);
}

/* Last, because the table stays full. */
static void a_full_table_is_reported(void **state)
{
    enum { MANY = 70000 };
    static struct request many[MANY];
    size_t count = 0;
    (void)state;
    need_table();

    for (unsigned i = 0; i < MANY; i++)
        mag_core_prepare(&many[i].core, &request_type);
    assert_int_equal(mag_debug_unconsumed(NULL, NULL, &count), -ENOSPC);
    assert_true(count > MANY / 2 && count < MANY);
    for (unsigned i = 0; i < MANY; i++)
        mag_core_reset(&many[i].core);
    assert_int_equal(mag_debug_unconsumed(NULL, NULL, &count), -ENOSPC);
    assert_int_equal(count, 0);
}

static void without_the_table_there_is_no_list(void **state)
{
    const void *created;
    size_t count = 99;
    (void)state;
    skip_if(has_table(), "the library is built with MAG_DEBUG_TASKS");

    struct mag_operation *operation = rent_noted(&created);
    assert_int_equal(mag_debug_unconsumed(NULL, NULL, &count), -ENOTSUP);
    assert_int_equal(count, 99);
    mag_operation_return(operation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operations_that_were_dropped_are_named),
        cmocka_unit_test(a_frame_whose_task_was_dropped_is_named),
        cmocka_unit_test(a_promise_with_a_reference_too_many_is_named),
        cmocka_unit_test(cores_of_the_program_are_named_if_they_recycle),
        cmocka_unit_test(combined_tasks_leave_nothing_in_the_list),
        cmocka_unit_test(writing_down_an_operation_allocates_nothing),
        cmocka_unit_test(listing_and_reporting_disturb_no_thread_that_works),
        cmocka_unit_test(without_the_table_there_is_no_list),
        cmocka_unit_test(a_full_table_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
