/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/matrix.h"

#include "bench/report/html_part.h"
#include "bench/text/text.h"

#include <string.h>

enum { CELL = 10 };

/* One of the two figures of a link. */
struct figure {
    const char *title;
    const char *unit;
    double (*of)(const struct bench_link *link);
    bool more_is_better;
};

static double gb_per_s(const struct bench_link *link)
{
    return link->gb_per_s;
}

static double latency_ns(const struct bench_link *link)
{
    return link->latency_ns;
}

static const struct figure figures[] = {
    {"bandwidth", "GB/s", gb_per_s, true},
    {"latency", "ns", latency_ns, false},
};

/* "12.3", or "-" of what was not measured. */
static void put_value(char *text, size_t size, double value)
{
    if (value > 0)
        (void)snprintf(text, size, "%.*f", value < 99.95 ? 1 : 0, value);
    else
        (void)snprintf(text, size, "-");
}

/* ------------------------------------------------------------------------- text */

static void print_figure(FILE *out, const struct bench_matrix *matrix,
                         const struct figure *figure)
{
    char text[32];

    (void)fprintf(out, "\n%s%s, %s%s\n", bench_colour(out, BENCH_DIM), figure->title,
                  figure->unit, bench_colour(out, BENCH_PLAIN));
    (void)fprintf(out, "%-16s", "CPUs of \\ memory");
    for (uint32_t to = 0; to < matrix->nodes; to++) {
        (void)snprintf(text, sizeof(text), "node %u", matrix->os_index[to]);
        (void)fprintf(out, " %*s", CELL, text);
    }
    for (uint32_t from = 0; from < matrix->nodes; from++) {
        (void)snprintf(text, sizeof(text), "node %u", matrix->os_index[from]);
        (void)fprintf(out, "\n%-16s", text);
        for (uint32_t to = 0; to < matrix->nodes; to++) {
            put_value(text, sizeof(text),
                      figure->of(bench_matrix_link(matrix, from, to)));
            (void)fprintf(out, " %*s", CELL, text);
        }
    }
    (void)fputc('\n', out);
}

void bench_matrix_print(FILE *out, const struct bench_matrix *matrix)
{
    for (size_t i = 0; i < 2 && matrix->nodes > 0; i++)
        print_figure(out, matrix, &figures[i]);
}

/* ------------------------------------------------------------------------- page */

static void find_range(const struct bench_matrix *matrix, const struct figure *figure,
                       double *ret_least, double *ret_most)
{
    *ret_least = 0;
    *ret_most = 0;
    for (size_t i = 0; i < (size_t)matrix->nodes * matrix->nodes; i++) {
        double value = figure->of(&matrix->links[i]);

        if (value > 0 && (*ret_least == 0 || value < *ret_least))
            *ret_least = value;
        if (value > *ret_most)
            *ret_most = value;
    }
}

/* The better a link is, the more of the accent its cell has. */
static void put_cell(FILE *out, const struct figure *figure, double value,
                     const double range[2])
{
    double part = range[1] > range[0] ? (value - range[0]) / (range[1] - range[0]) : 1;
    char text[32];

    if (!figure->more_is_better && range[1] > range[0])
        part = 1 - part;
    put_value(text, sizeof(text), value);
    if (value > 0)
        (void)fprintf(out,
                      "<td style=\"background:color-mix(in srgb,var(--accent) %.0f%%,"
                      "var(--card))\">%s</td>",
                      10 + 50 * part, text);
    else
        bench_html_cell(out, "", text);
}

