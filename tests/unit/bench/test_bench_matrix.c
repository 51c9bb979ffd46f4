/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/memory.h"
#include "bench/report/matrix.h"
#include "tests/support/bench/written.h"
#include "tests/support/cmocka.h"

#include <magpie/topology.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 1024 };

/* Two nodes, of which the second one has no CPUs; the far link was measured. */
static struct bench_matrix sample(void)
{
    struct bench_matrix matrix;

    assert_int_equal(bench_matrix_init(&matrix, 2), 0);
    matrix.bytes = 1048576;
    matrix.os_index[1] = 5;
    *bench_matrix_link(&matrix, 0, 0) = (struct bench_link){40, 90.5};
    *bench_matrix_link(&matrix, 0, 1) = (struct bench_link){20.25, 150};
    return matrix;
}

TEST_WRITTEN_BY(written_by, bench_matrix)

static void every_pair_of_nodes_with_cpus_and_memory_is_measured(void **state)
{
    struct bench_matrix matrix;
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    assert_int_equal(
        bench_matrix_measure(&matrix, (uint64_t)LINES * BENCH_MATRIX_LINE + 1), 0);

    assert_int_equal(matrix.nodes, mag_topology_nodes(topology));
    assert_int_equal(matrix.bytes, (uint64_t)LINES * BENCH_MATRIX_LINE);
    if (matrix.nodes == 1) {
        assert_true(bench_matrix_link(&matrix, 0, 0)->latency_ns > 0);
        assert_true(bench_matrix_link(&matrix, 0, 0)->gb_per_s > 0);
    }
    bench_matrix_free(&matrix);
    mag_topology_free(topology);
}

static void a_matrix_survives_json(void **state)
{
    struct bench_matrix matrix = sample();
    struct bench_matrix again = {0};
    json_t *json = bench_matrix_to_json(&matrix);
    (void)state;

    assert_non_null(json);
    assert_true(bench_matrix_from_json(json, &again));

    assert_int_equal(again.nodes, 2);
    assert_int_equal(again.bytes, matrix.bytes);
    assert_int_equal(again.os_index[1], 5);
    assert_memory_equal(again.links, matrix.links, 4 * sizeof(*matrix.links));
    json_decref(json);
    bench_matrix_free(&again);
    bench_matrix_free(&matrix);
}

static void json_that_is_no_matrix_is_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        "[1]",
        "{\"nodes\": [], \"links\": []}",
        "{\"nodes\": [0]}",
        "{\"nodes\": [0], \"links\": [{\"from\": 0, \"to\": 1}]}",
        "{\"nodes\": [0], \"links\": [{\"from\": -1, \"to\": 0}]}",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench_matrix matrix = {0};
        json_t *json = json_loads(cases[i], 0, NULL);

        assert_non_null(json);
        if (bench_matrix_from_json(json, &matrix))
            fail_msg("%s is taken for a matrix", cases[i]);
        bench_matrix_free(&matrix);
        json_decref(json);
    }
}

static void the_tables_name_nodes_as_the_system_does(void **state)
{
    struct bench_matrix matrix = sample();
    char *text = written_by(bench_matrix_print, &matrix);
    (void)state;

    has(text, "bandwidth, GB/s\n"
              "CPUs of \\ memory     node 0     node 5\n"
              "node 0                 40.0       20.2\n"
              "node 5                    -          -\n");
    has(text, "node 0                 90.5        150\n");
    free(text);
    bench_matrix_free(&matrix);
}

static void the_page_colours_good_links_more(void **state)
{
    struct bench_matrix matrix = sample();
    char *text = written_by(bench_html_matrix, &matrix);
    (void)state;

    /* The near link is the best of both figures, the far one the worst. */
    has(text, "var(--accent) 60%,var(--card))\">40.0</td>");
    has(text, "var(--accent) 10%,var(--card))\">20.2</td>");
    has(text, "var(--accent) 60%,var(--card))\">90.5</td>");
    has(text, "var(--accent) 10%,var(--card))\">150</td>");
    has(text, "<td>-</td>");
    free(text);
    bench_matrix_free(&matrix);
}

static void without_a_matrix_nothing_is_shown(void **state)
{
    struct bench_matrix none = {0};
    char *text = written_by(bench_html_matrix, &none);
    char *table = written_by(bench_matrix_print, &none);
    (void)state;

    assert_string_equal(text, "");
    assert_string_equal(table, "");
    free(text);
    free(table);
}

static void a_chain_is_one_ring_of_all_lines(void **state)
{
    struct kernel_line *lines = calloc(LINES, sizeof(*lines));
    uint64_t in_order = 0;
    (void)state;

    assert_non_null(lines);
    for (uint64_t count = 1; count <= LINES; count = count < 5 ? count + 1 : 2 * count) {
        kernel_chain_make(lines, count);
        assert_int_equal(kernel_chain_lap(lines, count), count);
        assert_int_equal(kernel_chain_walk(lines, 0, count), 0);
    }
    kernel_chain_make(lines, LINES);
    for (uint64_t i = 0; i < LINES; i++)
        in_order += lines[i].next == i + 1;
    assert_true(in_order < LINES / 16);
    /* A ring that leaves lines out. */
    lines[lines[0].next].next = 0;
    assert_int_equal(kernel_chain_lap(lines, LINES), 2);
    free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_nodes_with_cpus_and_memory_is_measured),
        cmocka_unit_test(a_matrix_survives_json),
        cmocka_unit_test(json_that_is_no_matrix_is_refused),
        cmocka_unit_test(the_tables_name_nodes_as_the_system_does),
        cmocka_unit_test(the_page_colours_good_links_more),
        cmocka_unit_test(without_a_matrix_nothing_is_shown),
        cmocka_unit_test(a_chain_is_one_ring_of_all_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
