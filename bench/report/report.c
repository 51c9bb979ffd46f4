/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/report.h"

#include "bench/text/text.h"

#include <string.h>

void bench_report_free(struct bench_report *report)
{
    bench_rows_free(&report->rows);
    bench_matrix_free(&report->matrix);
    sim_results_free(&report->simulated);
}

void bench_machine_line(const struct bench_machine *machine, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s: %s, %s, %s, %s", machine->cpu,
                   bench_count(machine->packages, "package").text,
                   bench_count(machine->nodes, "node").text,
                   bench_count(machine->cores, "core").text,
                   bench_count(machine->pus, "PU").text);
}

static bool open_one(const char *command, const char *path, FILE **ret_file)
{
    if (path == NULL)
        return true;
    *ret_file = bench_open(command, path);
    return *ret_file != NULL;
}

bool bench_outputs_open(struct bench_outputs *outputs)
{
    return open_one(outputs->command, outputs->json, &outputs->json_file) &&
           open_one(outputs->command, outputs->csv, &outputs->csv_file) &&
           open_one(outputs->command, outputs->html, &outputs->html_file);
}

FILE *bench_outputs_table(const struct bench_outputs *outputs)
{
    bool taken = outputs->json_file == stdout || outputs->csv_file == stdout ||
                 outputs->html_file == stdout;

    return taken ? stderr : stdout;
}

static bool close_one(const char *command, const char *path, FILE *file)
{
    return file == NULL || bench_close(command, path, file);
}

bool bench_outputs_write(struct bench_outputs *outputs, const struct bench_report *report)
{
    const char *command = outputs->command;
    bool written = true;

    if (outputs->json_file != NULL && bench_json_write(outputs->json_file, report) != 0) {
        (void)fprintf(stderr, "magpie %s: %s: out of memory\n", command, outputs->json);
        written = false;
    }
    if (outputs->csv_file != NULL)
        bench_csv_write(outputs->csv_file, report);
    if (outputs->html_file != NULL && report->simulated.count != 0)
        bench_html_simulated(outputs->html_file, report);
    else if (outputs->html_file != NULL)
        bench_html_write(outputs->html_file, report);

    written = close_one(command, outputs->json, outputs->json_file) && written;
    written = close_one(command, outputs->csv, outputs->csv_file) && written;
    written = close_one(command, outputs->html, outputs->html_file) && written;
    return bench_close(command, "-", stdout) && written;
}
