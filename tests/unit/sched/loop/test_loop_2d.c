/*
 * Loops over blocks: each pair of a row and a column is in one block, blocks are as high
 * as they are wide, and the rest is as in loops over indices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/loop_2d.h>

enum { EDGE = 90 };

/* How often each pair was seen, of rows and columns from `first` on. */
struct pairs {
    struct mag_block whole;
    size_t most; /* pairs that a block may have */
    _Atomic(uint32_t) seen[EDGE][EDGE];
    size_t bad_row; /* its block fails */
};

static struct pairs pairs;

static void pairs_init(struct mag_block whole)
{
    pairs.whole = whole;
    pairs.most = SIZE_MAX;
    pairs.bad_row = SIZE_MAX;
    for (size_t row = 0; row < EDGE; row++) {
        for (size_t column = 0; column < EDGE; column++)
            atomic_init(&pairs.seen[row][column], 0);
    }
}

static size_t length(struct mag_range range)
{
    return range.end - range.begin;
}

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP_2D(see, struct pairs *, all)
static int see(struct mag_block block, uint32_t slot, struct pairs *all)
{
    (void)slot;
    if (length(block.rows) * length(block.columns) > all->most)
        return -E2BIG;
    for (size_t row = block.rows.begin; row < block.rows.end; row++) {
        if (row == all->bad_row)
            return -EIO;
        for (size_t column = block.columns.begin; column < block.columns.end; column++)
            /* relaxed: counters, read after the loop. */
            (void)atomic_fetch_add_explicit(&all->seen[row - all->whole.rows.begin]
                                                      [column - all->whole.columns.begin],
                                            1, memory_order_relaxed);
    }
    return 0;
}

static void all_were_seen_once(void)
{
    for (size_t row = 0; row < EDGE; row++) {
        for (size_t column = 0; column < EDGE; column++) {
            bool inside =
                row < length(pairs.whole.rows) && column < length(pairs.whole.columns);

            /* relaxed: the loop is over. */
            assert_int_equal(
                atomic_load_explicit(&pairs.seen[row][column], memory_order_relaxed),
                inside);
        }
    }
}

static struct mag_range random_range(uint64_t *random)
{
    size_t count = test_random_below(random, EDGE + 1);
    size_t begin = test_random_below(random, 2) != 0 ? test_random(random) / 2 : 0;

    return (struct mag_range){begin, begin + count};
}

static void each_pair_is_in_one_block(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(500); i++) {
            struct mag_for_options options = {.grain = i % 3 * 17 % 40};

            pairs_init((struct mag_block){random_range(&random), random_range(&random)});
            if (options.grain != 0)
                pairs.most = options.grain;
            assert_int_equal(see_for_with(sched, &options, pairs.whole, &pairs), 0);
            all_were_seen_once();
        }
        mag_sched_destroy(sched);
    }
}

static void rows_and_columns_are_counted_from_zero(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    pairs_init((struct mag_block){{0, 17}, {0, EDGE}});
    assert_int_equal(see_for(sched, 17, EDGE, &pairs), 0);
    all_were_seen_once();
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------- their shape */

struct shape {
    size_t blocks;
    size_t flat; /* blocks whose edges differ by more than four times */
};

static int measure(struct mag_block block, uint32_t slot, void *arg)
{
    struct shape *shape = arg;
    size_t rows = length(block.rows);
    size_t columns = length(block.columns);

    (void)slot;
    shape->blocks++;
    shape->flat += rows > 4 * columns || columns > 4 * rows;
    return 0;
}

static void blocks_are_nearly_square(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct mag_for_options options = {.grain = 1024};
    (void)state;

    for (size_t columns = 32; columns <= 32768; columns *= 4) {
        struct mag_block whole = {{5, 5 + 1048576 / columns}, {7, 7 + columns}};
        struct shape shape = {0, 0};

        assert_int_equal(mag_for_2d(sched, &options, whole, measure, &shape), 0);
        assert_true(shape.blocks >= 1024);
        assert_true(shape.flat * 100 <= shape.blocks);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- errors, and from where */

static void an_error_ends_the_loop(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    pairs_init((struct mag_block){{0, EDGE}, {0, EDGE}});
    pairs.bad_row = 40;
    assert_int_equal(see_for_with(sched, NULL, pairs.whole, &pairs), -EIO);
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, measure_all, struct shape *, shape)
static int measure_all(mag_fork w, struct shape *shape)
{
    struct mag_block whole = {{0, 64}, {0, 64}};
    struct mag_for_options options = {.grain = 64};

    return mag_for_2d_in(w, &options, whole, measure, shape);
}

static void an_untyped_body_runs_in_a_forked_function(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct shape shape = {0, 0};
    int error = -1;
    (void)state;

    assert_int_equal(measure_all_run(sched, &error, &shape), 0);
    assert_int_equal(error, 0);
    assert_true(shape.blocks >= 64);
    assert_int_equal(shape.flat, 0);
    mag_sched_destroy(sched);
}

static void reversed_ranges_and_too_many_pairs_are_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_block reversed = {{1, 0}, {0, 1}};
    struct mag_block across = {{0, 1}, {1, 0}};
    struct mag_block many = {{0, SIZE_MAX / 2}, {0, 3}};
    struct mag_block none = {{3, 3}, {0, SIZE_MAX}};
    (void)state;

    pairs_init(none);
    assert_int_equal(see_for_with(sched, NULL, reversed, &pairs), -EINVAL);
    assert_int_equal(see_for_with(sched, NULL, across, &pairs), -EINVAL);
    assert_int_equal(see_for_with(sched, NULL, many, &pairs), -EINVAL);
    assert_int_equal(see_for_with(sched, NULL, none, &pairs), 0);
    all_were_seen_once();
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, see_halves, struct pairs *, all)
static int see_halves(mag_fork w, struct pairs *all)
{
    struct mag_block left = all->whole;
    struct mag_block right = all->whole;
    struct mag_block reversed = {{1, 0}, {0, 1}};

    left.columns.end = right.columns.begin = EDGE / 2;
    return see_for_in(w, NULL, left, all) | see_for_in(w, NULL, right, all) |
           (see_for_in(w, NULL, reversed, all) != -EINVAL);
}

static void forked_functions_have_such_loops(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    int error = -1;
    (void)state;

    pairs_init((struct mag_block){{0, EDGE}, {0, EDGE}});
    assert_int_equal(see_halves_run(sched, &error, &pairs), 0);
    assert_int_equal(error, 0);
    all_were_seen_once();
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_is_in_one_block),
        cmocka_unit_test(rows_and_columns_are_counted_from_zero),
        cmocka_unit_test(blocks_are_nearly_square),
        cmocka_unit_test(an_untyped_body_runs_in_a_forked_function),
        cmocka_unit_test(an_error_ends_the_loop),
        cmocka_unit_test(reversed_ranges_and_too_many_pairs_are_refused),
        cmocka_unit_test(forked_functions_have_such_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
