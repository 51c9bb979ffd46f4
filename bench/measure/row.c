/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int bench_rows_add(struct bench_rows *rows, const struct bench_row *row)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity != 0 ? 2 * rows->capacity : 64;
        struct bench_row *grown = realloc(rows->rows, capacity * sizeof(*grown));

        if (grown == NULL)
            return -ENOMEM;
        rows->rows = grown;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = *row;
    return 0;
}

void bench_rows_free(struct bench_rows *rows)
{
    free(rows->rows);
    *rows = (struct bench_rows){0};
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

void bench_row_measure(struct bench_row *row, double *samples, uint32_t count)
{
    row->runs = count;
    if (count == 0)
        return;
    qsort(samples, count, sizeof(*samples), by_value);
    row->min_s = samples[0];
    row->max_s = samples[count - 1];
    row->median_s = (samples[(count - 1) / 2] + samples[count / 2]) / 2;
}

bool bench_row_same_case(const struct bench_row *a, const struct bench_row *b)
{
    return a->size == b->size && strcmp(a->workload, b->workload) == 0;
}

bool bench_row_failed(const struct bench_row *row)
{
    return !row->ok && !row->late;
}

bool bench_row_is_baseline(const struct bench_row *row)
{
    return strcmp(row->runtime, row->baseline) == 0;
}

const struct bench_row *bench_row_baseline(const struct bench_rows *rows,
                                           const struct bench_row *row)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *other = &rows->rows[i];

        if (other->ok && bench_row_same_case(row, other) &&
            strcmp(row->baseline, other->runtime) == 0)
            return other;
    }
    return NULL;
}

double bench_row_speedup(const struct bench_rows *rows, const struct bench_row *row)
{
    const struct bench_row *baseline = row != NULL ? bench_row_baseline(rows, row) : NULL;

    if (baseline == NULL || !row->ok || row->median_s <= 0)
        return 0;
    return baseline->median_s / row->median_s;
}

double bench_row_spread(const struct bench_row *row)
{
    return row->median_s > 0 ? (row->max_s - row->min_s) / row->median_s : 0;
}

double bench_row_op_ns(const struct bench_row *row)
{
    return row->size > 0 ? row->median_s * 1e9 / (double)row->size : 0;
}

const struct bench_row *bench_rows_on(const struct bench_rows *rows,
                                      const struct bench_row *of_case,
                                      const char *runtime, uint32_t workers)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && row->workers == workers && bench_row_same_case(row, of_case) &&
            strcmp(row->runtime, runtime) == 0)
            return row;
    }
    return NULL;
}

const struct bench_row *bench_rows_widest(const struct bench_rows *rows,
                                          const struct bench_row *of_case,
                                          const char *runtime)
{
    const struct bench_row *widest = NULL;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && bench_row_same_case(row, of_case) &&
            strcmp(row->runtime, runtime) == 0 &&
            (widest == NULL || row->workers > widest->workers))
            widest = row;
    }
    return widest;
}

bool bench_rows_case_begins(const struct bench_rows *rows, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bench_row_same_case(&rows->rows[i], &rows->rows[index]))
            return false;
    }
    return true;
}
