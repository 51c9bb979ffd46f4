/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/sweep.h"

#include "bench/measure/lane.h"
#include "bench/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* If --runs is not given: at least BENCH_RUNS_ENOUGH... */
    RUNS_SHORT = 50, /* ...at most these, for... */
};
static const double measured_enough = 1.0; /* ...so many seconds of short runs. */

/* One configuration of a case, its process and what came out. */
struct entry {
    struct bench_row row;
    struct bench_lane lane;
    double *samples;
    uint32_t count;
};

struct bench_case {
    const struct bench_sweep *sweep;
    const struct bench_workload *workload;
    uint64_t size;
    struct entry *entries;
    uint32_t count;
    double began;
};

/* ----------------------------------------------------------------- seatings */

const char *bench_pin_name(enum mag_pin pin)
{
    static const char *const names[] = {[MAG_PIN_NEVER] = "never",
                                        [MAG_PIN_ALWAYS] = "always",
                                        [MAG_PIN_ADAPTIVE] = "adaptive"};

    return names[pin];
}

void bench_seating_name(const struct bench_sweep *sweep, uint32_t index,
                        char name[BENCH_NAME])
{
    const struct bench_seating *first = &sweep->seatings[0];
    const struct bench_seating *seating = &sweep->seatings[index];
    bool placed = seating->placement != first->placement;
    bool pinned = seating->pin != first->pin;

    if (placed)
        (void)snprintf(name, BENCH_NAME, "%s%s%s", mag_placement_name(seating->placement),
                       pinned ? "/pin-" : "", pinned ? bench_pin_name(seating->pin) : "");
    else if (pinned)
        (void)snprintf(name, BENCH_NAME, "pin-%s", bench_pin_name(seating->pin));
    else
        (void)snprintf(name, BENCH_NAME, "%s", BENCH_OURS);
}

/* ------------------------------------------------------------------ entries */

static void entry_start(struct bench_case *c, const char *runtime,
                        const struct bench_lane_spec *spec)
{
    struct entry *entry = &c->entries[c->count++];
    struct bench_row *row = &entry->row;
    const char *baseline = c->workload->twin != NULL ? c->workload->twin : "";
    struct bench_lane_spec limited = *spec;

    row->size = c->size;
    row->workers = spec->workers;
    row->per_operation = c->workload->per_operation;
    (void)snprintf(row->workload, sizeof(row->workload), "%s", c->workload->name);
    (void)snprintf(row->runtime, sizeof(row->runtime), "%s", runtime);
    (void)snprintf(row->baseline, sizeof(row->baseline), "%s", baseline);
    bench_label(c->workload, c->size, row->label, sizeof(row->label));
    limited.until = c->sweep->until;
    (void)bench_lane_start(&entry->lane, &limited);
}

static void twin_start(struct bench_case *c, uint32_t workers)
{
    const struct bench_lane_spec spec = {
        .workload = c->workload, .size = c->size, .workers = workers, .twin = true};

    entry_start(c, c->workload->twin, &spec);
}

static void own_start(struct bench_case *c, uint32_t seating, uint32_t workers)
{
    const struct bench_sweep *sweep = c->sweep;
    char name[BENCH_NAME] = BENCH_OURS;
    struct bench_lane_spec spec = {
        .workload = c->workload, .size = c->size, .workers = workers};

    if (sweep->seating_count != 0) {
        bench_seating_name(sweep, seating, name);
        spec.seating = &sweep->seatings[seating];
    }
    entry_start(c, name, &spec);
}

static void peer_start(struct bench_case *c, const struct bench_peer *peer,
                       uint32_t workers)
{
    char size[24];
    char count[16];
    const char *const command[] = {peer->program, c->workload->name, size, count, NULL};
    const struct bench_lane_spec spec = {.workers = workers, .command = command};

    (void)snprintf(size, sizeof(size), "%" PRIu64, c->size);
    (void)snprintf(count, sizeof(count), "%u", workers);
    entry_start(c, peer->name, &spec);
}

/* With each number of workers, or with the one that the workload uses. */
static void peers_start(struct bench_case *c)
{
    const struct bench_sweep *sweep = c->sweep;
    uint32_t threads = c->workload->threads;

    for (uint32_t i = 0; sweep->peers != NULL && i < sweep->peers->count; i++) {
        const struct bench_peer *peer = &sweep->peers->peers[i];

        if (peer->state != BENCH_PEER_READY || !bench_peer_has(peer, c->workload->name))
            continue;
        if (threads != 0)
            peer_start(c, peer, threads);
        for (uint32_t j = 0; threads == 0 && j < sweep->worker_counts; j++)
            peer_start(c, peer, sweep->workers[j]);
    }
}

static void entry_run(struct bench_case *c, struct entry *entry)
{
    uint64_t wanted = bench_expected(c->workload, c->size);
    struct bench_why before = {0};
    struct bench_why after = {0};
    uint64_t answer;

    bench_why_machine(&before);
    if (entry->lane.error[0] != '\0' || entry->count == BENCH_RUNS_MAX ||
        !bench_lane_run(&entry->lane, &entry->samples[entry->count], &answer))
        return;
    bench_why_machine(&after);
    bench_why_mhz(&after);
    /* The first run warms up. */
    if (entry->count == 1)
        entry->row.why = (struct bench_why){0};
    bench_why_add(&entry->row.why, &before, &after);
    bench_why_add(&entry->row.why, &(struct bench_why){0}, &entry->lane.why);
    entry->count++;
    if (answer != wanted) {
        (void)snprintf(entry->lane.error, sizeof(entry->lane.error),
                       "wrong answer: %" PRIu64 ", not %" PRIu64, answer, wanted);
    }
}

