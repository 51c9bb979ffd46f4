/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/json_sim.h"
#include "bench/report/matrix.h"
#include "bench/report/report.h"
#include "bench/report/why.h"
#include "bench/text/utf8.h"

#include <errno.h>
#include <jansson.h>
#include <magpie/sched.h>
#include <string.h>

/* ----------------------------------------------------------------- writing */

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* Adds how the workers sit.  Not 0: there is no memory. */
static int seating_to_json(const struct bench_machine *m, json_t *json)
{
    json_t *ends = json_array();
    int failed = ends == NULL;

    for (uint32_t i = 0; i < m->node_end_count; i++)
        failed |= json_array_append_new(ends, number(m->node_ends[i]));
    failed |= json_object_set_new(json, "placement", json_string(m->placement));
    failed |= json_object_set_new(json, "pin", json_string(m->pin));
    return json_object_set_new(json, "node_ends", ends) | failed;
}

static json_t *machine_to_json(const struct bench_machine *m)
{
    json_t *json =
        json_pack("{so so so so ss ss ss so}", "cpu", bench_json_text(m->cpu), "arch",
                  bench_json_text(m->arch), "os", bench_json_text(m->os), "kernel",
                  bench_json_text(m->kernel), "compiler", m->compiler, "version",
                  m->version, "date", m->date, "command", bench_json_text(m->command));
    json_t *shape = json_pack(
        "{si si si si si si si sf so sb sf}", "packages", (int)m->packages, "nodes",
        (int)m->nodes, "caches", (int)m->caches, "cores", (int)m->cores, "pus",
        (int)m->pus, "online", (int)m->online, "workers", (int)m->workers, "quota_cpus",
        m->quota_cpus, "memory_kib", number(m->memory_kib), "membarrier", m->membarrier,
        "seconds", m->seconds);
    int failed = json_object_update(json, shape);

    json_decref(shape);
    if (m->placement[0] != '\0')
        failed |= seating_to_json(m, json);
    return bench_json_whole(json, failed == 0);
}

static json_t *row_to_json(const struct bench_rows *rows, const struct bench_row *row)
{
    json_t *json =
        json_pack("{ss so ss ss ss si si sf sf sf ss so sb}", "workload", row->workload,
                  "size", number(row->size), "label", row->label, "runtime", row->runtime,
                  "baseline", row->baseline, "workers", (int)row->workers, "runs",
                  (int)row->runs, "median_s", row->median_s, "min_s", row->min_s, "max_s",
                  row->max_s, "unit", row->per_operation ? "ns" : "s", "peak_rss_kib",
                  number(row->peak_rss_kib), "ok", row->ok);
    double speedup = bench_row_speedup(rows, row);
    int failed = json == NULL;

    if (row->per_operation)
        failed |= json_object_set_new(json, "per_op_ns", json_real(bench_row_op_ns(row)));
    if (speedup > 0)
        failed |= json_object_set_new(json, "speedup", json_real(speedup));
    if (bench_why_any(&row->why))
        failed |= json_object_set_new(json, "why", bench_why_to_json(rows, row));
    if (!row->ok)
        failed |= json_object_set_new(json, "error", bench_json_text(row->error));
    if (row->late)
        failed |= json_object_set_new(json, "late", json_true());
    return bench_json_whole(json, failed == 0);
}

/* Adds the peers to the object, if there are any.  Not 0: there is no memory. */
static int peers_to_json(const struct bench_peers *peers, json_t *root)
{
    json_t *array = json_array();
    int failed = array == NULL;

    for (uint32_t i = 0; i < peers->count; i++) {
        const struct bench_peer *peer = &peers->peers[i];

        failed |= json_array_append_new(
            array, json_pack("{ss ss so}", "name", peer->name, "state",
                             bench_peer_state_name(peer->state), "text",
                             bench_json_text(peer->text)));
    }
    if (failed == 0 && peers->count > 0)
        return json_object_set_new(root, "peers", array);
    json_decref(array);
    return failed;
}

int bench_json_write(FILE *out, const struct bench_report *report)
{
    json_t *rows = json_array();
    json_t *root;
    int failed = rows == NULL;

    for (size_t i = 0; i < report->rows.count; i++)
        failed |= json_array_append_new(
            rows, row_to_json(&report->rows, &report->rows.rows[i]));
    root =
        json_pack("{so so}", "machine", machine_to_json(&report->machine), "rows", rows);
    if (root != NULL)
        failed |= peers_to_json(&report->peers, root);
    if (root != NULL && report->matrix.nodes != 0)
        failed |=
            json_object_set_new(root, "memory", bench_matrix_to_json(&report->matrix));
    if (root != NULL && report->simulated.count != 0)
        failed |= json_object_set_new(root, "simulated",
                                      bench_simulated_to_json(&report->simulated));
    if (failed != 0 || root == NULL) {
        json_decref(root);
        return -ENOMEM;
    }
    /* What goes wrong with the file is seen when it is closed. */
    (void)json_dumpf(root, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(root);
    return 0;
}

/* ----------------------------------------------------------------- reading */

static void read_text(const json_t *object, const char *key, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));

    (void)snprintf(text, size, "%s", value != NULL ? value : "");
}

static uint64_t read_number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

static uint32_t read_small(const json_t *object, const char *key)
{
    uint64_t value = read_number(object, key);

    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static double read_real(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));

    return value > 0 ? value : 0;
}

