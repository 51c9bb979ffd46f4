/*
 * Fixed reductions: the result has the same bits for any number of workers, and is that
 * of the documented tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/reduce.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(readability-function-size): name_reduce_with has many parameters. */

MAG_REDUCE_FIXED(sum, float, const float *, values)
static int sum(struct mag_range range, uint32_t slot, float *total, const float *values)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        *total += values[i];
    return 0;
}
static void sum_combine(float *total, const float *later)
{
    *total += *later;
}

static size_t leaf_of(size_t count, size_t grain)
{
    size_t leaf = (count + MAG_REDUCE_LEAVES - 1) / MAG_REDUCE_LEAVES;

    if (grain != 0)
        return grain;
    return leaf > MAG_REDUCE_LEAF ? leaf : MAG_REDUCE_LEAF;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The sum of leaves `from` to `from + span` - 1, `span` being a power of two, as far as
 * there are so many.  A leaf beyond the last one is no operand. */
static float tree_sum(const float *values, size_t count, size_t leaf, struct mag_range at)
{
    size_t half = (at.end - at.begin) / 2;
    size_t middle = at.begin + half;

    if (half == 0) {
        float total = 0;

        for (size_t i = at.begin * leaf; i < smaller(at.end * leaf, count); i++)
            total += values[i];
        return total;
    }
    float total = tree_sum(values, count, leaf, (struct mag_range){at.begin, middle});

    if (middle * leaf >= count)
        return total;
    return total + tree_sum(values, count, leaf, (struct mag_range){middle, at.end});
}

static float expected(const float *values, size_t count, size_t grain)
{
    size_t leaf = leaf_of(count, grain);
    size_t span = 1;

    while (span * leaf < count)
        span *= 2;
    return count == 0 ? 0 : tree_sum(values, count, leaf, (struct mag_range){0, span});
}

enum { COUNT = 3000000 };

static float *new_values(uint64_t *random)
{
    float *values = malloc(COUNT * sizeof(*values));

    assert_non_null(values);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (float)(test_random(random) % 1000000) / 7.0F - 70000.0F;
    return values;
}

static void the_result_has_the_bits_of_the_documented_tree(void **state)
{
    uint64_t random = test_seed();
    float *values = new_values(&random);
    (void)state;

    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(200); i++) {
            bool many = i % 20 == 1; /* so many that leaves are larger */
            size_t count = many    ? COUNT - test_random(&random) % 1000000
                           : i % 2 ? test_random(&random) % 100001
                                   : test_random(&random) % 2001;
            struct mag_for_options options = {
                .grain = i % 3 ? 0 : test_random(&random) % 2000 + 1};
            float total = 0;
            float right = expected(values, count, options.grain);

            assert_int_equal(
                sum_reduce_with(sched, &options, NULL, &total, 0, count, values), 0);
            assert_memory_equal(&total, &right, sizeof(total));
        }
        mag_sched_destroy(sched);
    }
    free(values);
}

/* How many calls there were; values of a leaf that stands for all numbers. */
MAG_REDUCE_FIXED(tally, uint64_t, void)
static int tally(struct mag_range range, uint32_t slot, uint64_t *total)
{
    (void)slot;
    *total += range.end - range.begin;
    return 0;
}
static void tally_combine(uint64_t *total, const uint64_t *later)
{
    *total += *later;
}

static void a_reduction_over_all_numbers_ends(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_for_options options = {.grain = SIZE_MAX};
    uint64_t total = 0;
    (void)state;

    assert_int_equal(tally_reduce(sched, &total, 0, SIZE_MAX), 0);
    assert_int_equal(total, SIZE_MAX);
    total = 0;
    assert_int_equal(tally_reduce_with(sched, &options, NULL, &total, 0, SIZE_MAX), 0);
    assert_int_equal(total, SIZE_MAX);
    options.grain = SIZE_MAX / 3;
    total = 0;
    assert_int_equal(tally_reduce_with(sched, &options, NULL, &total, 1, SIZE_MAX), 0);
    assert_int_equal(total, SIZE_MAX - 1);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_has_the_bits_of_the_documented_tree),
        cmocka_unit_test(a_reduction_over_all_numbers_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
