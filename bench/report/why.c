/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/why.h"

#include "bench/measure/lost.h"
#include "bench/report/html_part.h"
#include "bench/text/text.h"
#include "bench/text/utf8.h"

#include <string.h>

enum { NAME = 16, RUNTIME = 8, PARTS = 4, LOSSES = 5, CELL = 7, WIDE = 9, FIGURE = 32 };

/* What the time of the workers is made of, in the order of the columns (lost.h). */
static const char *const losses[LOSSES] = {"work", "scheduler", "memory", "imbalance",
                                           "span"};

/* What the workers did, in the order of the columns. */
static const struct part {
    const char *name;
    const char *colour;
} parts[PARTS] = {{"run", "--plot-5"},
                  {"search", "--plot-6"},
                  {"park", "--plot-1"},
                  {"wait", "--plot-7"}};

static void get_parts(const struct bench_why *why, double seconds[PARTS])
{
    seconds[0] = why->run_s;
    seconds[1] = why->search_s;
    seconds[2] = why->park_s;
    seconds[3] = why->wait_s;
}

/* Far steals, a run, by the distance of the node: "12+3" are 12 from the nearest ones and
 * 3 from the next. */
static void put_rings(char *text, const struct bench_row *row)
{
    const uint64_t *rings = row->why.steals_ring;
    double runs = row->runs > 0 ? row->runs : 1;
    uint32_t count = MAG_STEAL_RINGS;
    size_t used = 0;

    while (count > 1 && rings[count - 1] == 0)
        count--;
    for (uint32_t i = 0; i < count && used < FIGURE; i++)
        used += (size_t)snprintf(text + used, FIGURE - used, "%s%.0f", i > 0 ? "+" : "",
                                 (double)rings[i] / runs);
}

/* What a row says, as text; "-" where it is not known. */
struct line {
    char part[PARTS][FIGURE];
    char steals[FIGURE]; /* a run */
    char far[FIGURE];    /* a run */
    char stolen[FIGURE];
    char mhz[FIGURE];
};

static void put_percent(char *text, double part)
{
    bool small = part > -0.0995 && part < 0.0995 && part != 0;

    (void)snprintf(text, FIGURE, "%.*f %%", small ? 1 : 0, 100 * part);
}

static void describe(const struct bench_row *row, struct line *line)
{
    const struct bench_why *why = &row->why;
    double runs = row->runs > 0 ? row->runs : 1;
    double seconds[PARTS];

    for (int i = 0; i < PARTS; i++)
        (void)snprintf(line->part[i], FIGURE, "-");
    (void)snprintf(line->steals, FIGURE, "-");
    (void)snprintf(line->far, FIGURE, "-");
    (void)snprintf(line->stolen, FIGURE, "-");
    (void)snprintf(line->mhz, FIGURE, "-");
    if (bench_why_known(why)) {
        get_parts(why, seconds);
        for (int i = 0; i < PARTS; i++)
            put_percent(line->part[i], seconds[i] / bench_why_workers_s(why));
        (void)snprintf(line->steals, FIGURE, "%.0f",
                       (double)(why->steals_near + why->steals_far) / runs);
        put_rings(line->far, row);
    }
    if (bench_why_stolen(why) >= 0)
        put_percent(line->stolen, bench_why_stolen(why));
    if (why->mhz > 0)
        (void)snprintf(line->mhz, FIGURE, "%.0f", why->mhz / runs);
}

/* The losses of a row, as text.  False: there are none to tell of. */
static bool describe_lost(const struct bench_rows *rows, const struct bench_row *row,
                          char text[LOSSES][FIGURE])
{
    struct bench_lost lost;

    if (!bench_lost_of(rows, row, &lost))
        return false;
    const double values[LOSSES] = {lost.work, lost.scheduler, lost.memory, lost.imbalance,
                                   lost.span};
    for (int i = 0; i < LOSSES; i++) {
        if (i < 3 && !lost.apart)
            (void)snprintf(text[i], FIGURE, "-");
        else
            put_percent(text[i], values[i]);
    }
    return true;
}

/* Whether there is something to say. */
static bool is_told(const struct bench_row *row)
{
    return row->ok && bench_why_any(&row->why);
}