static void read_seating(const json_t *json, struct bench_machine *m)
{
    const json_t *ends = json_object_get(json, "node_ends");

    read_text(json, "placement", m->placement, sizeof(m->placement));
    read_text(json, "pin", m->pin, sizeof(m->pin));
    for (size_t i = 0; i < json_array_size(ends) && i < BENCH_NODE_ENDS; i++) {
        json_int_t end = json_integer_value(json_array_get(ends, i));

        if (end > 0 && end < MAG_SCHED_WORKERS_MAX)
            m->node_ends[m->node_end_count++] = (uint32_t)end;
    }
}

static void read_machine(const json_t *json, struct bench_machine *m)
{
    read_seating(json, m);
    read_text(json, "cpu", m->cpu, sizeof(m->cpu));
    read_text(json, "arch", m->arch, sizeof(m->arch));
    read_text(json, "os", m->os, sizeof(m->os));
    read_text(json, "kernel", m->kernel, sizeof(m->kernel));
    read_text(json, "compiler", m->compiler, sizeof(m->compiler));
    read_text(json, "version", m->version, sizeof(m->version));
    read_text(json, "date", m->date, sizeof(m->date));
    read_text(json, "command", m->command, sizeof(m->command));
    m->packages = read_small(json, "packages");
    m->nodes = read_small(json, "nodes");
    m->caches = read_small(json, "caches");
    m->cores = read_small(json, "cores");
    m->pus = read_small(json, "pus");
    m->online = read_small(json, "online");
    m->workers = read_small(json, "workers");
    m->quota_cpus = read_real(json, "quota_cpus");
    m->memory_kib = read_number(json, "memory_kib");
    m->membarrier = json_is_true(json_object_get(json, "membarrier"));
    m->seconds = read_real(json, "seconds");
}

static void read_peers(const json_t *json, struct bench_peers *peers)
{
    for (size_t i = 0; i < json_array_size(json) && i < BENCH_PEERS; i++) {
        const json_t *object = json_array_get(json, i);
        struct bench_peer *peer = &peers->peers[peers->count++];
        char state[BENCH_NAME];

        read_text(object, "name", peer->name, sizeof(peer->name));
        read_text(object, "state", state, sizeof(state));
        read_text(object, "text", peer->text, sizeof(peer->text));
        peer->state = bench_peer_state_named(state);
    }
}

/* False when what makes a row a row is missing. */
static bool read_row(const json_t *json, struct bench_row *row)
{
    char unit[8];

    read_text(json, "workload", row->workload, sizeof(row->workload));
    read_text(json, "label", row->label, sizeof(row->label));
    read_text(json, "runtime", row->runtime, sizeof(row->runtime));
    read_text(json, "baseline", row->baseline, sizeof(row->baseline));
    read_text(json, "error", row->error, sizeof(row->error));
    read_text(json, "unit", unit, sizeof(unit));
    row->size = read_number(json, "size");
    row->workers = read_small(json, "workers");
    row->runs = read_small(json, "runs");
    row->median_s = read_real(json, "median_s");
    row->min_s = read_real(json, "min_s");
    row->max_s = read_real(json, "max_s");
    row->per_operation = strcmp(unit, "ns") == 0;
    row->peak_rss_kib = read_number(json, "peak_rss_kib");
    row->ok = json_is_true(json_object_get(json, "ok"));
    row->late = json_is_true(json_object_get(json, "late"));
    bench_why_from_json(json_object_get(json, "why"), row);
    if (json_object_get(json, "baseline") == NULL)
        (void)snprintf(row->baseline, sizeof(row->baseline), "serial");
    if (row->label[0] == '\0')
        (void)snprintf(row->label, sizeof(row->label), "%s(%llu)", row->workload,
                       (unsigned long long)row->size);
    return row->workload[0] != '\0' && row->runtime[0] != '\0' && row->workers > 0;
}

static bool read_report(const json_t *root, struct bench_report *report, char *why,
                        size_t why_size)
{
    const json_t *rows = json_object_get(root, "rows");

    if (!json_is_array(rows)) {
        (void)snprintf(why, why_size, "it has no array \"rows\"");
        return false;
    }
    read_machine(json_object_get(root, "machine"), &report->machine);
    read_peers(json_object_get(root, "peers"), &report->peers);
    if (!bench_matrix_from_json(json_object_get(root, "memory"), &report->matrix)) {
        (void)snprintf(why, why_size, "its \"memory\" is not a matrix of nodes");
        return false;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct bench_row row = {0};

        if (!read_row(json_array_get(rows, i), &row)) {
            (void)snprintf(why, why_size,
                           "row %zu lacks a workload, a runtime or workers", i + 1);
            return false;
        }
        if (bench_rows_add(&report->rows, &row) != 0) {
            (void)snprintf(why, why_size, "out of memory");
            return false;
        }
    }
    return true;
}

bool bench_json_read(const char *path, struct bench_report *report, char *why,
                     size_t why_size)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    json_error_t error;
    json_t *root;
    bool read;

    if (in == NULL) {
        (void)snprintf(why, why_size, "%s", strerror(errno));
        return false;
    }
    root = json_loadf(in, 0, &error);
    if (!standard)
        (void)fclose(in);
    if (root == NULL) {
        (void)snprintf(why, why_size, "line %d: %s", error.line, error.text);
        return false;
    }
    read = read_report(root, report, why, why_size);
    json_decref(root);
    return read;
}
