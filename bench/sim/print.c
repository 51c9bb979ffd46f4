/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/print.h"

#include "bench/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int sim_results_add(struct sim_results *results, const struct sim_result *result)
{
    struct sim_result *more =
        realloc(results->results, (results->count + 1) * sizeof(*more));

    if (more == NULL)
        return -ENOMEM;
    results->results = more;
    more[results->count++] = *result;
    return 0;
}

void sim_results_free(struct sim_results *results)
{
    free(results->results);
}

bool sim_results_begins(const struct sim_results *results, size_t index)
{
    return index == 0 ||
           results->results[index].setup.graph != results->results[index - 1].setup.graph;
}

double sim_result_ns(const struct sim_result *result)
{
    return result->outcome.burst_ns > 0 ? result->outcome.burst_ns : result->outcome.ns;
}

double sim_result_speedup(const struct sim_result *result)
{
    struct sim_feed feed = {.every_ns = 0};

    if (result->setup.graph->feed != NULL)
        result->setup.graph->feed(result->setup.size, &feed);
    return feed.every_ns > 0 ? 0 : result->shape.work_ns / result->outcome.ns;
}

static struct bench_text time_of(double ns)
{
    return bench_seconds(ns * 1e-9);
}

void sim_print_head(FILE *out, const struct sim_result *result)
{
    const struct sim_shape *shape = &result->shape;

    (void)fprintf(
        out,
        "%s(%" PRIu64 "): work %s, span %s, parallelism %.0f, %" PRIu64 " functions\n",
        result->setup.graph->name, result->setup.size, time_of(shape->work_ns).text,
        time_of(shape->span_ns).text,
        shape->span_ns > 0 ? shape->work_ns / shape->span_ns : 1.0, shape->nodes);
    (void)fprintf(out, "workers       time  speed-up");
    for (int i = 0; i < SIM_SPENTS; i++)
        (void)fprintf(out, " %7s", sim_spent_name((enum sim_spent)i));
    (void)fprintf(out, "   steals (core/cache/node/far)  wakes (vain, chain)  hottest\n");
}

void sim_print_row(FILE *out, const struct sim_result *result)
{
    const struct sim_outcome *outcome = &result->outcome;
    double all = outcome->ns * result->setup.workers;

    double speedup = sim_result_speedup(result);

    (void)fprintf(out, "%7u %10s ", result->setup.workers,
                  time_of(sim_result_ns(result)).text);
    if (speedup > 0)
        (void)fprintf(out, "%7.2f x", speedup);
    else
        (void)fprintf(out, "        -");
    for (int i = 0; i < SIM_SPENTS; i++)
        (void)fprintf(out, " %5.1f %%", 100 * outcome->spent[i] / all);
    (void)fprintf(out, "   %" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%" PRIu64,
                  outcome->steals[MAG_REACH_CORE], outcome->steals[MAG_REACH_CACHE],
                  outcome->steals[MAG_REACH_NODE], outcome->steals[MAG_REACH_FAR]);
    (void)fprintf(out, "  %" PRIu64 " (%" PRIu64 ", %u)", outcome->wakes,
                  outcome->wakes_vain, outcome->chain);
    (void)fprintf(out,
                  "  %s, %" PRIu64 " transfers; %" PRIu64 " membarriers; %u awake "
                  "at %s\n",
                  outcome->hottest, outcome->hottest_transfers, outcome->barriers,
                  outcome->most_awake, time_of(outcome->all_awake_ns).text);
}

void sim_print_list(FILE *out)
{
    for (uint32_t i = 0; sim_graphs[i] != NULL; i++) {
        (void)fprintf(out, "%-10s %s\n", sim_graphs[i]->name, sim_graphs[i]->summary);
        (void)fprintf(out, "%-10s size: %s (%" PRIu64 ")\n", "", sim_graphs[i]->size_is,
                      sim_graphs[i]->size);
    }
    (void)fprintf(out, "\nCosts in nanoseconds:\n");
    for (int i = 0; i < SIM_COSTS; i++) {
        const struct sim_cost_about *about = sim_cost_about((enum sim_cost)i);

        (void)fprintf(out, "%-13s %7g  %s: %s\n", about->name, about->ns, about->meaning,
                      about->source);
    }
}
