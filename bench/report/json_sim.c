/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/json_sim.h"

#include "bench/text/utf8.h"

static json_t *spent_to_json(const struct sim_outcome *outcome)
{
    json_t *json = json_object();
    int failed = json == NULL;

    for (int i = 0; i < SIM_SPENTS && failed == 0; i++)
        failed |= json_object_set_new(json, sim_spent_name((enum sim_spent)i),
                                      json_real(outcome->spent[i] * 1e-9));
    return json;
}

static json_t *result_to_json(const struct sim_result *result)
{
    const struct sim_outcome *o = &result->outcome;

    return json_pack(
        "{ss sI si sI sf sf sf so s[IIII] sI sI sI sI si sf ss sf sI}", "workload",
        result->setup.graph->name, "size", (json_int_t)result->setup.size, "workers",
        (int)result->setup.workers, "seed", (json_int_t)result->setup.seed, "work_s",
        result->shape.work_ns * 1e-9, "span_s", result->shape.span_ns * 1e-9, "time_s",
        o->ns * 1e-9, "spent_s", spent_to_json(o), "steals",
        (json_int_t)o->steals[MAG_REACH_CORE], (json_int_t)o->steals[MAG_REACH_CACHE],
        (json_int_t)o->steals[MAG_REACH_NODE], (json_int_t)o->steals[MAG_REACH_FAR],
        "misses", (json_int_t)o->misses, "membarriers", (json_int_t)o->barriers, "wakes",
        (json_int_t)o->wakes, "wakes_vain", (json_int_t)o->wakes_vain, "wake_chain",
        (int)o->chain, "most_awake_s", o->all_awake_ns * 1e-9, "hottest", o->hottest,
        "hottest_s", o->hottest_ns * 1e-9, "line_transfers", (json_int_t)o->transfers);
}

json_t *bench_simulated_to_json(const struct sim_results *results)
{
    json_t *array = json_array();
    int failed = array == NULL;

    for (size_t i = 0; i < results->count && failed == 0; i++)
        failed |= json_array_append_new(array, result_to_json(&results->results[i]));
    return bench_json_whole(array, failed == 0);
}
