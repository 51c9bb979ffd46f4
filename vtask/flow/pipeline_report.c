/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "base/text.h"
#include "vtask/flow/pipeline.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------ the report */

/* The time of all calls, from that of the measured ones. */
static uint64_t estimate_busy(const struct mag_stage_counts *tally)
{
    if (tally->measured == 0)
        return 0;
    return (uint64_t)((double)tally->busy_ns / (double)tally->measured *
                      (double)tally->calls);
}

static void report_stage(const struct mag_belt *belt, uint32_t i,
                         struct mag_stage_report *report)
{
    const struct mag_stage_counts *tally = &belt->counts[i];

    report->name = belt->stages[i].stage->name;
    report->mode = belt->stages[i].mode;
    report->is_async = belt->stages[i].is_async;
    report->items = tally->calls;
    report->busy_ns = estimate_busy(tally);
    report->waits_for_input = tally->waits_for_input;
    report->waits_for_room = tally->waits_for_room;
}

void mag_belt_report(struct mag_belt *belt, struct mag_pipeline_report *report)
{
    memset(report, 0, sizeof(*report));
    report->elapsed_ns = (uint64_t)(mag_os_now_ns() - belt->began);
    /* relaxed: nobody runs any more. */
    report->items = atomic_load_explicit(&belt->next, memory_order_relaxed);
    report->failed = belt->failed;
    report->threads = belt->runners_max;
    report->tokens = belt->made;
    report->token_limit = belt->limit;
    report->stage_count = belt->stage_count;
    for (uint32_t i = 0; i < belt->stage_count; i++)
        report_stage(belt, i, &report->stages[i]);
}

/* ------------------------------------------------------------------------ shares */

/* Of the elapsed time: how many of the stage's calls ran at a time, on an average. */
static double load_of(const struct mag_pipeline_report *report, uint32_t i)
{
    if (report->elapsed_ns == 0)
        return 0;
    return (double)report->stages[i].busy_ns / (double)report->elapsed_ns;
}

static double threads_of(const struct mag_pipeline_report *report)
{
    return report->threads == 0 ? 1 : report->threads;
}

/* How many threads were busy, on an average. */
static double total_load(const struct mag_pipeline_report *report)
{
    double load = 0;

    for (uint32_t i = 0; i < report->stage_count; i++)
        load += report->stages[i].is_async ? 0 : load_of(report, i);
    return load;
}

static bool is_serial(const struct mag_stage_report *stage)
{
    return stage->mode != MAG_STAGE_PARALLEL;
}

/* The stage with the greatest load among those that are serial, async, or neither. */
enum stage_sort { SERIAL, ASYNC, PLAIN };

static bool is_of_sort(const struct mag_stage_report *stage, enum stage_sort sort)
{
    switch (sort) {
    case SERIAL:
        return is_serial(stage);
    case ASYNC:
        return stage->is_async;
    case PLAIN:
        break;
    }
    return !stage->is_async;
}

/* UINT32_MAX: there is none. */
static uint32_t busiest(const struct mag_pipeline_report *report, enum stage_sort sort)
{
    uint32_t found = UINT32_MAX;

    for (uint32_t i = 0; i < report->stage_count; i++) {
        if (is_of_sort(&report->stages[i], sort) &&
            (found == UINT32_MAX || load_of(report, i) > load_of(report, found)))
            found = i;
    }
    return found;
}

/* ------------------------------------------------------------------------ the text */

/* From this share on something tally as always busy. */
#define BUSY_SHARE 0.8

static double percent(double share)
{
    return share * 100;
}

static const char *mode_text(const struct mag_stage_report *stage)
{
    static const char *const texts[] = {[MAG_STAGE_PARALLEL] = "parallel",
                                        [MAG_STAGE_IN_ORDER] = "in order",
                                        [MAG_STAGE_ANY_ORDER] = "any order",
                                        [MAG_STAGE_ON_CALLER] = "on caller"};

    return texts[stage->mode];
}

static void explain_stage(const struct mag_pipeline_report *report, uint32_t i,
                          struct mag_text *text)
{
    const struct mag_stage_report *stage = &report->stages[i];

    mag_text_add(text, "  %-16s %-9s %10" PRIu64 " items %10.1f ms", stage->name,
                 mode_text(stage), stage->items, (double)stage->busy_ns / 1e6);
    if (stage->is_async)
        mag_text_add(text, "  %.1f awaited at a time\n", load_of(report, i));
    else if (is_serial(stage))
        mag_text_add(text, "  busy %.0f%% of the time\n", percent(load_of(report, i)));
    else
        mag_text_add(text, "  %.2f threads busy\n", load_of(report, i));
}

static void explain_serial(const struct mag_pipeline_report *report, uint32_t i,
                           struct mag_text *text)
{
    mag_text_add(text,
                 "Bottleneck: %s. It is serial, and busy %.0f%% of the time; more "
                 "workers do not help. Make it faster, or move work to a parallel "
                 "stage.\n",
                 report->stages[i].name, percent(load_of(report, i)));
}

static void explain_threads(const struct mag_pipeline_report *report,
                            struct mag_text *text)
{
    uint32_t i = busiest(report, PLAIN);

    mag_text_add(text,
                 "Bottleneck: %s. The threads are busy, %.0f%% of their time with this "
                 "stage; more workers would help.\n",
                 report->stages[i].name,
                 percent(load_of(report, i) / threads_of(report)));
}

static bool lacks_tokens(const struct mag_pipeline_report *report)
{
    return report->tokens == report->token_limit &&
           report->stages[0].waits_for_room > report->items / 4;
}

static void explain_tokens(const struct mag_pipeline_report *report,
                           struct mag_text *text)
{
    uint32_t i = busiest(report, ASYNC);

    if (i != UINT32_MAX)
        mag_text_add(text,
                     "Bottleneck: tokens. All %u are in use, most of them in %s; "
                     "more tokens would help.\n",
                     report->tokens, report->stages[i].name);
    else
        mag_text_add(text,
                     "Bottleneck: tokens. All %u are in use; more tokens would "
                     "help.\n",
                     report->tokens);
}

static void explain_bottleneck(const struct mag_pipeline_report *report,
                               struct mag_text *text)
{
    uint32_t serial = busiest(report, SERIAL);
    double busy = total_load(report) / threads_of(report);

    if (report->items == 0)
        mag_text_add(text, "There were no items.\n");
    else if (serial != UINT32_MAX && load_of(report, serial) >= BUSY_SHARE)
        explain_serial(report, serial, text);
    else if (busy >= BUSY_SHARE)
        explain_threads(report, text);
    else if (lacks_tokens(report))
        explain_tokens(report, text);
    else
        mag_text_add(text,
                     "No stage is the bottleneck: the threads are busy %.0f%% of the "
                     "time with stages.\n",
                     percent(busy));
}

size_t mag_pipeline_explain(const struct mag_pipeline_report *report, char *text,
                            size_t size)
{
    struct mag_text out = mag_text_begin(text, size);

    mag_text_add(&out,
                 "%u stages, %" PRIu64 " items, %u of %u tokens, %u threads, %.1f ms\n",
                 report->stage_count, report->items, report->tokens, report->token_limit,
                 report->threads, (double)report->elapsed_ns / 1e6);
    for (uint32_t i = 0; i < report->stage_count; i++)
        explain_stage(report, i, &out);
    explain_bottleneck(report, &out);
    return out.length;
}
