/*
 * Scans from several threads at once, inside loops, with grains and errors at random
 * places, while workers steal their blocks.  Each range gets the total before it, is
 * scanned once, and the first error in the order of indices is returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/indices.h"
#include "tests/support/sched/rows.h"

#include <magpie/scan.h>
#include <pthread.h>

/* NOLINTBEGIN(readability-function-size): name_scan_with has many parameters. */

enum { THREADS = 3, OUTER = 8 };

static void pause_at_random(size_t index)
{
    for (size_t i = index * 2654435761U % 200; i > 0; i--)
        test_pause();
}

MAG_SCAN(inner, struct test_row, struct indices *, indices)
static int inner(struct mag_range range, uint32_t slot, struct test_row *row,
                 struct indices *indices)
{
    bool right = test_row_is(row, 0, range.begin);

    pause_at_random(range.begin);
    test_row_add(row, range);
    int error = indices_walk(range, slot, indices);
    return right ? error : -EPROTO;
}
static int inner_fold(struct mag_range range, uint32_t slot, struct test_row *row,
                      struct indices *indices)
{
    (void)slot;
    (void)indices;
    pause_at_random(range.end);
    test_row_add(row, range);
    return 0;
}
static void inner_combine(struct test_row *row, const struct test_row *later)
{
    test_row_join(row, later);
}

/* The scans of one loop. */
struct storm {
    struct mag_sched *sched;
    uint64_t random;
    uint32_t rounds;
    uint64_t wrong;
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
    size_t first = 0;

    while (first < indices->count && !indices->bad[first])
        first++;
    if (error != (first < indices->count ? indices->error : 0) || failed.begin > first ||
        (error != 0 && failed.end <= first) ||
        !test_row_is(&row, 0, error == 0 ? indices->count : 0))
        return -EPROTO;
    for (size_t i = 0; i < indices->count; i++) {
        unsigned seen_times = indices_seen(indices, i);

        if (seen_times > 1 || (seen_times == 0 && i < failed.end))
            return -EPROTO;
    }
    return 0;
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
    uint64_t *random = &storm->random;

    for (uint32_t round = 0; test_goes_on(round, storm->rounds); round++) {
        for (size_t i = 0; i < OUTER; i++) {
            struct indices *indices = &storm->indices[i];

            indices_init(indices, 0, test_random_below(random, 300));
            if (test_random_below(random, 2) != 0)
                indices->bad[test_random_below(random, 600)] = true;
        }
        storm->wrong += mag_for(storm->sched, 0, OUTER, outer, storm) != 0;
    }
    return NULL;
}

static void run_storms(uint32_t workers)
{
    static struct storm storms[THREADS];
    struct mag_sched *sched = test_sched_start(workers);
    uint64_t random = test_seed();
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        storms[i].sched = sched;
        storms[i].random = test_random(&random) | 1;
        storms[i].rounds = test_rounds(1000);
        storms[i].wrong = 0;
        assert_int_equal(pthread_create(&threads[i], NULL, run_storm, &storms[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(storms[i].wrong, 0);
    }
    mag_sched_destroy(sched);
}

static void scans_of_many_threads_are_right(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++)
        run_storms(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
