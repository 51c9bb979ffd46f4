/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/indices.h"

#include <magpie/default.h>

static struct indices indices;

static void each_index_is_given_to_one_body_once(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 8; workers = workers * 3 - 1) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(3000); i++) {
            size_t count = test_random_below(&random, i % 2 ? 20 : TEST_INDICES_MAX + 1);
            size_t first = (size_t)test_random(&random);
            struct mag_for_options options = {
                .grain =
                    test_random_below(&random, 2) ? 0 : test_random(&random) % 100 + 1,
                .limit = test_random_below(&random, 4)};

            if (first > SIZE_MAX - count || i % 3 == 0)
                first = i % 2 ? SIZE_MAX - count : 0;
            indices_init(&indices, first, count);
            assert_int_equal(mag_for_with(sched, &options, NULL, first, first + count,
                                          indices_walk, &indices),
                             0);
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

static int huge(struct mag_range range, uint32_t slot, void *arg)
{
    _Atomic(uint64_t) *sum = arg;

    (void)slot;
    (void)test_add(sum, range.end - range.begin);
    return 0;
}

static void a_loop_over_all_numbers_ends(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    _Atomic(uint64_t) sum;
    (void)state;

    atomic_init(&sum, 0);
    assert_int_equal(mag_for(sched, 0, SIZE_MAX, huge, &sum), 0);
    assert_int_equal(test_read(&sum), SIZE_MAX);
    struct mag_for_options options = {.grain = SIZE_MAX};
    assert_int_equal(mag_for_with(sched, &options, NULL, 0, SIZE_MAX, huge, &sum), 0);
    assert_int_equal(test_read(&sum), SIZE_MAX - 1);
    mag_sched_destroy(sched);
}

static void an_empty_loop_calls_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    indices_init(&indices, 0, 0);
    assert_int_equal(mag_for(sched, 0, 0, indices_walk, &indices), 0);
    assert_int_equal(mag_for(sched, SIZE_MAX, SIZE_MAX, indices_walk, &indices), 0);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

static void a_reversed_range_and_unknown_options_are_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options unknown = {.reserved = {1}};
    (void)state;

    indices_init(&indices, 0, 0);
    assert_int_equal(mag_for(sched, 1, 0, indices_walk, &indices), -EINVAL);
    assert_int_equal(mag_for_with(sched, &unknown, NULL, 0, 1, indices_walk, &indices),
                     -EINVAL);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- order */

static int in_order(struct mag_range range, uint32_t slot, void *arg)
{
    size_t *next = arg;
    bool right = range.begin == *next && range.end > range.begin && slot == 0;

    *next = range.end;
    return right ? 0 : -EIO;
}

static void a_single_worker_walks_in_the_serial_order(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options limited = {.limit = 1};
    (void)state;

    for (size_t count = 1; count < 3000; count += count / 2 + 1) {
        size_t next = 0;

        assert_int_equal(mag_for_with(sched, &limited, NULL, 0, count, in_order, &next),
                         0);
        assert_int_equal(next, count);
    }
    mag_sched_destroy(sched);
}

static int of_one(struct mag_range range, uint32_t slot, void *arg)
{
    const size_t *grain = arg;

    (void)slot;
    return range.end - range.begin <= *grain ? 0 : -EIO;
}

static void no_range_is_larger_than_a_given_grain(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (size_t grain = 1; grain < 200; grain += 7) {
        struct mag_for_options options = {.grain = grain};

        assert_int_equal(mag_for_with(sched, &options, NULL, 5, 2000, of_one, &grain), 0);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- from where, and by whom */

/* How many calls of `meet` have begun, and how many there will be. */
struct meeting {
    _Atomic(uint64_t) here;
    uint64_t all;
};

/* Ends once all calls run at the same time. */
static int meet(struct mag_range range, uint32_t slot, void *arg)
{
    struct meeting *meeting = arg;

    (void)range;
    (void)slot;
    (void)test_add(&meeting->here, 1);
    return test_wait_for(&meeting->here, meeting->all) ? 0 : -ETIMEDOUT;
}

static void as_many_workers_help_as_there_are_indices(void **state)
{
    (void)state;
    for (uint32_t workers = 2; workers <= 8; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t limit = 0; limit <= workers; limit += workers) {
            struct mag_for_options options = {.limit = limit, .grain = limit != 0};
            struct meeting meeting = {.all = workers};

            assert_int_equal(
                mag_for_with(sched, &options, NULL, 0, workers, meet, &meeting), 0);
        }
        mag_sched_destroy(sched);
    }
}

static int outer(struct mag_range range, uint32_t slot, void *arg)
{
    int error = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end && error == 0; i++)
        error = mag_for(NULL, i * 64, i * 64 + 64, indices_walk, arg);
    return error;
}

static void loops_nest(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(200); i++) {
            indices_init(&indices, 0, TEST_INDICES_MAX);
            assert_int_equal(mag_for(sched, 0, TEST_INDICES_MAX / 64, outer, &indices),
                             0);
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

static int inner_meet(struct mag_range range, uint32_t slot, void *arg)
{
    (void)range;
    (void)slot;
    return mag_for(NULL, 0, 2, meet, arg);
}

static void inner_loops_run_in_parallel(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct meeting meeting = {.all = 2};
    (void)state;

    assert_int_equal(mag_for(sched, 0, 1, inner_meet, &meeting), 0);
    mag_sched_destroy(sched);
}

/* Leaves a child waiting below the loop. */
/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(see, struct indices *, into)
static int see(struct mag_range range, uint32_t slot, struct indices *into)
{
    return indices_walk(range, slot, into);
}

MAG_FORKABLE(int, halves, size_t, begin, size_t, end)
static int halves(mag_fork w, size_t begin, size_t end)
{
    struct halves_child child;

    if (end - begin <= 256)
        return see_for_in(w, begin, end, &indices);
    child = halves_fork(&w, begin + (end - begin) / 2, end);
    int error = halves(w, begin, begin + (end - begin) / 2);
    return halves_join(&w, child) | error;
}

static void forked_functions_have_loops(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        int error = -1;

        for (uint32_t i = 0; i < test_rounds(200); i++) {
            indices_init(&indices, 0, TEST_INDICES_MAX);
            assert_int_equal(halves_run(sched, &error, 0, TEST_INDICES_MAX), 0);
            assert_int_equal(error, 0);
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

MAG_FORKABLE(int, with_options, struct mag_range *, ret_failed)
static int with_options(mag_fork w, struct mag_range *ret_failed)
{
    struct mag_for_options options = {.grain = 1};

    return mag_for_in(w, &options, ret_failed, 0, 100, indices_walk, &indices);
}

static void they_may_have_options(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_range failed = {0, 0};
    int error = 0;
    (void)state;

    indices_init(&indices, 0, 100);
    indices.bad[33] = true;
    assert_int_equal(with_options_run(sched, &error, &failed), 0);
    assert_int_equal(error, -EIO);
    assert_int_equal(failed.begin, 33);
    assert_int_equal(failed.end, 34);
    indices_once_until(&indices, 34);
    mag_sched_destroy(sched);
}

static struct mag_sched *ran_on;

static int tell_sched(struct mag_range range, uint32_t slot, void *arg)
{
    (void)range;
    (void)slot;
    (void)arg;
    ran_on = mag_sched_self();
    return 0;
}

static int on_the_own_one(struct mag_range range, uint32_t slot, void *arg)
{
    (void)range;
    (void)slot;
    return mag_for(NULL, 0, 1, tell_sched, arg);
}

static void without_a_scheduler_it_is_the_workers_own_or_the_default(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_sched *usual = NULL;
    (void)state;

    assert_int_equal(mag_for(sched, 0, 1, on_the_own_one, NULL), 0);
    assert_ptr_equal(ran_on, sched);
    assert_int_equal(mag_for(NULL, 0, 1, tell_sched, NULL), 0);
    assert_int_equal(mag_sched_default(&usual), 0);
    assert_ptr_equal(ran_on, usual);
    mag_sched_destroy(sched);
}

static void a_stopped_scheduler_calls_nobody(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    indices_init(&indices, 0, 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_for(sched, 0, 5, indices_walk, &indices), -ESHUTDOWN);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_given_to_one_body_once),
        cmocka_unit_test(a_loop_over_all_numbers_ends),
        cmocka_unit_test(an_empty_loop_calls_nothing),
        cmocka_unit_test(a_reversed_range_and_unknown_options_are_refused),
        cmocka_unit_test(a_single_worker_walks_in_the_serial_order),
        cmocka_unit_test(no_range_is_larger_than_a_given_grain),
        cmocka_unit_test(as_many_workers_help_as_there_are_indices),
        cmocka_unit_test(loops_nest),
        cmocka_unit_test(inner_loops_run_in_parallel),
        cmocka_unit_test(forked_functions_have_loops),
        cmocka_unit_test(they_may_have_options),
        cmocka_unit_test(without_a_scheduler_it_is_the_workers_own_or_the_default),
        cmocka_unit_test(a_stopped_scheduler_calls_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
