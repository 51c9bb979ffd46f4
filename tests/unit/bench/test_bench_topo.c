/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/topo.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

/* The drawing of a described machine, to be freed. */
static char *drawing_of(enum mag_topology_kind kind, const char *machine,
                        enum mag_placement placement, uint32_t workers)
{
    struct mag_topology *topology = NULL;
    struct mag_plan *plan = NULL;
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(mag_topology_load(kind, machine, &topology), 0);
    assert_int_equal(mag_plan_make(topology, placement, workers, NULL, 0, &plan), 0);
    const struct bench_topo topo = {.topology = topology,
                                    .plan = plan,
                                    .source = "made up",
                                    .placement = mag_placement_name(placement)};

    bench_topo_draw(out, &topo);
    (void)fclose(out);
    mag_plan_free(plan);
    mag_topology_free(topology);
    return text;
}

static void a_machine_is_drawn_with_workers_under_their_pus(void **state)
{
    char *text =
        drawing_of(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:2 pu:2", MAG_PLACE_PER_CORE, 0);
    (void)state;

    assert_string_equal(text, "made up: 2 nodes, 4 cores, 8 PUs\n"
                              "\n"
                              "package 0\n"
                              "  node 0, 1.00 GiB\n"
                              "    cache 0    [0 1] [2 3]\n"
                              "    workers     0     1\n"
                              "  node 1, 1.00 GiB\n"
                              "    cache 0    [4 5] [6 7]\n"
                              "    workers     2     3\n"
                              "\n"
                              "node distances\n"
                              "          0   1\n"
                              "     0   10  20\n"
                              "     1   20  10\n"
                              "\n"
                              "4 workers, placed per-core; a box is a core, its numbers "
                              "are PUs\n");
    free(text);
}

static void pus_without_workers_have_no_line_below(void **state)
{
    char *text = drawing_of(MAG_TOPOLOGY_SYNTHETIC, "pack:2 l3:1 core:1 pu:1",
                            MAG_PLACE_COMPACT, 1);
    (void)state;

    assert_non_null(strstr(text, "    cache 0    [0]\n    workers     0\n"));
    assert_non_null(strstr(text, "    cache 1    [1]\n\n"));
    free(text);
}

static void several_workers_on_a_pu_are_counted(void **state)
{
    char *text = drawing_of(MAG_TOPOLOGY_SYNTHETIC, "core:1 pu:1", MAG_PLACE_PER_CORE, 3);
    (void)state;

    assert_non_null(strstr(text, "    cache 0    [  0]\n    workers     0+2\n"));
    free(text);
}

static void the_kinds_of_a_hybrid_machine_are_named(void **state)
{
    char *text =
        drawing_of(MAG_TOPOLOGY_XML, MAG_SOURCE_DIR "/tests/topologies/hybrid.xml",
                   MAG_PLACE_PER_CORE, 0);
    char *same = drawing_of(MAG_TOPOLOGY_SYNTHETIC, "core:2 pu:1", MAG_PLACE_COMPACT, 0);
    (void)state;

    assert_non_null(strstr(text, "    cores of kind 0, the slowest\n"
                                 "    cache 0    [0] [1] [2] [3]\n"));
    assert_non_null(strstr(text, "    cores of kind 1\n"
                                 "    cache 0    [4 5] [6 7]\n"));
    assert_null(strstr(same, "kind"));
    free(text);
    free(same);
}

static void a_long_line_is_folded_between_cores(void **state)
{
    char *text =
        drawing_of(MAG_TOPOLOGY_SYNTHETIC, "l3:1 core:40 pu:2", MAG_PLACE_PER_PU, 0);
    (void)state;

    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        assert_true(length <= 80);
        assert_true(length == 0 || line[length - 1] != ' ');
        line += length + 1;
    }
    assert_non_null(strstr(text, "               [16 17]"));
    assert_non_null(strstr(text, "[78 79]\n"));
    free(text);
}

static void json_has_every_pu_and_every_worker(void **state)
{
    struct mag_topology *topology = NULL;
    struct mag_plan *plan = NULL;
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    uint32_t pus = 0;
    (void)state;

    assert_non_null(out);
    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:3 pu:2", &topology), 0);
    assert_int_equal(mag_plan_make(topology, MAG_PLACE_PER_CORE, 0, NULL, 0, &plan), 0);
    const struct bench_topo topo = {
        .topology = topology, .plan = plan, .source = "made up", .placement = "per-core"};

    assert_int_equal(bench_topo_json(out, &topo), 0);
    (void)fclose(out);
    for (const char *at = text; (at = strstr(at, "\"kind\"")) != NULL; at++)
        pus++;
    assert_int_equal(pus, 12);
    pus = 0;
    for (const char *at = text; (at = strstr(at, "\"os_pu\"")) != NULL; at++)
        pus++;
    assert_int_equal(pus, 6);
    mag_plan_free(plan);
    mag_topology_free(topology);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_is_drawn_with_workers_under_their_pus),
        cmocka_unit_test(pus_without_workers_have_no_line_below),
        cmocka_unit_test(several_workers_on_a_pu_are_counted),
        cmocka_unit_test(the_kinds_of_a_hybrid_machine_are_named),
        cmocka_unit_test(a_long_line_is_folded_between_cores),
        cmocka_unit_test(json_has_every_pu_and_every_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
