/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/sources.h"

#include <magpie/pool.h>
#include <stdlib.h>

/* What sources and the receivers of their tasks must do for each other, and which code
 * answers a broken rule: groups H, V and W. */

/* A source as a user writes one: a core, and its data. */
struct request {
    struct mag_core core;
    unsigned recycled;
    uint64_t payload[3];
};

static void recycle(struct mag_core *core)
{
    ((struct request *)(void *)core)->recycled++;
}

static const struct mag_core_type request_type = {.recycle = recycle};
static const struct mag_core_type wide_type = {
    .result_offset = offsetof(struct request, payload),
    .result_size = sizeof(((struct request *)0)->payload),
    .recycle = recycle,
};

static struct request request;

static int begin(void **state)
{
    (void)state;
    memset((void *)&request, 0, sizeof(request));
    mag_core_prepare(&request.core, &request_type);
    return 0;
}

/* ---------------------------------------------------------- what a source promises */

/* VT-59 */
static void wrong_arguments_are_refused_before_anything_is_done(void **state)
{
    struct mag_continuation empty = {.home = 0};
    struct probe probe = probe_make();
    struct request before;
    uint64_t result = 4;
    (void)state;

    assert_int_equal(mag_core_set_result(&request.core, 9), 0);
    memcpy(&before, &request, sizeof(request));
    assert_int_equal(mag_core_status(&request.core, 1), MAG_E_TOKEN);
    assert_int_equal(mag_core_get(&request.core, 1, &result, 8, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_core_get(&request.core, 0, &result, 9, NULL), MAG_E_SIZE);
    assert_int_equal(mag_core_on_completed(&request.core, 0, &empty, 0), MAG_E_ARG);
    assert_int_equal(mag_core_on_completed(&request.core, 1, &probe.continuation, 0),
                     MAG_E_TOKEN);
    assert_memory_equal(&before, &request, sizeof(request));
    assert_int_equal(result, 4);
}

/* VT-60 */
static void a_value_hands_its_token_on_unchanged(void **state)
{
    const uint64_t tokens[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX, 0xfff7};
    struct recorder recorder = recorder_make(MAG_PENDING);
    struct probe probe = probe_make();
    (void)state;

    for (unsigned i = 0; i < 5; i++) {
        mag_vtask task = mag_vtask_configure(recorder_task(&recorder, tokens[i]), i & 1);

        recorder.token = 5;
        assert_int_equal(mag_vtask_status(task), MAG_PENDING);
        assert_int_equal(recorder.token, tokens[i]);
        recorder.token = 5;
        assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
        assert_int_equal(recorder.token, tokens[i]);
        recorder.token = 5;
        assert_int_equal(mag_vtask_get(task, NULL), 0);
        assert_int_equal(recorder.token, tokens[i]);
    }
}

/* VT-61, VT-190, VT-204 */
static void a_second_read_is_refused_and_recycles_nothing(void **state)
{
    mag_vtask task = mag_core_task(&request.core);
    uint64_t result = 0;
    (void)state;

    assert_int_equal(mag_vtask_get(task, &result), MAG_E_PENDING);
    assert_int_equal(request.recycled, 0);
    assert_int_equal(mag_core_set_result(&request.core, 5), 0);
    assert_int_equal(request.recycled, 0);
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 5);
    assert_int_equal(request.recycled, 1);
    assert_int_equal(mag_vtask_get(task, &result), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_TOKEN);
    assert_int_equal(request.recycled, 1);
}

/* VT-64 */
static void no_entry_point_waits_for_a_pending_operation(void **state)
{
    struct probe probe = probe_make();
    mag_vtask task = mag_core_task(&request.core);
    (void)state;

    /* Nothing completes it: a call that waited would never return. */
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_PENDING);
    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
    assert_int_equal(mag_core_discard(&request.core, 0), MAG_E_CONTINUATION);
    assert_int_equal(probe_runs(&probe), 0);
}

/* ---------------------------------------------------------- the receiver of a task */

static void read_into(struct probe *probe)
{
    if (mag_vtask_get(mag_core_task(&request.core), probe->arg) != 0)
        *(uint64_t *)probe->arg = UINT64_MAX;
}

static mag_vtask pass_on(mag_vtask task)
{
    return task;
}

