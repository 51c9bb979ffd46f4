/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/invoke.h>

/* NOLINTBEGIN(readability-function-size): loops with options have many parameters. */

enum { FUNCTIONS = 8 };

/* How often each function was called, and what each returns. */
struct calls {
    _Atomic(uint64_t) count[FUNCTIONS];
    int result[FUNCTIONS];
    _Atomic(uint64_t) here; /* functions that wait for each other */
    struct mag_for_stop stop;
};

static int call(struct calls *calls, int which)
{
    (void)test_add(&calls->count[which], 1);
    return calls->result[which];
}

#define CALL(number)                             \
    static int call##number(struct calls *calls) \
    {                                            \
        return call(calls, number);              \
    }

CALL(0)
CALL(1)
CALL(2)
CALL(3)
CALL(4)
CALL(5)
CALL(6)
CALL(7)

MAG_INVOKE(two, struct calls *, calls, call0, call1)
MAG_INVOKE(eight, struct calls *, calls, call0, call1, call2, call3, call4, call5, call6,
           call7)

static void calls_init(struct calls *calls)
{
    *calls = (struct calls){.result = {0}};
    for (int i = 0; i < FUNCTIONS; i++)
        atomic_init(&calls->count[i], 0);
    atomic_init(&calls->here, 0);
    atomic_init(&calls->stop.asked, false);
}

static void each_function_is_called_once(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct calls calls;

        for (uint32_t round = 0; round < test_rounds(1000); round++) {
            calls_init(&calls);
            assert_int_equal(two_invoke(sched, &calls), 0);
            assert_int_equal(eight_invoke(sched, &calls), 0);
            for (int i = 0; i < FUNCTIONS; i++)
                assert_int_equal(test_read(&calls.count[i]), i < 2 ? 2 : 1);
        }
        mag_sched_destroy(sched);
    }
}

static void the_first_error_in_the_order_of_the_list_is_returned(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (uint32_t round = 0; round < test_rounds(2000); round++) {
        unsigned bad = test_random_below(&random, FUNCTIONS);
        struct mag_for_options options = {.grain = 5};
        struct mag_range failed = {99, 99};
        struct calls calls;

        calls_init(&calls);
        calls.result[bad] = -EIO;
        calls.result[FUNCTIONS - 1] = bad == FUNCTIONS - 1 ? -EIO : -ENOSPC;
        assert_int_equal(eight_invoke_with(sched, &options, &failed, &calls), -EIO);
        assert_int_equal(failed.begin, bad);
        assert_int_equal(failed.end, bad + 1);
        for (unsigned i = 0; i < FUNCTIONS; i++)
            assert_true(test_read(&calls.count[i]) == 1 || i > bad);
    }
    mag_sched_destroy(sched);
}

static int ask_to_stop(struct calls *calls)
{
    mag_for_stop_ask(&calls->stop);
    return call(calls, 0);
}

MAG_INVOKE(stop, struct calls *, calls, ask_to_stop, call1, call2)

static void a_stop_keeps_functions_from_being_called(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct mag_range failed = {99, 99};
    struct calls calls;
    (void)state;

    calls_init(&calls);
    struct mag_for_options options = {.stop = &calls.stop};
    assert_int_equal(stop_invoke_with(sched, &options, &failed, &calls), -ECANCELED);
    assert_int_equal(failed.begin, 1);
    assert_int_equal(test_read(&calls.count[0]), 1);
    assert_int_equal(test_read(&calls.count[1]) + test_read(&calls.count[2]), 0);
    mag_sched_destroy(sched);
}

/* Waits until all three are here. */
static int meet(struct calls *calls)
{
    (void)test_add(&calls->here, 1);
    return test_wait_for(&calls->here, 3) ? 0 : -ETIMEDOUT;
}

MAG_INVOKE(three, struct calls *, calls, meet, meet, meet)

MAG_FORKABLE(int, invoke_all, struct calls *, calls)
static int invoke_all(mag_fork w, struct calls *calls)
{
    int error = eight_invoke_in(w, calls);

    return error != 0 ? error : three_invoke_in(w, calls);
}

static void other_workers_call_some_of_them(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(3);
    struct calls calls;
    int error = -1;
    (void)state;

    calls_init(&calls);
    assert_int_equal(invoke_all_run(sched, &error, &calls), 0);
    assert_int_equal(error, 0);
    for (int i = 0; i < FUNCTIONS; i++)
        assert_int_equal(test_read(&calls.count[i]), 1);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_is_called_once),
        cmocka_unit_test(the_first_error_in_the_order_of_the_list_is_returned),
        cmocka_unit_test(a_stop_keeps_functions_from_being_called),
        cmocka_unit_test(other_workers_call_some_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
