/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/probe.h"

#include <magpie/operation.h>

#include <stdlib.h>

/* A registration that records its calls. */
struct note {
    struct mag_cancel_registration registration;
    _Atomic(uint64_t) calls;
    uint64_t key;
    uint64_t order; /* its place among all calls */
    pthread_t thread;
    bool fired;
    void (*then)(struct note *note, struct mag_cancel *cancel);
    struct note *other;
    _Atomic(uint64_t) *gate; /* the callback waits for it */
};

static uint64_t order;

static void note_call(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct note *note = object;

    note->key = key;
    note->order = ++order;
    note->thread = pthread_self();
    note->fired = mag_cancel_has_fired(cancel);
    if (note->then != NULL)
        note->then(note, cancel);
    /* release: the note is visible to the thread that waits for the count. */
    (void)atomic_fetch_add_explicit(&note->calls, 1, memory_order_release);
}

static uint64_t calls(struct note *note)
{
    /* acquire: pairs with note_call. */
    return atomic_load_explicit(&note->calls, memory_order_acquire);
}

static void add(struct mag_cancel *cancel, struct note *note, uint64_t key)
{
    assert_int_equal(
        mag_cancel_register(cancel, &note->registration, note_call, note, key), 0);
}

/* ----------------------------------------------------------------------- sources */

static void firing_calls_each_once_here_the_latest_first(void **state)
{
    struct mag_cancel cancel = {0};
    struct note notes[3] = {0};
    uint64_t allocations = test_allocations();
    (void)state;

    order = 0;
    assert_false(mag_cancel_has_fired(NULL));
    assert_false(mag_cancel_has_fired(&cancel));
    for (unsigned i = 0; i < 3; i++)
        add(&cancel, &notes[i], 10 + i);
    assert_true(mag_cancel_fire(&cancel));
    assert_false(mag_cancel_fire(&cancel));
    assert_true(mag_cancel_has_fired(&cancel));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(calls(&notes[i]), 1);
        assert_int_equal(notes[i].key, 10 + i);
        assert_int_equal(notes[i].order, 3 - i);
        assert_true(notes[i].fired);
        assert_true(pthread_equal(notes[i].thread, pthread_self()));
    }
    assert_int_equal(
        mag_cancel_register(&cancel, &notes[0].registration, note_call, &notes[0], 1),
        -ECANCELED);
    assert_int_equal(calls(&notes[0]), 1);
    assert_int_equal(test_allocations(), allocations);
}

static void unregistering_tells_whether_the_callback_was_called(void **state)
{
    struct mag_cancel cancel = {0};
    struct note notes[3] = {0};
    (void)state;

    assert_false(mag_cancel_unregister(&notes[0].registration, true));
    for (unsigned i = 0; i < 3; i++)
        add(&cancel, &notes[i], i);
    assert_true(mag_cancel_unregister(&notes[1].registration, true));
    assert_false(mag_cancel_unregister(&notes[1].registration, true));
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(calls(&notes[0]), 1);
    assert_int_equal(calls(&notes[1]), 0);
    assert_int_equal(calls(&notes[2]), 1);
    assert_false(mag_cancel_unregister(&notes[0].registration, true));
}

static void registering_and_unregistering_leaves_nothing_behind(void **state)
{
    struct mag_cancel cancel = {0};
    struct note note = {.calls = 0};
    uint64_t allocations = test_allocations();
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        add(&cancel, &note, i);
        assert_true(mag_cancel_unregister(&note.registration, false));
        assert_null(cancel.first);
    }
    assert_int_equal(test_allocations(), allocations);
}

static void unregister_both(struct note *note, struct mag_cancel *cancel)
{
    (void)cancel;
    assert_false(mag_cancel_unregister(&note->registration, true));
    assert_true(mag_cancel_unregister(&note->other->registration, true));
    assert_false(mag_cancel_fire(cancel));
}

/* VT-157 */
static void a_callback_may_unregister_itself_and_others_without_waiting(void **state)
{
    struct mag_cancel cancel = {0};
    struct note other = {.calls = 0};
    struct note note = {.then = unregister_both, .other = &other};
    (void)state;

    add(&cancel, &other, 1);
    add(&cancel, &note, 2);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(calls(&note), 1);
    assert_int_equal(calls(&other), 0);
}

static void pass_gate(struct note *note, struct mag_cancel *cancel)
{
    (void)cancel;
    /* release: the test may go on; the wait is an acquire. */
    (void)atomic_fetch_add_explicit(&note->gate[0], 1, memory_order_release);
    (void)test_wait_for(&note->gate[1], 1);
    test_sleep_ms(5);
}

static void *fire_there(void *cancel)
{
    return mag_cancel_fire(cancel) ? cancel : NULL;
}