/* VT-189, VT-192 */
static void every_correct_use_works(void **state)
{
    uint64_t read;
    (void)state;

    for (unsigned use = 0; use < 4; use++) {
        mag_vtask task = pass_on(mag_core_task(&request.core));
        struct probe probe = probe_make();

        read = 0;
        probe.then = read_into;
        probe.arg = &read;
        if (use == 1)
            task = mag_vtask_configure(task, false);
        if (use < 3)
            assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 1), 0);
        assert_int_equal(mag_core_set_result(&request.core, 30 + use), 0);
        if (use == 3) {
            bool complete = false;

            assert_int_equal(mag_vtask_is_completed(task, &complete), 0);
            assert_true(complete);
            assert_int_equal(mag_vtask_get(task, &read), 0);
        }
        assert_int_equal(read, 30 + use);
        assert_int_equal(request.recycled, use + 1);
    }
}

/* VT-190 */
static void awaiting_twice_is_refused_in_every_order(void **state)
{
    struct probe first = probe_make(), second = probe_make();
    mag_vtask task = mag_core_task(&request.core);
    uint64_t read = 0;
    (void)state;

    first.then = read_into;
    first.arg = &read;
    assert_int_equal(mag_vtask_on_completed(task, &first.continuation, 0), 0);
    assert_int_equal(mag_vtask_on_completed(task, &second.continuation, 0),
                     MAG_E_CONTINUATION);
    assert_int_equal(mag_core_discard(&request.core, 0), MAG_E_CONTINUATION);
    assert_int_equal(mag_core_set_result(&request.core, 6), 0);
    assert_int_equal(read, 6);
    assert_int_equal(mag_vtask_on_completed(task, &second.continuation, 0), MAG_E_TOKEN);
    assert_int_equal(mag_core_discard(&request.core, 0), MAG_E_TOKEN);
    assert_int_equal(probe_runs(&second), 0);
    assert_int_equal(request.recycled, 1);
}

/* VT-193 */
static void what_is_discarded_is_consumed_when_it_is_complete(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool early = (i & 1) != 0, fails = (i & 2) != 0;
        mag_vtask task = mag_core_task(&request.core);

        if (early)
            assert_int_equal(mag_core_discard(&request.core, i), 0);
        assert_int_equal(request.recycled, i);
        assert_int_equal(mag_vtask_status(task), MAG_PENDING);
        assert_int_equal(fails ? mag_core_set_error(&request.core, -EIO, 1)
                               : mag_core_set_result(&request.core, 1),
                         0);
        if (!early)
            assert_int_equal(mag_core_discard(&request.core, i), 0);
        assert_int_equal(request.recycled, i + 1);
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
        assert_int_equal(mag_core_discard(&request.core, i), MAG_E_TOKEN);
    }
}

/* VT-190, VT-193 */
static void a_discarded_task_is_dead_before_it_is_complete(void **state)
{
    struct probe probe = probe_make();
    mag_vtask task = mag_core_task(&request.core);
    (void)state;

    assert_int_equal(mag_core_discard(&request.core, 0), 0);
    assert_int_equal(mag_core_discard(&request.core, 0), MAG_E_CONTINUATION);
    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0),
                     MAG_E_CONTINUATION);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_PENDING);
    assert_int_equal(mag_core_set_result(&request.core, 1), 0);
    assert_int_equal(probe_runs(&probe), 0);
    assert_int_equal(request.recycled, 1);
}

/* VT-195 */
static void the_next_operation_of_the_object_makes_older_tasks_stale(void **state)
{
    mag_vtask tasks[3];
    uint64_t result;
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        tasks[i] = mag_core_task(&request.core);
        for (unsigned old = 0; old < i; old++)
            assert_int_equal(mag_vtask_get(tasks[old], &result), MAG_E_TOKEN);
        assert_int_equal(mag_core_set_result(&request.core, i), 0);
        for (unsigned old = 0; old < i; old++)
            assert_int_equal(mag_vtask_get(tasks[old], &result), MAG_E_TOKEN);
        mag_core_reset(&request.core);
    }
    assert_int_equal(request.recycled, 0);
}

/* -------------------------------------------------------------- memory and payloads */

static struct mag_pool *requests;

static void give_back(struct mag_core *core)
{
    mag_pool_give(requests, core);
}

static const struct mag_core_type pooled_type = {.recycle = give_back};

