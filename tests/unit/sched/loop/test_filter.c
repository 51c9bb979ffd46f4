/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/filter.h>
#include <stdlib.h>

/* NOLINTBEGIN(readability-function-size): name_partition_with has many parameters. */

enum { ITEMS = 200000 };

struct item {
    uint32_t number; /* its place */
    uint32_t key;
};

struct arrays {
    struct item from[ITEMS];
    struct item into[ITEMS];
    struct item others[ITEMS];
};

MAG_FILTER(is_below, struct item, uint32_t, limit)
static bool is_below(const struct item *item, uint32_t limit)
{
    return item->key < limit;
}

static struct arrays *new_arrays(uint64_t *random)
{
    struct arrays *arrays = malloc(sizeof(*arrays));

    assert_non_null(arrays);
    for (uint32_t i = 0; i < ITEMS; i++)
        arrays->from[i] = (struct item){i, test_random_below(random, 1000)};
    return arrays;
}

/* Spoils what a filter is to write. */
static void clear(struct arrays *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++)
        arrays->into[i].number = arrays->others[i].number = UINT32_MAX;
}

/* Whether `into` has the items below the limit, and `others`, unless it was not asked
 * for, the others, both in their order, and nothing else was written. */
static bool is_right(const struct arrays *arrays, size_t count, uint32_t limit,
                     bool with_others)
{
    size_t kept = 0;
    size_t other = 0;

    for (size_t i = 0; i < count; i++) {
        const struct item *item = &arrays->from[i];

        if (item->key < limit && arrays->into[kept++].number != i)
            return false;
        if (item->key >= limit && with_others && arrays->others[other++].number != i)
            return false;
    }
    return (kept == count || arrays->into[kept].number == UINT32_MAX) &&
           (other == count || arrays->others[other].number == UINT32_MAX);
}

static size_t count_below(const struct arrays *arrays, size_t count, uint32_t limit)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        kept += arrays->from[i].key < limit;
    return kept;
}

static void items_are_divided_and_keep_their_order(void **state)
{
    uint64_t random = test_seed();
    struct arrays *arrays = new_arrays(&random);
    (void)state;

    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(300); i++) {
            size_t count = test_random_below(&random, i % 4 ? 2000 : ITEMS + 1);
            uint32_t limit = i % 7 == 0 ? 0 : test_random_below(&random, 1001);
            struct mag_for_options options = {.grain =
                                                  i % 4 ? test_random(&random) % 100 : 0};
            size_t kept = SIZE_MAX;
            bool with_others = i % 3 != 0;

            clear(arrays, count);
            if (i % 3 == 0)
                assert_int_equal(is_below_filter(sched, arrays->into, &kept, arrays->from,
                                                 count, limit),
                                 0);
            else if (i % 3 == 1)
                assert_int_equal(is_below_partition(sched, arrays->into, arrays->others,
                                                    &kept, arrays->from, count, limit),
                                 0);
            else
                assert_int_equal(is_below_partition_with(sched, &options, arrays->into,
                                                         arrays->others, &kept,
                                                         arrays->from, count, limit),
                                 0);
            assert_int_equal(kept, count_below(arrays, count, limit));
            assert_true(is_right(arrays, count, limit, with_others));
        }
        mag_sched_destroy(sched);
    }
    free(arrays);
}

static void an_error_tells_no_count(void **state)
{
    uint64_t random = test_seed();
    struct arrays *arrays = new_arrays(&random);
    struct mag_sched *sched = test_sched_start(2);
    struct mag_for_stop stop;
    struct mag_for_options options = {.stop = &stop};
    size_t kept = 77;
    (void)state;

    atomic_init(&stop.asked, false);
    mag_for_stop_ask(&stop);
    assert_int_equal(is_below_partition_with(sched, &options, arrays->into, NULL, &kept,
                                             arrays->from, 100, 5),
                     -ECANCELED);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(is_below_filter(sched, arrays->into, &kept, arrays->from, 100, 5),
                     -ESHUTDOWN);
    assert_int_equal(kept, 77);
    mag_sched_destroy(sched);
    free(arrays);
}

MAG_FORKABLE(int, filter_in_fork, struct arrays *, arrays, size_t *, ret_kept)
static int filter_in_fork(mag_fork w, struct arrays *arrays, size_t *ret_kept)
{
    int error = is_below_filter_in(w, arrays->into, ret_kept, arrays->from, ITEMS, 500);

    return error != 0 ? error
                      : is_below_partition_in(w, arrays->into, arrays->others, ret_kept,
                                              arrays->from, ITEMS, 500);
}

static void forked_functions_filter(void **state)
{
    uint64_t random = test_seed();
    struct arrays *arrays = new_arrays(&random);
    struct mag_sched *sched = test_sched_start(2);
    size_t kept = 0;
    int error = -1;
    (void)state;

    clear(arrays, ITEMS);
    assert_int_equal(filter_in_fork_run(sched, &error, arrays, &kept), 0);
    assert_int_equal(error, 0);
    assert_int_equal(kept, count_below(arrays, ITEMS, 500));
    assert_true(is_right(arrays, ITEMS, 500, true));
    mag_sched_destroy(sched);
    free(arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_divided_and_keep_their_order),
        cmocka_unit_test(an_error_tells_no_count),
        cmocka_unit_test(forked_functions_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */
