/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/count.h"

#include "bench/cli/command.h"
#include "bench/measure/instructions.h"
#include "bench/report/instructions.h"
#include "bench/text/text.h"

#include <magpie/error.h>

enum { COUNTED_MOST = 256 };

struct counting {
    struct bench_counted rows[COUNTED_MOST];
    size_t count;
    bool good;
};

/* `named`: it was asked for by name, so that it is told if it cannot be counted. */
static void count_one(struct counting *counting, FILE *out,
                      const struct bench_workload *workload, bool named)
{
    const char *absent = bench_instructions_absent(workload);
    struct bench_counted row = {workload->name, 0};
    int r = 0;

    if (absent != NULL && named)
        (void)fprintf(out, "%s: skipped, %s\n", workload->name, absent);
    if (absent != NULL || counting->count == COUNTED_MOST)
        return;
    r = bench_instructions(workload, &row.instructions);
    if (r < 0) {
        (void)fprintf(stderr, "magpie bench: %s: %s\n", workload->name, mag_call_text(r));
        counting->good = false;
        return;
    }
    bench_instructions_row(out, &row);
    counting->rows[counting->count++] = row;
}

int bench_count_instructions(const struct bench_workload *const *workloads,
                             uint32_t count, struct bench_outputs *outputs)
{
    static struct counting counting;
    FILE *out;

    counting.good = true;
    if (!bench_outputs_open(outputs))
        return BENCH_FAILED;
    out = bench_outputs_table(outputs);
    bench_instructions_row(out, NULL);
    (void)fflush(out);
    for (uint32_t i = 0; i < count; i++)
        count_one(&counting, out, workloads[i], true);
    for (uint32_t i = 0; count == 0 && bench_workloads[i] != NULL; i++)
        count_one(&counting, out, bench_workloads[i], false);
    if (outputs->json_file != NULL)
        counting.good =
            bench_instructions_json(outputs->json_file, counting.rows, counting.count) &&
            bench_close(outputs->command, outputs->json, outputs->json_file) &&
            counting.good;
    return bench_close(outputs->command, "-", stdout) && counting.good ? BENCH_OK
                                                                       : BENCH_FAILED;
}
