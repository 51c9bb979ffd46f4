/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/instructions.h"

#include <jansson.h>
#include <string.h>

/* What was counted before connected operations came, or of a wait as a task, and what is
 * to be reached. */
struct wanted {
    const char *workload;
    double before, most; /* 0: there was none */
};

static const struct wanted all_wanted[] = {
    {"vtask-inline", 253, 200},    {"vtask-async-now", 70, 70},
    {"vtask-async-1", 647, 300},   {"vtask-async-10", 3167, 900},
    {"vtask-pooled-1", 647, 500},  {"vtask-pooled-10", 3167, 2480},
    {"vtask-when-all", 361, 270},  {"connected-inline", 0, 45},
    {"connected-async-1", 0, 110}, {"connected-async-10", 0, 650},
    {"post-chain", 130, 105},      {"post-self", 159, 120},
    {"post-any", 165, 140},        {"vtask-queued", 358, 290},
    {"semaphore-wait", 633, 633},  {"connected-semaphore", 633, 400},
    {"channel-wait", 835, 835},    {"connected-channel", 835, 600},
};

static const struct wanted *wanted_of(const char *workload)
{
    for (size_t i = 0; i < sizeof(all_wanted) / sizeof(all_wanted[0]); i++) {
        if (strcmp(all_wanted[i].workload, workload) == 0)
            return &all_wanted[i];
    }
    return NULL;
}

static void put_number(FILE *out, double number)
{
    if (number > 0)
        (void)fprintf(out, " %12.1f", number);
    else
        (void)fprintf(out, " %12s", "-");
}

void bench_instructions_row(FILE *out, const struct bench_counted *row)
{
    if (row == NULL) {
        (void)fprintf(out, "%-20s %12s %12s %12s\n", "row", "instructions", "before",
                      "to reach");
        return;
    }
    const struct wanted *wanted = wanted_of(row->workload);
    (void)fprintf(out, "%-20s", row->workload);
    put_number(out, row->instructions);
    put_number(out, wanted != NULL ? wanted->before : 0);
    put_number(out, wanted != NULL ? wanted->most : 0);
    (void)fprintf(out, "%s\n",
                  wanted == NULL                      ? ""
                  : row->instructions <= wanted->most ? "  reached"
                                                      : "  not reached");
    /* A row takes seconds, and the reader may be a pipe. */
    (void)fflush(out);
}

static json_t *row_json(const struct bench_counted *row)
{
    const struct wanted *wanted = wanted_of(row->workload);
    json_t *object = json_pack("{s:s, s:f}", "workload", row->workload, "instructions",
                               row->instructions);

    if (wanted != NULL && wanted->before > 0)
        (void)json_object_set_new(object, "before", json_real(wanted->before));
    if (wanted != NULL)
        (void)json_object_set_new(object, "wanted", json_real(wanted->most));
    return object;
}

bool bench_instructions_json(FILE *out, const struct bench_counted *rows, size_t count)
{
    json_t *list = json_array();
    json_t *top;
    bool good = list != NULL;

    for (size_t i = 0; i < count && good; i++)
        good = json_array_append_new(list, row_json(&rows[i])) == 0;
    top = json_pack("{s:o}", "rows", list);
    good = good && top != NULL && json_dumpf(top, out, JSON_INDENT(1)) == 0 &&
           fputc('\n', out) != EOF;
    json_decref(top);
    return good;
}
