/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/watch.h"

#include "bench/text/text.h"

#include <errno.h>
#include <magpie/budget.h>
#include <magpie/counters.h>
#include <magpie/elastic.h>
#include <magpie/sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Every TURN_MS each worker is busy for BUSY_US: a worker that never runs cannot see that
 * its processor is taken. */
enum { TURN_MS = 100, BUSY_US = 15000, REASON = 400, TIME = 16 };

static volatile sig_atomic_t interrupted;

/* What was shown of one worker. */
struct shown {
    struct mag_sched_counters counters;
    bool known;
};

struct probe {
    struct mag_job job; /* first */
    _Atomic(bool) busy;
};

struct watching {
    FILE *out;
    struct mag_sched *sched;
    struct shown *shown;
    struct probe *probes;
    uint32_t places;
    uint32_t workers; /* as shown */
    bool live;        /* a table on a terminal */
};

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static double seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void be_busy(struct mag_job *job)
{
    struct probe *probe = (struct probe *)(void *)job;
    double until = seconds_now() + BUSY_US * 1e-6;

    while (seconds_now() < until) {
        /* Uses the processor. */
    }
    /* release: the job may be posted again. */
    atomic_store_explicit(&probe->busy, false, memory_order_release);
}

static void probe_workers(struct watching *w)
{
    for (uint32_t i = 0; i < w->workers; i++) {
        struct probe *probe = &w->probes[i];

        /* acquire: the job has run. */
        if (atomic_load_explicit(&probe->busy, memory_order_acquire))
            continue;
        /* relaxed: the post publishes it. */
        atomic_store_explicit(&probe->busy, true, memory_order_relaxed);
        probe->job.run = be_busy;
        if (mag_sched_post_worker(w->sched, &probe->job, i) != 0) {
            /* relaxed: nobody else has seen it. */
            atomic_store_explicit(&probe->busy, false, memory_order_relaxed);
        }
    }
}

/* ------------------------------------------------------------------------- text */

static void begin_line(const struct watching *w)
{
    char text[TIME] = "";
    time_t now = time(NULL);
    struct tm local;

    if (localtime_r(&now, &local) != NULL)
        (void)strftime(text, sizeof(text), "%H:%M:%S", &local);
    (void)fprintf(w->out, "%s  ", text);
}

/* Why there are as many workers as there are. */
static void put_reason(const struct watching *w)
{
    struct mag_topology *topology = NULL;
    struct mag_budget *budget = NULL;
    char reason[REASON] = "";

    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) == 0 &&
        mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget) == 0)
        (void)mag_budget_format(budget, reason, sizeof(reason));
    const char *colon = strchr(reason, ':');
    (void)fprintf(w->out, "%s%s\n", bench_count(w->workers, "worker").text,
                  colon != NULL ? colon : "");
    mag_budget_free(budget);
    mag_topology_free(topology);
}

static void put_state(const struct watching *w, const struct mag_sched_counters *c)
{
    static const char *const ranges[] = {"its PU", "its cache domain", "its node"};

    switch (c->pinned) {
    case MAG_PINNED:
        (void)fprintf(w->out, "pinned to PU %u", c->os_pu);
        break;
    case MAG_PIN_LOOSENED:
        (void)fprintf(w->out, "others use PU %u: may run in %s", c->os_pu,
                      ranges[c->range]);
        break;
    case MAG_PIN_LOST:
        (void)fprintf(w->out, "lost PU %u: its mask was changed", c->os_pu);
        break;
    case MAG_PIN_REFUSED:
        (void)fprintf(w->out, "not pinned: the kernel refuses");
        break;
    default:
        (void)fprintf(w->out, "not pinned");
        break;
    }
}

static bool differs(const struct mag_sched_counters *a,
                    const struct mag_sched_counters *b)
{
    return a->pinned != b->pinned || a->range != b->range || a->os_pu != b->os_pu;
}

static void put_changes(struct watching *w, bool more_or_fewer)
{
    if (more_or_fewer) {
        begin_line(w);
        put_reason(w);
    }
    for (uint32_t i = 0; i < w->places; i++) {
        struct mag_sched_counters now;
        bool active = i < w->workers && mag_sched_counters(w->sched, i, &now) == 0;

        if (active && (!w->shown[i].known || differs(&now, &w->shown[i].counters))) {
            begin_line(w);
            (void)fprintf(w->out, "worker %u: ", i);
            put_state(w, &now);
            (void)fputc('\n', w->out);
            w->shown[i].counters = now;
        }
        w->shown[i].known = active;
    }
}

static void put_table(struct watching *w)
{
    (void)fputs("\033[H\033[J", w->out);
    put_reason(w);
    (void)fprintf(w->out, "\n%6s %9s %9s  state\n", "worker", "loosened", "repaired");
    for (uint32_t i = 0; i < w->workers; i++) {
        struct mag_sched_counters now;

        if (mag_sched_counters(w->sched, i, &now) != 0)
            continue;
        (void)fprintf(w->out, "%6u %9llu %9llu  ", i, (unsigned long long)now.loosened,
                      (unsigned long long)now.repaired);
        put_state(w, &now);
        (void)fputc('\n', w->out);
    }
    (void)fputs("\nCtrl-C ends this.\n", w->out);
}

/* ------------------------------------------------------------------------- turns */

static void pause_a_turn(void)
{
    struct timespec turn = {.tv_nsec = (long)TURN_MS * 1000000};

    (void)nanosleep(&turn, NULL);
}

static void watch_until(struct watching *w, double until)
{
    bool first = true;

    while (!interrupted && (until <= 0 || seconds_now() < until)) {
        uint32_t workers = mag_sched_workers(w->sched);
        bool changed = first || workers != w->workers;

        w->workers = workers;
        if (w->live)
            put_table(w);
        else
            put_changes(w, changed);
        if (fflush(w->out) != 0)
            return;
        first = false;
        probe_workers(w);
        pause_a_turn();
    }
}

static int start(struct watching *w)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    config.follow = MAG_FOLLOW_ALWAYS;
    config.name = "doctor";
    return mag_sched_start(&config, &w->sched);
}

int bench_watch(FILE *out, double seconds)
{
    struct watching w = {.out = out, .live = isatty(fileno(out)) == 1};
    struct sigaction action = {.sa_handler = interrupt};
    int r = start(&w);

    if (r < 0)
        return r;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    w.places = mag_sched_workers_max(w.sched);
    w.shown = calloc(w.places, sizeof(*w.shown));
    w.probes = calloc(w.places, sizeof(*w.probes));
    if (w.shown != NULL && w.probes != NULL)
        watch_until(&w, seconds > 0 ? seconds_now() + seconds : 0);
    else
        r = -ENOMEM;
    (void)mag_sched_destroy(w.sched);
    free(w.shown);
    free(w.probes);
    return r;
}
