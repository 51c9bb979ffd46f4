/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/grid.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdbool.h>

enum { TASKS = 256, WIDTH = 16 };

static struct kernel_grid *grid_of(enum kernel_pattern pattern)
{
    struct kernel_grid *grid = kernel_grid_new(pattern, TASKS, 1);

    assert_non_null(grid);
    assert_int_equal(grid->width, WIDTH);
    assert_int_equal(grid->steps, TASKS / WIDTH);
    return grid;
}

/* Whether task i of step t depends on that one of the step above. */
static bool depends(const struct kernel_grid *grid, uint32_t t, uint32_t i, uint32_t on)
{
    uint32_t task = t * WIDTH + i;

    for (uint32_t k = grid->first[task]; k < grid->first[task + 1]; k++) {
        if (grid->inputs[k] == (t - 1) * WIDTH + on)
            return true;
    }
    return false;
}

static uint32_t inputs_of(const struct kernel_grid *grid, uint32_t t, uint32_t i)
{
    uint32_t task = t * WIDTH + i;

    return grid->first[task + 1] - grid->first[task];
}

static void the_patterns_are_those_of_the_paper(void **state)
{
    /* Of task i of step t: so many inputs, and one of them. */
    static const struct {
        enum kernel_pattern pattern;
        uint32_t t, i, count, one;
    } cases[] = {
        {KERNEL_GRID_NO_COMM, 3, 5, 1, 5},   {KERNEL_GRID_STENCIL, 3, 5, 3, 6},
        {KERNEL_GRID_STENCIL, 3, 0, 2, 1},   {KERNEL_GRID_PERIODIC, 3, 0, 3, 15},
        {KERNEL_GRID_PERIODIC, 3, 15, 3, 0}, {KERNEL_GRID_SWEEP, 3, 5, 2, 4},
        {KERNEL_GRID_SWEEP, 3, 0, 1, 0},     {KERNEL_GRID_TREE, 3, 5, 1, 2},
        {KERNEL_GRID_FFT, 1, 4, 3, 5},       {KERNEL_GRID_FFT, 4, 4, 2, 12},
        {KERNEL_GRID_FFT, 5, 4, 3, 3},       {KERNEL_GRID_ALL, 1, 0, 16, 15},
        {KERNEL_GRID_NEAREST, 2, 8, 5, 10},  {KERNEL_GRID_SPREAD, 2, 8, 5, 13},
    };
    (void)state;

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct kernel_grid *grid = grid_of(cases[k].pattern);

        assert_int_equal(inputs_of(grid, cases[k].t, cases[k].i), cases[k].count);
        assert_true(depends(grid, cases[k].t, cases[k].i, cases[k].one));
        kernel_grid_free(grid);
    }
}

static void inputs_are_of_the_step_above_and_none_twice(void **state)
{
    (void)state;

    for (uint32_t pattern = 0; pattern < KERNEL_GRID_PATTERNS; pattern++) {
        struct kernel_grid *grid = grid_of((enum kernel_pattern)pattern);

        for (uint32_t task = 0; task < TASKS; task++) {
            uint32_t count = grid->first[task + 1] - grid->first[task];

            if (task < WIDTH || pattern == KERNEL_GRID_TRIVIAL)
                assert_int_equal(count, 0);
            else
                assert_in_range(count, 1, pattern == KERNEL_GRID_ALL ? WIDTH : 5);
            for (uint32_t k = grid->first[task]; k < grid->first[task + 1]; k++) {
                assert_int_equal(grid->inputs[k] / WIDTH, task / WIDTH - 1);
                for (uint32_t j = grid->first[task]; j < k; j++)
                    assert_true(grid->inputs[j] != grid->inputs[k]);
            }
        }
        kernel_grid_free(grid);
    }
}

static void only_powers_of_two_fit(void **state)
{
    (void)state;

    assert_true(kernel_grid_fits(64));
    assert_true(kernel_grid_fits(UINT64_C(1) << 24));
    assert_false(kernel_grid_fits(32));
    assert_false(kernel_grid_fits(96));
    assert_false(kernel_grid_fits(UINT64_C(1) << 25));
}

static int in_order(void *arg)
{
    struct kernel_grid *grid = arg;

    for (uint32_t task = 0; task < TASKS; task++)
        kernel_grid_task(grid, task);
    return 0;
}

static int backwards(void *arg)
{
    struct kernel_grid *grid = arg;

    for (uint32_t task = TASKS; task > 0; task--)
        kernel_grid_task(grid, task - 1);
    return 0;
}

static int broken(void *arg)
{
    (void)arg;
    return -EIO;
}

static void tasks_in_order_are_right_and_others_are_noticed(void **state)
{
    struct kernel_grid *grid = grid_of(KERNEL_GRID_STENCIL);
    double seconds = 0;
    (void)state;

    assert_int_equal(kernel_grid_metg(grid, in_order, grid, &seconds), 0);
    assert_int_equal(grid->right, TASKS);
    assert_true(seconds > 0);
    /* Those of the first step need nothing, and the last of a column nobody. */
    assert_int_equal(kernel_grid_metg(grid, backwards, grid, &seconds), 0);
    assert_int_equal(grid->right, WIDTH);
    kernel_grid_free(grid);
}

static void an_error_of_the_run_is_returned(void **state)
{
    struct kernel_grid *grid = grid_of(KERNEL_GRID_TRIVIAL);
    double seconds = 7;
    (void)state;

    assert_int_equal(kernel_grid_metg(grid, broken, grid, &seconds), -EIO);
    assert_float_equal(seconds, 7, 0);
    kernel_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_patterns_are_those_of_the_paper),
        cmocka_unit_test(inputs_are_of_the_step_above_and_none_twice),
        cmocka_unit_test(only_powers_of_two_fit),
        cmocka_unit_test(tasks_in_order_are_right_and_others_are_noticed),
        cmocka_unit_test(an_error_of_the_run_is_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
