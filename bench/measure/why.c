/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/why.h"

#include <errno.h>
#include <magpie/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of the line "cpu" in /proc/stat, see proc(5): those behind them are contained in
 * the first. */
enum { FIELDS = 8, STOLEN = 7 };

int bench_why_workers_init(struct bench_why_workers *workers,
                           const struct mag_sched *sched)
{
    workers->sched = sched;
    workers->count = mag_sched_capacity(sched);
    workers->counters = calloc(workers->count, sizeof(*workers->counters));
    return workers->counters != NULL ? 0 : -ENOMEM;
}

void bench_why_workers_fini(struct bench_why_workers *workers)
{
    free(workers->counters);
    *workers = (struct bench_why_workers){0};
}

void bench_why_workers_look(struct bench_why_workers *workers)
{
    for (uint32_t i = 0; i < workers->count; i++)
        (void)mag_sched_counters(workers->sched, i, &workers->counters[i]);
}

/* In seconds. */
static double between(uint64_t before_ns, uint64_t after_ns)
{
    return after_ns > before_ns ? (double)(after_ns - before_ns) * 1e-9 : 0;
}

void bench_why_workers_between(const struct bench_why_workers *before,
                               const struct bench_why_workers *after,
                               struct bench_why *why)
{
    double most = 0;
    uint32_t parts = 0;

    for (uint32_t i = 0; i < after->count; i++) {
        const struct mag_sched_counters *from = &before->counters[i];
        const struct mag_sched_counters *to = &after->counters[i];
        double run = between(from->run_ns, to->run_ns);
        double search = between(from->search_ns, to->search_ns);
        double park = between(from->park_ns, to->park_ns);
        double wait = between(from->blocked_ns, to->blocked_ns);

        why->run_s += run;
        why->search_s += search;
        why->park_s += park;
        why->wait_s += wait;
        why->steals_near += to->steals_near - from->steals_near;
        why->steals_far += to->steals_far - from->steals_far;
        for (uint32_t ring = 0; ring < MAG_STEAL_RINGS; ring++)
            why->steals_ring[ring] += to->steals_ring[ring] - from->steals_ring[ring];
        /* A place for a guest that nobody has taken has no time. */
        parts += run + search + park + wait > 0;
        most = run > most ? run : most;
    }
    why->even_s += most * parts;
}

void bench_why_caller(struct bench_why *why, double took_s, double run_s,
                      uint32_t threads)
{
    double wait = took_s > run_s ? took_s - run_s : 0;

    why->run_s += run_s;
    why->wait_s += wait;
    why->park_s = why->park_s > took_s ? why->park_s - took_s : 0;
    if (why->even_s < run_s * threads)
        why->even_s = run_s * threads;
}

void bench_why_machine(struct bench_why *why)
{
    FILE *in = fopen("/proc/stat", "re");
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    char line[512];
    char *at = line + strlen("cpu ");

    if (in == NULL)
        return;
    if (fgets(line, sizeof(line), in) != NULL && strncmp(line, "cpu ", 4) == 0) {
        for (int i = 0; i < FIELDS; i++) {
            double ticks = strtod(at, &at);

            why->machine_s += ticks * tick;
            if (i == STOLEN)
                why->stolen_s += ticks * tick;
        }
    }
    (void)fclose(in);
}

void bench_why_mhz(struct bench_why *why)
{
    FILE *in = fopen("/proc/cpuinfo", "re");
    char line[512];
    double most = 0;

    if (in == NULL)
        return;
    while (fgets(line, sizeof(line), in) != NULL) {
        const char *colon = strchr(line, ':');
        double mhz = colon != NULL && strncmp(line, "cpu MHz", 7) == 0
                         ? strtod(colon + 1, NULL)
                         : 0;

        most = mhz > most ? mhz : most;
    }
    why->mhz += most;
    (void)fclose(in);
}

static uint64_t since(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

static double time_since(double before, double after)
{
    return after > before ? after - before : 0;
}

void bench_why_add(struct bench_why *why, const struct bench_why *before,
                   const struct bench_why *after)
{
    why->run_s += time_since(before->run_s, after->run_s);
    why->search_s += time_since(before->search_s, after->search_s);
    why->park_s += time_since(before->park_s, after->park_s);
    why->wait_s += time_since(before->wait_s, after->wait_s);
    why->even_s += time_since(before->even_s, after->even_s);
    why->steals_near += since(before->steals_near, after->steals_near);
    why->steals_far += since(before->steals_far, after->steals_far);
    for (uint32_t i = 0; i < MAG_STEAL_RINGS; i++)
        why->steals_ring[i] += since(before->steals_ring[i], after->steals_ring[i]);
    why->machine_s += time_since(before->machine_s, after->machine_s);
    why->stolen_s += time_since(before->stolen_s, after->stolen_s);
    why->mhz += time_since(before->mhz, after->mhz);
}

double bench_why_workers_s(const struct bench_why *why)
{
    return why->run_s + why->search_s + why->park_s + why->wait_s;
}

bool bench_why_known(const struct bench_why *why)
{
    return bench_why_workers_s(why) > 0;
}

bool bench_why_any(const struct bench_why *why)
{
    return bench_why_known(why) || why->machine_s > 0 || why->mhz > 0;
}

double bench_why_stolen(const struct bench_why *why)
{
    return why->machine_s > 0 ? why->stolen_s / why->machine_s : -1;
}