/* VT-156, VT-157 */
static void unregistering_waits_for_a_callback_elsewhere_if_asked_to(void **state)
{
    struct mag_cancel cancel = {0};
    _Atomic(uint64_t) gate[2] = {0, 0};
    struct note note = {.then = pass_gate, .gate = gate};
    pthread_t thread;
    void *fired = NULL;
    (void)state;

    add(&cancel, &note, 1);
    assert_int_equal(pthread_create(&thread, NULL, fire_there, &cancel), 0);
    assert_true(test_wait_for(&gate[0], 1));
    assert_false(mag_cancel_unregister(&note.registration, false));
    assert_int_equal(calls(&note), 0);
    /* release: pairs with the callback's wait. */
    atomic_store_explicit(&gate[1], 1, memory_order_release);
    assert_false(mag_cancel_unregister(&note.registration, true));
    assert_int_equal(calls(&note), 1);
    assert_int_equal(pthread_join(thread, &fired), 0);
    assert_non_null(fired);
}

static void a_linked_source_fires_with_its_parent_until_unlinked(void **state)
{
    struct mag_cancel parent = {0}, child = {0}, spared = {0}, late = {0};
    struct mag_cancel_link links[3] = {0};
    struct note note = {.calls = 0};
    (void)state;

    mag_cancel_link(&links[0], &child, &parent);
    mag_cancel_link(&links[1], &spared, &parent);
    add(&child, &note, 3);
    mag_cancel_unlink(&links[1]);
    assert_true(mag_cancel_fire(&parent));
    assert_int_equal(calls(&note), 1);
    assert_false(mag_cancel_has_fired(&spared));
    mag_cancel_link(&links[2], &late, &parent);
    assert_true(mag_cancel_has_fired(&late));
    mag_cancel_unlink(&links[0]);
}

static void a_refused_registration_has_forgotten_the_source_before(void **state)
{
    struct mag_cancel *before = calloc(1, sizeof(*before));
    struct mag_cancel fired = {0}, child = {0};
    struct mag_cancel_link link = {0};
    struct note note = {.calls = 0};
    (void)state;

    assert_non_null(before);
    mag_cancel_link(&link, &child, before);
    mag_cancel_unlink(&link);
    add(before, &note, 3);
    assert_true(mag_cancel_unregister(&note.registration, true));
    /* Its registrations have ended. */
    free(before);

    assert_true(mag_cancel_fire(&fired));
    mag_cancel_link(&link, &child, &fired);
    assert_true(mag_cancel_has_fired(&child));
    assert_null(link.registration.cancel);
    mag_cancel_unlink(&link);
    assert_int_equal(mag_cancel_register(&fired, &note.registration, note_call, &note, 4),
                     -ECANCELED);
    assert_null(note.registration.cancel);
    assert_false(mag_cancel_unregister(&note.registration, true));
}

/* VT-9, VT-10 */
static void a_canceled_value_carries_the_source_that_fired(void **state)
{
    struct mag_cancel cancel = {0};
    mag_vtask task = mag_vtask_result(5);
    uint64_t detail = 0;
    (void)state;

    assert_int_equal(mag_vtask_from_canceled(NULL, &task), MAG_E_ARG);
    assert_int_equal(mag_vtask_from_canceled(&cancel, &task), MAG_E_ARG);
    assert_true(mag_vtask_equal(task, mag_vtask_result(5)));
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_from_canceled(&cancel, &task), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(mag_vtask_status(task), MAG_CANCELED);
        assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -ECANCELED);
        assert_int_equal(detail, (uintptr_t)&cancel);
    }
}

/* ------------------------------------------------------------------- operations */

struct reading {
    struct mag_operation operation;
    struct mag_cancel_registration registration;
};

static struct mag_operation_type reading_type =
    MAG_OPERATION_TYPE(struct reading, MAG_CANCELABLE(registration));

static struct mag_operation *rent(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&reading_type, &object), 0);
    return object;
}

/* VT-158 */
static void a_canceled_operation_fails_with_its_source(void **state)
{
    struct mag_cancel cancel = {0};
    struct mag_operation *reading = rent();
    mag_vtask task = mag_operation_task(reading);
    uint64_t key = mag_operation_share(reading, &cancel);
    uint64_t detail = 0;
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    assert_false(mag_operation_try_result(reading, key, 1));
    assert_int_equal(mag_vtask_status(task), MAG_CANCELED);
    assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -ECANCELED);
    assert_int_equal(detail, (uintptr_t)&cancel);
}

/* An executor that looks at a cancel object when a job is posted to it. */
struct witness {
    struct mag_executor executor;
    struct mag_cancel *cancel;
    struct mag_job *posted;
    bool left; /* nothing was registered any more */
};

static int witness_post(struct mag_executor *executor, struct mag_job *job)
{
    struct witness *witness = (struct witness *)(void *)executor;

    witness->left = witness->cancel->first == NULL;
    witness->posted = job;
    return 0;
}

