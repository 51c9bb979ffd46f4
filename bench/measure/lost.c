/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/lost.h"

#include <string.h>

/* The seconds that the workers of a row run, for each run. */
static double run_of(const struct bench_row *row)
{
    return row->why.run_s / row->runs;
}

/* The row of the same runtime with one worker. */
static const struct bench_row *row_of_one(const struct bench_rows *rows,
                                          const struct bench_row *row)
{
    const struct bench_row *one = bench_rows_on(rows, row, row->runtime, 1);

    return one != NULL && bench_why_known(&one->why) ? one : NULL;
}

bool bench_lost_of(const struct bench_rows *rows, const struct bench_row *row,
                   struct bench_lost *ret_lost)
{
    const struct bench_why *why = &row->why;
    const struct bench_row *serial = bench_row_baseline(rows, row);
    const struct bench_row *one = row_of_one(rows, row);
    struct bench_lost lost = {0};
    double all = bench_why_workers_s(why) / row->runs;
    double sleep = why->park_s + why->wait_s;
    double uneven = why->even_s - why->run_s;

    /* Rows of operations have twins that do something else. */
    if (!row->ok || row->per_operation || row->runs == 0 || all <= 0 ||
        strcmp(row->baseline, "serial") != 0)
        return false;
    uneven = uneven < 0 ? 0 : uneven;
    lost.imbalance = (uneven < sleep ? uneven : sleep) / row->runs / all;
    lost.span = sleep / row->runs / all - lost.imbalance;
    lost.apart = serial != NULL && one != NULL;
    if (lost.apart) {
        lost.work = serial->median_s / all;
        lost.scheduler =
            (run_of(one) - serial->median_s + why->search_s / row->runs) / all;
        lost.memory = (run_of(row) - run_of(one)) / all;
    }
    *ret_lost = lost;
    return true;
}