static void put_figure(FILE *out, const struct bench_matrix *matrix,
                       const struct figure *figure)
{
    double range[2];

    find_range(matrix, figure, &range[0], &range[1]);
    (void)fprintf(out,
                  "<figure class=\"card\"><figcaption><b>%s</b><span>%s</span>"
                  "</figcaption><div class=\"wide\"><table class=\"heat\">\n"
                  "<tr><th>CPUs of \\ memory of</th>",
                  figure->title, figure->unit);
    for (uint32_t to = 0; to < matrix->nodes; to++)
        (void)fprintf(out, "<th>node %u</th>", matrix->os_index[to]);
    bench_html(out, "</tr>\n");
    for (uint32_t from = 0; from < matrix->nodes; from++) {
        (void)fprintf(out, "<tr><td class=\"name\">node %u</td>", matrix->os_index[from]);
        for (uint32_t to = 0; to < matrix->nodes; to++)
            put_cell(out, figure, figure->of(bench_matrix_link(matrix, from, to)), range);
        bench_html(out, "</tr>\n");
    }
    bench_html(out, "</table></div></figure>\n");
}

void bench_html_matrix(FILE *out, const struct bench_matrix *matrix)
{
    if (matrix->nodes == 0)
        return;
    bench_html(out, "<h2>Memory of the nodes</h2>\n<div class=\"plots\">\n");
    for (size_t i = 0; i < 2; i++)
        put_figure(out, matrix, &figures[i]);
    (void)fprintf(out,
                  "</div>\n<p class=\"note\">Bandwidth: all processors of a node read %s "
                  "on one node together.  Latency: one of them follows a chain of lines "
                  "there.  The best of three runs; the stronger the colour, the "
                  "better.</p>\n",
                  bench_kib(matrix->bytes / 1024).text);
}

/* ------------------------------------------------------------------------- JSON */

static json_t *link_to_json(const struct bench_matrix *matrix, uint32_t from, uint32_t to)
{
    const struct bench_link *link = bench_matrix_link(matrix, from, to);

    return json_pack("{si si sf sf}", "from", (int)from, "to", (int)to, "gb_per_s",
                     link->gb_per_s, "latency_ns", link->latency_ns);
}

json_t *bench_matrix_to_json(const struct bench_matrix *matrix)
{
    json_t *nodes = json_array();
    json_t *links = json_array();
    int failed = nodes == NULL || links == NULL;

    for (uint32_t from = 0; from < matrix->nodes; from++) {
        failed |= json_array_append_new(nodes, json_integer(matrix->os_index[from]));
        for (uint32_t to = 0; to < matrix->nodes; to++)
            failed |= json_array_append_new(links, link_to_json(matrix, from, to));
    }
    if (failed == 0)
        return json_pack("{sI so so}", "bytes", (json_int_t)matrix->bytes, "nodes", nodes,
                         "links", links);
    json_decref(nodes);
    json_decref(links);
    return NULL;
}

static bool read_link(const json_t *json, struct bench_matrix *matrix)
{
    json_int_t from = json_integer_value(json_object_get(json, "from"));
    json_int_t to = json_integer_value(json_object_get(json, "to"));
    struct bench_link *link;

    if (from < 0 || to < 0 || from >= matrix->nodes || to >= matrix->nodes)
        return false;
    link = bench_matrix_link(matrix, (uint32_t)from, (uint32_t)to);
    link->gb_per_s = json_number_value(json_object_get(json, "gb_per_s"));
    link->latency_ns = json_number_value(json_object_get(json, "latency_ns"));
    return true;
}

bool bench_matrix_from_json(const json_t *json, struct bench_matrix *matrix)
{
    const json_t *nodes = json_object_get(json, "nodes");
    const json_t *links = json_object_get(json, "links");
    size_t count = json_array_size(nodes);
    bool right = true;

    if (json == NULL)
        return true;
    if (count == 0 || count > BENCH_MATRIX_NODES || !json_is_array(links) ||
        bench_matrix_init(matrix, (uint32_t)count) != 0)
        return false;
    matrix->bytes = (uint64_t)json_integer_value(json_object_get(json, "bytes"));
    for (size_t i = 0; i < count; i++)
        matrix->os_index[i] = (uint32_t)json_integer_value(json_array_get(nodes, i));
    for (size_t i = 0; i < json_array_size(links); i++)
        right = right && read_link(json_array_get(links, i), matrix);
    return right;
}
