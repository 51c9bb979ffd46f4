/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/nqueens.h"
#include "bench/sim/graph.h"
#include "tests/support/cmocka.h"

#include <math.h>

enum { QUEENS = 9 };

static const struct sim_graph *const graphs[] = {&sim_graph_fib,      &sim_graph_skynet,
                                                 &sim_graph_nqueens,  &sim_graph_uts,
                                                 &sim_graph_cilksort, &sim_graph_heat};
static const uint64_t sizes[] = {27, 100000, QUEENS, 1, 300000, 256};

enum { GRAPHS = sizeof(sizes) / sizeof(sizes[0]) };

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static double forks_of(const struct sim_graph *graph, uint64_t size)
{
    double forks = -1;

    assert_true(sim_graph_forks(graph, size, &forks));
    return forks;
}

static void a_calibrated_workload_takes_the_time_of_its_serial_run(void **state)
{
    const double serial_ns = 12345678;
    (void)state;

    for (int i = 0; i < GRAPHS; i++) {
        struct sim_costs costs;
        struct sim_shape shape;

        sim_costs_default(&costs);
        assert_true(sim_graph_calibrate(graphs[i], sizes[i], serial_ns, &costs));
        double forks_ns = forks_of(graphs[i], sizes[i]) * costs.ns[SIM_FORK];
        assert_true(sim_graph_measure(graphs[i], sizes[i], &costs, &shape));
        assert_true(is_near(shape.work_ns, serial_ns + forks_ns));
    }
}

static void calibration_keeps_the_ratio_of_the_costs_and_leaves_the_others(void **state)
{
    struct sim_costs before;
    struct sim_costs after;
    (void)state;

    sim_costs_default(&before);
    after = before;
    assert_true(sim_graph_calibrate(&sim_graph_cilksort, 300000, 1e9, &after));
    assert_true(is_near(after.ns[SIM_SORT] / before.ns[SIM_SORT],
                        after.ns[SIM_MERGE] / before.ns[SIM_MERGE]));
    for (int i = 0; i < SIM_COSTS; i++) {
        if (i != SIM_SORT && i != SIM_MERGE)
            assert_true(is_near(after.ns[i], before.ns[i]));
    }
}

static void fixed_work_is_left_as_it_is(void **state)
{
    struct sim_costs before;
    struct sim_costs after;
    (void)state;

    sim_costs_default(&before);
    after = before;
    assert_true(sim_graph_calibrate(&sim_graph_loop, 1000, 1e9, &after));
    assert_memory_equal(&before, &after, sizeof(before));
}

/* As the function forks: all children of a board but the last. */
static double queens_forks(uint32_t full, uint32_t taken, uint32_t rising,
                           uint32_t falling)
{
    uint32_t free = kernel_queens_free(full, taken, rising, falling);
    double forks = 0;

    for (; free != 0; free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);

        forks += kernel_queens_rest(free) != 0;
        forks += queens_forks(full, taken | queen, kernel_queens_rising(rising, queen),
                              kernel_queens_falling(falling, queen));
    }
    return forks;
}

static void forks_inside_functions_that_are_one_are_counted(void **state)
{
    (void)state;

    /* fib(20) has fib(21) = 10946 leaves. */
    assert_true(is_near(forks_of(&sim_graph_fib, 20), 10945));
    assert_true(is_near(forks_of(&sim_graph_skynet, 10000), 11110));
    assert_true(is_near(forks_of(&sim_graph_nqueens, QUEENS),
                        queens_forks(kernel_queens_full(QUEENS), 0, 0, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calibrated_workload_takes_the_time_of_its_serial_run),
        cmocka_unit_test(calibration_keeps_the_ratio_of_the_costs_and_leaves_the_others),
        cmocka_unit_test(fixed_work_is_left_as_it_is),
        cmocka_unit_test(forks_inside_functions_that_are_one_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