static bool any_is_told(const struct bench_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (is_told(&rows->rows[i]))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------- text */

static void print_row(FILE *out, const struct bench_row *row)
{
    struct line line;

    describe(row, &line);
    (void)fprintf(out, "%-*s %-*s %7u", NAME, row->label, RUNTIME, row->runtime,
                  row->workers);
    for (int i = 0; i < PARTS; i++)
        (void)fprintf(out, " %*s", CELL, line.part[i]);
    (void)fprintf(out, " %9s %9s %7s %6s\n", line.steals, line.far, line.stolen,
                  line.mhz);
}

/* The losses of all rows that have some. */
static void print_losses(FILE *out, const struct bench_rows *rows)
{
    bool begun = false;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];
        char text[LOSSES][FIGURE];

        if (!describe_lost(rows, row, text))
            continue;
        if (!begun)
            (void)fprintf(out, "\n%s%-*s %-*s %7s %*s %*s %*s %*s %*s%s\n",
                          bench_colour(out, BENCH_DIM), NAME, "time lost to", RUNTIME,
                          "runtime", "workers", WIDE, losses[0], WIDE, losses[1], WIDE,
                          losses[2], WIDE, losses[3], WIDE, losses[4],
                          bench_colour(out, BENCH_PLAIN));
        begun = true;
        (void)fprintf(out, "%-*s %-*s %7u", NAME, row->label, RUNTIME, row->runtime,
                      row->workers);
        for (int j = 0; j < LOSSES; j++)
            (void)fprintf(out, " %*s", WIDE, text[j]);
        (void)fputc('\n', out);
    }
}

void bench_why_print(FILE *out, const struct bench_rows *rows)
{
    if (!any_is_told(rows))
        return;
    (void)fprintf(out, "\n%s%-*s %-*s %7s", bench_colour(out, BENCH_DIM), NAME,
                  "time went to", RUNTIME, "runtime", "workers");
    for (int i = 0; i < PARTS; i++)
        (void)fprintf(out, " %*s", CELL, parts[i].name);
    (void)fprintf(out, " %9s %9s %7s %6s%s\n", "steals", "far", "stolen", "MHz",
                  bench_colour(out, BENCH_PLAIN));
    for (size_t i = 0; i < rows->count; i++) {
        if (is_told(&rows->rows[i]))
            print_row(out, &rows->rows[i]);
    }
    print_losses(out, rows);
}

/* ------------------------------------------------------------------------- page */

/* The parts one behind the other, as long as their times. */
static void put_bar(FILE *out, const struct bench_why *why)
{
    double seconds[PARTS];

    bench_html(out, "<td>");
    get_parts(why, seconds);
    if (bench_why_known(why)) {
        bench_html(out, "<span class=\"bar\" style=\"display:flex\">");
        for (int i = 0; i < PARTS; i++)
            (void)fprintf(
                out, "<i style=\"width:%.1f%%;border-radius:0;background:var(%s)\"></i>",
                100 * seconds[i] / bench_why_workers_s(why), parts[i].colour);
        bench_html(out, "</span>");
    }
    bench_html(out, "</td>");
}

static void put_row(FILE *out, const struct bench_rows *rows, const struct bench_row *row)
{
    struct line line;
    char lost[LOSSES][FIGURE];
    char text[FIGURE];
    bool known = describe_lost(rows, row, lost);

    describe(row, &line);
    bench_html(out, "<tr>");
    bench_html_name(out, row);
    bench_html_cell(out, "left", row->runtime);
    (void)snprintf(text, sizeof(text), "%u", row->workers);
    bench_html_cell(out, "", text);
    put_bar(out, &row->why);
    for (int i = 0; i < PARTS; i++)
        bench_html_cell(out, "", line.part[i]);
    for (int i = 0; i < LOSSES; i++)
        bench_html_cell(out, "", known ? lost[i] : "-");
    bench_html_cell(out, "", line.steals);
    bench_html_cell(out, "", line.far);
    bench_html_cell(out, "", line.stolen);
    bench_html_cell(out, "", line.mhz);
    bench_html(out, "</tr>\n");
}

