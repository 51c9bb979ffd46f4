/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"

/* The hash of typed tasks: equal tasks have equal hashes, and different tasks rarely
 * do. */

struct name {
    char text[21]; /* not a multiple of a word */
};
MAG_VTASK_DEFINE(name_task, struct name)
MAG_VTASK_DEFINE(int_task, int)

enum { NAMES = 200 };

static name_task number(unsigned i)
{
    struct name name;

    memset(&name, 0, sizeof(name));
    name.text[i % sizeof(name.text)] = (char)(i / sizeof(name.text) + 1);
    return name_task_result(name);
}

/* VT-39 */
static void a_large_result_is_hashed_byte_by_byte(void **state)
{
    uint64_t hashes[NAMES];
    (void)state;

    for (unsigned i = 0; i < NAMES; i++) {
        hashes[i] = name_task_hash(number(i));
        assert_int_not_equal(hashes[i], 0);
        assert_true(name_task_equal(number(i), number(i)));
        assert_int_equal(name_task_hash(number(i)), hashes[i]);
        for (unsigned j = 0; j < i; j++) {
            assert_false(name_task_equal(number(i), number(j)));
            assert_int_not_equal(hashes[i], hashes[j]);
        }
    }
}

/* VT-39 */
static void the_hash_of_all_zeroes_is_zero_whatever_the_size(void **state)
{
    name_task name;
    int_task number_task;
    (void)state;

    memset(&name, 0, sizeof(name));
    memset(&number_task, 0, sizeof(number_task));
    assert_int_equal(name_task_hash(name), 0);
    assert_int_equal(int_task_hash(number_task), 0);
}

/* VT-37, VT-38, VT-39 */
static void what_backs_a_task_is_hashed_and_no_result(void **state)
{
    struct recorder one = recorder_make(MAG_PENDING);
    name_task task = name_task_of(recorder_task(&one, 17));
    name_task other = name_task_of(recorder_task(&one, 18));
    (void)state;

    other.large[0] = number(3).large[0];
    assert_int_equal(name_task_hash(task), mag_vtask_hash(task.task));
    assert_int_equal(name_task_hash(task), name_task_hash(other));
    assert_int_equal(name_task_hash(name_task_configure(task, false)),
                     name_task_hash(task));
    assert_int_equal(recorder_calls(&one), 0);
}

/* VT-39 */
static void a_result_of_a_word_is_hashed_as_the_untyped_task(void **state)
{
    (void)state;

    assert_int_equal(int_task_hash(int_task_result(42)),
                     mag_vtask_hash(mag_vtask_result(42)));
    assert_int_not_equal(int_task_hash(int_task_result(42)),
                         int_task_hash(int_task_result(43)));
}

/* VT-39 */
static void how_a_task_is_awaited_is_no_part_of_what_it_is(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    mag_vtask elsewhere = mag_vtask_configure(task, false);
    (void)state;

    assert_true(elsewhere.backing != task.backing);
    assert_true(mag_vtask_equal(elsewhere, task));
    assert_int_equal(mag_vtask_hash(elsewhere), mag_vtask_hash(task));
    mag_core_reset(&core);
    assert_false(mag_vtask_equal(mag_core_task(&core), task));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_result_is_hashed_byte_by_byte),
        cmocka_unit_test(the_hash_of_all_zeroes_is_zero_whatever_the_size),
        cmocka_unit_test(what_backs_a_task_is_hashed_and_no_result),
        cmocka_unit_test(a_result_of_a_word_is_hashed_as_the_untyped_task),
        cmocka_unit_test(how_a_task_is_awaited_is_no_part_of_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
