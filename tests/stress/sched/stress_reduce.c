/*
 * Reductions from several threads at once, one inside another, plain and fixed, with
 * grains and errors at random places, while workers steal their parts.  Values are put
 * together in the order of the indices, and the first error in that order is returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/rows.h"
#include "tests/support/sched/storms.h"

#include <errno.h>
#include <magpie/reduce.h>

/* NOLINTBEGIN(readability-function-size): name_reduce_with has many parameters. */

enum { OUTER = 12 };

/* Fails at the index `bad`. */
static int add_row(struct mag_range range, struct test_row *row, size_t bad)
{
    test_pause_at(range.begin);
    test_row_add(row, range);
    return range.begin <= bad && bad < range.end ? -EIO : 0;
}

MAG_REDUCE(inner, struct test_row, size_t, bad)
static int inner(struct mag_range range, uint32_t slot, struct test_row *row, size_t bad)
{
    (void)slot;
    return add_row(range, row, bad);
}
TEST_ROW_COMBINE(inner)

MAG_REDUCE_FIXED(inner_fixed, struct test_row, size_t, bad)
static int inner_fixed(struct mag_range range, uint32_t slot, struct test_row *row,
                       size_t bad)
{
    (void)slot;
    return add_row(range, row, bad);
}
TEST_ROW_COMBINE(inner_fixed)

/* How the inner reductions of one outer one are. */
struct storm {
    struct test_storm common; /* first */
    size_t counts[OUTER];
    size_t bad[OUTER];
};

/* Runs an inner reduction and checks what it returns. */
static int run_inner(const struct storm *storm, size_t at)
{
    size_t count = storm->counts[at];
    size_t bad = storm->bad[at];
    struct mag_for_options options = {.grain = at % 5};
    struct mag_range failed = {0, 0};
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    int error =
        at % 2 ? inner_reduce_with(NULL, &options, &failed, &row, 0, count, bad)
               : inner_fixed_reduce_with(NULL, &options, &failed, &row, 0, count, bad);

    if (bad >= count)
        return error == 0 && test_row_is(&row, 0, count) ? 0 : -EPROTO;
    return error == -EIO && failed.begin <= bad && bad < failed.end &&
                   test_row_is(&row, 0, 0)
               ? 0
               : -EPROTO;
}

MAG_REDUCE(outer, struct test_row, const struct storm *, storm)
static int outer(struct mag_range range, uint32_t slot, struct test_row *row,
                 const struct storm *storm)
{
    int error = 0;

    (void)slot;
    test_row_add(row, range);
    for (size_t i = range.begin; i < range.end && error == 0; i++)
        error = run_inner(storm, i);
    return error;
}
TEST_ROW_COMBINE(outer)

static void *run_storm(void *arg)
{
    struct storm *storm = arg;

    for (uint32_t round = 0; test_goes_on(round, storm->common.rounds); round++) {
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        for (size_t i = 0; i < OUTER; i++) {
            storm->counts[i] = test_random_below(&storm->common.random, 300);
            storm->bad[i] = test_random_below(&storm->common.random, 600);
        }
        if (outer_reduce(storm->common.sched, &row, 0, OUTER, storm) != 0 ||
            !test_row_is(&row, 0, OUTER))
            storm->common.wrong++;
    }
    return NULL;
}

static void reductions_of_many_threads_are_right(void **state)
{
    static struct storm storms[TEST_STORM_THREADS];
    (void)state;

    test_storms(run_storm, storms, sizeof(storms[0]), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