void bench_html_why(FILE *out, const struct bench_rows *rows)
{
    if (!any_is_told(rows))
        return;
    bench_html(out, "<h2>Where the time went</h2>\n<p class=\"legend\">");
    for (int i = 0; i < PARTS; i++)
        (void)fprintf(out, "<span><i style=\"background:var(%s)\"></i>%s</span>",
                      parts[i].colour, parts[i].name);
    bench_html(out, "</p>\n<details class=\"card\"><summary>The time of all workers, "
                    "steals, and the machine</summary><div class=\"wide\"><table>\n<tr>"
                    "<th>workload</th><th class=\"left\">runtime</th><th>workers</th>"
                    "<th></th>");
    for (int i = 0; i < PARTS; i++)
        (void)fprintf(out, "<th>%s</th>", parts[i].name);
    for (int i = 0; i < LOSSES; i++)
        (void)fprintf(out, "<th>%s</th>", losses[i]);
    bench_html(out,
               "<th>steals a run</th><th>far</th><th>stolen</th><th>MHz</th></tr>\n");
    for (size_t i = 0; i < rows->count; i++) {
        if (is_told(&rows->rows[i]))
            put_row(out, rows, &rows->rows[i]);
    }
    bench_html(
        out, "</table></div></details>\n<p class=\"note\">Wait is the time that workers "
             "sleep in a join for a child that another one runs.  The same time once "
             "more: work is the time of serial C; scheduler what one worker needs beyond "
             "it, and all searching; memory what all run beyond one worker, for the same "
             "instructions take longer beside others; imbalance the sleep of those that "
             "ran less than the busiest one; span the sleep of all together.  Below "
             "zero is a gain, or noise.  Far steals are from other nodes: 12+3 are 12 "
             "from the nearest and 3 from the next.  Stolen is the part of the time of "
             "all processors that the "
             "hypervisor gave to others: if it is more than a percent or two, or if "
             "the frequency differs between rows, do not trust their ratio.</p>\n");
}

/* ------------------------------------------------------------------------- JSON */

/* {"work": 0.5, ...}, without those that are not known; NULL: none is. */
static json_t *lost_to_json(const struct bench_rows *rows, const struct bench_row *row)
{
    struct bench_lost lost;

    if (!bench_lost_of(rows, row, &lost))
        return NULL;
    if (!lost.apart)
        return json_pack("{sf sf}", "imbalance", lost.imbalance, "span", lost.span);
    return json_pack("{sf sf sf sf sf}", "work", lost.work, "scheduler", lost.scheduler,
                     "memory", lost.memory, "imbalance", lost.imbalance, "span",
                     lost.span);
}

static json_t *rings_to_json(const struct bench_why *why)
{
    json_t *rings = json_array();
    int failed = rings == NULL;

    for (uint32_t i = 0; i < MAG_STEAL_RINGS; i++)
        failed |=
            json_array_append_new(rings, json_integer((json_int_t)why->steals_ring[i]));
    return bench_json_whole(rings, failed == 0);
}

json_t *bench_why_to_json(const struct bench_rows *rows, const struct bench_row *row)
{
    const struct bench_why *why = &row->why;

    return json_pack("{sf sf sf sf sf sI sI so sf sf sf so*}", "run_s", why->run_s,
                     "search_s", why->search_s, "park_s", why->park_s, "wait_s",
                     why->wait_s, "even_s", why->even_s, "steals_near",
                     (json_int_t)why->steals_near, "steals_far",
                     (json_int_t)why->steals_far, "steals_ring", rings_to_json(why),
                     "machine_s", why->machine_s, "stolen_s", why->stolen_s, "mhz",
                     why->mhz, "lost", lost_to_json(rows, row));
}

static double real_of(const json_t *json, const char *key)
{
    double value = json_number_value(json_object_get(json, key));

    return value > 0 ? value : 0;
}

static uint64_t number_of(const json_t *json, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(json, key));

    return value > 0 ? (uint64_t)value : 0;
}

void bench_why_from_json(const json_t *json, struct bench_row *row)
{
    const json_t *rings = json_object_get(json, "steals_ring");

    row->why = (struct bench_why){
        .run_s = real_of(json, "run_s"),
        .search_s = real_of(json, "search_s"),
        .park_s = real_of(json, "park_s"),
        .wait_s = real_of(json, "wait_s"),
        .even_s = real_of(json, "even_s"),
        .steals_near = number_of(json, "steals_near"),
        .steals_far = number_of(json, "steals_far"),
        .machine_s = real_of(json, "machine_s"),
        .stolen_s = real_of(json, "stolen_s"),
        .mhz = real_of(json, "mhz"),
    };
    for (size_t i = 0; i < json_array_size(rings) && i < MAG_STEAL_RINGS; i++) {
        json_int_t steals = json_integer_value(json_array_get(rings, i));

        row->why.steals_ring[i] = steals > 0 ? (uint64_t)steals : 0;
    }
}
