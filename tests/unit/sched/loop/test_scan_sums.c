/*
 * Running sums, inclusive and exclusive, beside those of a plain loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/scan.h>
#include <stdlib.h>

/* NOLINTBEGIN(readability-function-size): name_scan_with has many parameters. */

enum { NUMBERS = 300000 };

struct numbers {
    uint32_t in[NUMBERS];
    uint64_t out[NUMBERS];
};

MAG_SCAN(include, uint64_t, struct numbers *, numbers)
static int include(struct mag_range range, uint32_t slot, uint64_t *total,
                   struct numbers *numbers)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        numbers->out[i] = *total += numbers->in[i];
    return 0;
}
static int include_fold(struct mag_range range, uint32_t slot, uint64_t *total,
                        struct numbers *numbers)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        *total += numbers->in[i];
    return 0;
}
static void include_combine(uint64_t *total, const uint64_t *later)
{
    *total += *later;
}

MAG_SCAN(exclude, uint64_t, struct numbers *, numbers)
static int exclude(struct mag_range range, uint32_t slot, uint64_t *total,
                   struct numbers *numbers)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        numbers->out[i] = *total;
        *total += numbers->in[i];
    }
    return 0;
}
static int exclude_fold(struct mag_range range, uint32_t slot, uint64_t *total,
                        struct numbers *numbers)
{
    return include_fold(range, slot, total, numbers);
}
static void exclude_combine(uint64_t *total, const uint64_t *later)
{
    *total += *later;
}

/* Whether `out` has the sums of the first `count` numbers: with each number, or before
 * it. */
static bool sums_are_right(const struct numbers *numbers, size_t count, bool inclusive)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t before = total;

        total += numbers->in[i];
        if (numbers->out[i] != (inclusive ? total : before))
            return false;
    }
    return true;
}

static void sums_are_those_of_a_plain_loop(void **state)
{
    uint64_t random = test_seed();
    struct numbers *numbers = malloc(sizeof(*numbers));
    (void)state;

    assert_non_null(numbers);
    for (size_t i = 0; i < NUMBERS; i++)
        numbers->in[i] = (uint32_t)test_random(&random);
    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(200); i++) {
            size_t count = test_random_below(&random, i % 4 < 2 ? NUMBERS : 1000) + 1;
            uint64_t total = 0;
            bool inclusive = i % 2 != 0;

            assert_int_equal(inclusive ? include_scan(sched, &total, 0, count, numbers)
                                       : exclude_scan(sched, &total, 0, count, numbers),
                             0);
            assert_true(sums_are_right(numbers, count, inclusive));
        }
        mag_sched_destroy(sched);
    }
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_a_plain_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