/* VT-199 */
static void a_stale_task_is_an_error_however_often_its_memory_was_reused(void **state)
{
    enum { ROUNDS = 100 };
    struct mag_pool_config config;
    mag_vtask stale[ROUNDS];
    uint64_t result;
    (void)state;

    mag_pool_config_init(&config);
    config.object_size = sizeof(struct request);
    assert_int_equal(mag_pool_create(&config, &requests), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *object = NULL;

        assert_int_equal(mag_pool_take(requests, &object), 0);
        struct request *taken = object;
        mag_core_prepare(&taken->core, &pooled_type);
        stale[i] = mag_core_task(&taken->core);
        assert_int_equal(mag_core_set_result(&taken->core, i), 0);
        assert_int_equal(mag_vtask_get(stale[i], &result), 0);
        assert_int_equal(result, i);
        for (unsigned old = 0; old <= i; old++)
            assert_int_equal(mag_vtask_status(stale[old]), MAG_E_TOKEN);
    }
    mag_pool_destroy(requests);
}

/* VT-201 */
static void an_errors_detail_is_the_cores_until_it_is_read_or_reset(void **state)
{
    struct mag_core bare = {0};
    uint64_t result, detail;
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        detail = 0;
        if (i == 0)
            assert_int_equal(mag_core_set_error(&bare, -EIO, 77), 0);
        assert_int_equal(mag_core_get(&bare, 0, &result, 8, &detail), -EIO);
        assert_int_equal(detail, 77);
    }
    assert_int_equal(mag_core_set_error(&request.core, -EIO, 88), 0);
    assert_int_equal(mag_core_get(&request.core, 0, &result, 8, &detail), -EIO);
    assert_int_equal(detail, 88);
    assert_int_equal(mag_core_get(&request.core, 0, &result, 8, &detail), MAG_E_TOKEN);
    assert_int_equal(detail, 88);
}

/* VT-202 */
static void a_result_is_copied_out_by_its_size(void **state)
{
    const uint64_t words[3] = {1, 2, 3};
    uint64_t read[3] = {0};
    uint8_t byte = 0;
    (void)state;

    assert_int_equal(mag_core_set_result(&request.core, 0xab), 0);
    assert_int_equal(mag_core_get(&request.core, 0, &byte, 1, NULL), 0);
    assert_int_equal(byte, 0xab);
    mag_core_prepare(&request.core, &wide_type);
    assert_int_equal(mag_core_set_value(&request.core, words, sizeof(words)), 0);
    assert_int_equal(mag_core_get(&request.core, 1, read, 8, NULL), MAG_E_SIZE);
    assert_int_equal(mag_core_get(&request.core, 1, read, sizeof(read), NULL), 0);
    assert_memory_equal(read, words, sizeof(words));
    assert_int_equal(request.recycled, 2);
}

/* VT-203 */
static void each_misuse_has_its_own_code_and_none_is_an_errno(void **state)
{
    const int codes[] = {MAG_E_TOKEN, MAG_E_PENDING, MAG_E_DONE, MAG_E_CONTINUATION,
                         MAG_E_ARG,   MAG_E_STATE,   MAG_E_SIZE};
    const unsigned count = sizeof(codes) / sizeof(codes[0]);
    (void)state;

    for (unsigned i = 0; i < count; i++) {
        assert_true(mag_is_misuse(codes[i]));
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(codes[i], codes[j]);
    }
    for (int code = 0; code < 5000; code++)
        assert_false(mag_is_misuse(-code));
    assert_false(mag_is_misuse(MAG_E_FIRST + 1));
    assert_false(mag_is_misuse(MAG_E_LAST - 1));
    assert_false(mag_is_misuse(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wrong_arguments_are_refused_before_anything_is_done,
                               begin),
        cmocka_unit_test(a_value_hands_its_token_on_unchanged),
        cmocka_unit_test_setup(a_second_read_is_refused_and_recycles_nothing, begin),
        cmocka_unit_test_setup(no_entry_point_waits_for_a_pending_operation, begin),
        cmocka_unit_test_setup(every_correct_use_works, begin),
        cmocka_unit_test_setup(awaiting_twice_is_refused_in_every_order, begin),
        cmocka_unit_test_setup(what_is_discarded_is_consumed_when_it_is_complete, begin),
        cmocka_unit_test_setup(a_discarded_task_is_dead_before_it_is_complete, begin),
        cmocka_unit_test_setup(the_next_operation_of_the_object_makes_older_tasks_stale,
                               begin),
        cmocka_unit_test(a_stale_task_is_an_error_however_often_its_memory_was_reused),
        cmocka_unit_test_setup(an_errors_detail_is_the_cores_until_it_is_read_or_reset,
                               begin),
        cmocka_unit_test_setup(a_result_is_copied_out_by_its_size, begin),
        cmocka_unit_test(each_misuse_has_its_own_code_and_none_is_an_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
