/*
 * Scans from several threads at once, inside loops, with grains and errors at random
 * places, while workers steal their blocks.  Each range gets the total before it, is
 * scanned once, and the first error in the order of indices is returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/indices.h"
#include "tests/support/sched/rows.h"
#include "tests/support/sched/storms.h"

#include <magpie/scan.h>

/* NOLINTBEGIN(readability-function-size): name_scan_with has many parameters. */

enum { OUTER = 8 };

MAG_SCAN(inner, struct test_row, struct indices *, indices)
static int inner(struct mag_range range, uint32_t slot, struct test_row *row,
                 struct indices *indices)
{
    bool right = test_row_is(row, 0, range.begin);

    test_pause_at(range.begin);
    test_row_add(row, range);
    int error = indices_walk(range, slot, indices);
    return right ? error : -EPROTO;
}
static int inner_fold(struct mag_range range, uint32_t slot, struct test_row *row,
                      struct indices *indices)
{
    (void)slot;
    (void)indices;
    test_pause_at(range.end);
    test_row_add(row, range);
    return 0;
}
TEST_ROW_COMBINE(inner)

/* The scans of one loop. */
struct storm {
    struct test_storm common; /* first */
    struct indices indices[OUTER];
};

/* Runs a scan and checks what it returns. */
static int run_inner(struct indices *indices, size_t grain)
{
    struct mag_for_options options = {.grain = grain};
    struct mag_range failed = {indices->count, indices->count};
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    int error =
        inner_scan_with(NULL, &options, &failed, &row, 0, indices->count, indices);

    return indices_are_right(indices, error, failed) &&
                   test_row_is(&row, 0, error == 0 ? indices->count : 0)
               ? 0
               : -EPROTO;
}

static int outer(struct mag_range range, uint32_t slot, void *arg)
{
    struct storm *storm = arg;
    int error = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end && error == 0; i++)
        error = run_inner(&storm->indices[i], i % 5);
    return error;
}

static void *run_storm(void *arg)
{
    struct storm *storm = arg;
    uint64_t *random = &storm->common.random;

    for (uint32_t round = 0; test_goes_on(round, storm->common.rounds); round++) {
        for (size_t i = 0; i < OUTER; i++) {
            struct indices *indices = &storm->indices[i];

            indices_init(indices, 0, test_random_below(random, 300));
            if (test_random_below(random, 2) != 0)
                indices->bad[test_random_below(random, 600)] = true;
        }
        storm->common.wrong += mag_for(storm->common.sched, 0, OUTER, outer, storm) != 0;
    }
    return NULL;
}

static void scans_of_many_threads_are_right(void **state)
{
    static struct storm storms[TEST_STORM_THREADS];
    (void)state;

    test_storms(run_storm, storms, sizeof(storms[0]), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