static void entry_finish(struct entry *entry)
{
    struct bench_row *row = &entry->row;

    /* The first run warms up, and counts only when there is no other. */
    uint32_t warm = entry->count > 1 ? 1 : 0;

    row->peak_rss_kib = bench_lane_stop(&entry->lane);
    row->ok = (entry->lane.error[0] == '\0' || entry->lane.late) && entry->count > 0;
    row->late = entry->lane.late && !row->ok;
    memcpy(row->error, entry->lane.error, sizeof(row->error));
    if (row->ok)
        bench_row_measure(row, entry->samples + warm, entry->count - warm);
}

/* -------------------------------------------------------------------- rounds */

static void show_progress(const struct bench_case *c, const struct entry *entry,
                          uint32_t round)
{
    const struct bench_row *row = &entry->row;
    char phase[32];
    char text[160];

    if (round == 0)
        (void)snprintf(phase, sizeof(phase), "warming up");
    else if (c->sweep->runs != 0)
        (void)snprintf(phase, sizeof(phase), "run %u of %u", round, c->sweep->runs);
    else
        (void)snprintf(phase, sizeof(phase), "run %u", round);
    (void)snprintf(text, sizeof(text), "%s: %s, %s on %s", row->label, phase,
                   row->runtime, bench_count(row->workers, "worker").text);
    bench_progress(text);
}

static void run_round(struct bench_case *c, uint32_t round)
{
    for (uint32_t i = 0; i < c->count; i++) {
        show_progress(c, &c->entries[i], round);
        entry_run(c, &c->entries[i]);
    }
}

static bool anything_left(const struct bench_case *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->entries[i].lane.error[0] == '\0')
            return true;
    }
    return false;
}

/* Whether another round is due after `rounds` of them, the last of `took` seconds. */
static bool goes_on(const struct bench_case *c, uint32_t rounds, double took)
{
    uint32_t counted = rounds - 1;
    double spent = bench_now() - c->began;

    if (!anything_left(c))
        return false;
    if (c->sweep->seconds > 0 && spent + took > c->sweep->seconds)
        return false;
    if (c->sweep->runs != 0)
        return counted < c->sweep->runs;
    return counted < BENCH_RUNS_ENOUGH ||
           (counted < RUNS_SHORT && spent < measured_enough);
}

static void run_rounds(struct bench_case *c)
{
    for (uint32_t round = 0;; round++) {
        double from = bench_now();

        run_round(c, round);
        if (!goes_on(c, round + 1, bench_now() - from))
            return;
    }
}

/* --------------------------------------------------------------------- cases */

/* A program has a scheduler of its own. */
static uint32_t seatings_of(const struct bench_case *c)
{
    uint32_t count = c->sweep->seating_count;

    return count == 0 || c->workload->program != NULL ? 1 : count;
}

static void start_entries(struct bench_case *c)
{
    const struct bench_sweep *sweep = c->sweep;
    uint32_t threads = c->workload->threads;

    bench_progress(c->workload->name);
    if (c->workload->twin != NULL)
        twin_start(c, threads != 0 ? threads : 1);
    if (threads != 0)
        own_start(c, 0, threads);
    for (uint32_t i = 0; threads == 0 && i < seatings_of(c); i++) {
        for (uint32_t j = 0; j < sweep->worker_counts; j++)
            own_start(c, i, sweep->workers[j]);
    }
    peers_start(c);
}

static int allocate(struct bench_case *c, uint32_t capacity)
{
    c->entries = calloc(capacity, sizeof(*c->entries));
    for (uint32_t i = 0; c->entries != NULL && i < capacity; i++) {
        c->entries[i].samples = calloc(BENCH_RUNS_MAX + 1, sizeof(double));
        if (c->entries[i].samples == NULL)
            return -ENOMEM;
    }
    return c->entries != NULL ? 0 : -ENOMEM;
}

static void release(struct bench_case *c, uint32_t capacity)
{
    for (uint32_t i = 0; c->entries != NULL && i < capacity; i++)
        free(c->entries[i].samples);
    free(c->entries);
}

int bench_sweep_case(const struct bench_sweep *sweep,
                     const struct bench_workload *workload, uint64_t size,
                     struct bench_rows *rows)
{
    struct bench_case c = {
        .sweep = sweep, .workload = workload, .size = size, .began = bench_now()};
    uint32_t peers = sweep->peers != NULL ? sweep->peers->count : 0;
    uint32_t capacity = 2 + sweep->worker_counts * (1 + sweep->seating_count + peers);
    int r = allocate(&c, capacity);

    if (r == 0) {
        start_entries(&c);
        run_rounds(&c);
    }
    for (uint32_t i = 0; r == 0 && i < c.count; i++) {
        entry_finish(&c.entries[i]);
        r = bench_rows_add(rows, &c.entries[i].row);
    }
    bench_progress(NULL);
    release(&c, capacity);
    return r;
}