/* VT-156 */
static void an_operation_leaves_its_source_before_its_outcome_is_published(void **state)
{
    (void)state;

    for (unsigned fails = 0; fails < 2; fails++) {
        struct mag_cancel cancel = {0};
        struct witness witness = {.executor = {witness_post}, .cancel = &cancel};
        struct mag_operation *reading = rent();
        mag_vtask task = mag_operation_task(reading);
        struct probe probe = probe_make();
        uint64_t key = mag_operation_share(reading, &cancel);

        mag_continuation_home(&probe.continuation, &witness.executor);
        assert_int_equal(
            mag_vtask_on_completed(task, &probe.continuation, MAG_AWAIT_HOME), 0);
        assert_non_null(cancel.first);
        assert_true(fails ? mag_operation_try_error(reading, key, -EIO, 0)
                          : mag_operation_try_result(reading, key, 8));
        assert_ptr_equal(witness.posted, &probe.continuation.job);
        assert_true(witness.left);
        witness.posted->run(witness.posted);
        assert_int_equal(probe_runs(&probe), 1);
        assert_int_equal(mag_vtask_get(task, NULL), fails ? -EIO : 0);
    }
}

/* VT-154 */
static void a_completed_operation_leaves_its_source(void **state)
{
    struct mag_cancel cancel = {0};
    struct mag_operation *reading = rent();
    mag_vtask task = mag_operation_task(reading);
    uint64_t key = mag_operation_share(reading, &cancel);
    uint64_t result = 0;
    (void)state;

    assert_non_null(cancel.first);
    assert_false(mag_operation_try_error(reading, key, 0, 0));
    assert_true(mag_operation_try_result(reading, key, 8));
    assert_null(cancel.first);
    assert_false(mag_operation_try_error(reading, key, -EIO, 0));
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 8);

    /* Without a cancel, an only completer does not need the key. */
    reading = rent();
    task = mag_operation_task(reading);
    assert_int_equal(mag_operation_set_result(reading, 9), 0);
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 9);
}

/* VT-159 */
static void a_source_that_has_fired_cancels_at_once(void **state)
{
    struct mag_cancel cancel = {0};
    struct mag_operation *reading = rent();
    mag_vtask task = mag_operation_task(reading);
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    uint64_t key = mag_operation_share(reading, &cancel);
    assert_int_equal(mag_vtask_status(task), MAG_CANCELED);
    assert_null(cancel.first);
    assert_false(mag_operation_try_result(reading, key, 1));
    assert_int_equal(mag_vtask_get(task, NULL), -ECANCELED);
}

/* VT-162 */
static void no_continuation_runs_on_the_thread_that_cancels(void **state)
{
    struct mag_cancel cancel = {0};
    struct mag_operation *reading = rent();
    mag_vtask task = mag_operation_task(reading);
    struct probe probe = probe_make();
    (void)state;

    (void)mag_operation_share(reading, &cancel);
    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
    assert_true(mag_cancel_fire(&cancel));
    probe_expect_one_run(&probe);
    assert_false(probe_ran_here(&probe));
    assert_int_equal(mag_vtask_get(task, NULL), -ECANCELED);

    /* The next user of the object has not inherited the cancel. */
    reading = rent();
    assert_int_equal(reading->core.flags, 0);
    mag_operation_return(reading);
}

/* Allocations of the whole process while a thousand waits are canceled. */
static uint64_t cancel_waits(void)
{
    uint64_t before = test_allocations();

    for (unsigned i = 0; i < 1000; i++) {
        struct mag_cancel cancel = {0};
        struct mag_operation *reading = rent();
        mag_vtask task = mag_operation_task(reading);
        (void)mag_operation_share(reading, &cancel);
        assert_true(mag_cancel_fire(&cancel));
        assert_null(cancel.first);
        assert_int_equal(mag_vtask_get(task, NULL), -ECANCELED);
    }
    return test_allocations() - before;
}

/* Workers that the tests before have started may allocate what is their own meanwhile. */
static void repeated_canceled_waits_do_not_grow_memory(void **state)
{
    unsigned tries = 10;
    (void)state;

    (void)cancel_waits();
    while (cancel_waits() != 0)
        assert_int_not_equal(--tries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firing_calls_each_once_here_the_latest_first),
        cmocka_unit_test(unregistering_tells_whether_the_callback_was_called),
        cmocka_unit_test(registering_and_unregistering_leaves_nothing_behind),
        cmocka_unit_test(a_callback_may_unregister_itself_and_others_without_waiting),
        cmocka_unit_test(unregistering_waits_for_a_callback_elsewhere_if_asked_to),
        cmocka_unit_test(a_linked_source_fires_with_its_parent_until_unlinked),
        cmocka_unit_test(a_refused_registration_has_forgotten_the_source_before),
        cmocka_unit_test(a_canceled_value_carries_the_source_that_fired),
        cmocka_unit_test(a_canceled_operation_fails_with_its_source),
        cmocka_unit_test(an_operation_leaves_its_source_before_its_outcome_is_published),
        cmocka_unit_test(a_completed_operation_leaves_its_source),
        cmocka_unit_test(a_source_that_has_fired_cancels_at_once),
        cmocka_unit_test(no_continuation_runs_on_the_thread_that_cancels),
        cmocka_unit_test(repeated_canceled_waits_do_not_grow_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
