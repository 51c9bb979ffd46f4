/*
 * measure.c - what the machine itself costs: lines, atomics, wakes, membarrier, memory.
 * Two threads on two PUs, and the least of several runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/measure.h"

#include "bench/machine/matrix.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <magpie/plan.h>
#include <magpie/topology.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS = 7,
    ROUNDS = 20000,
    WAKES = 200,
    BARRIERS = 200,
    KIB = 1024,
    MEMORY = 64 << 20, /* more than a cache */
};

int64_t sim_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ------------------------------------------------------------------- two threads */

/*
 * Edges: release end -> acquire end : what crosses
 *   turn   give (turn) -> wait_turn (turn) : nothing but the turn
 */
struct pair {
    _Alignas(
        64) _Atomic(uint32_t) turn; /* whose it is: even the caller's, odd the other's */
    uint32_t rounds;
    uint32_t cpu; /* of the other thread */
    bool sleeps;  /* by futex instead of spinning */
};

static void sit_on(uint32_t cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    /* Where that is refused the kernel decides. */
    (void)sched_setaffinity(0, sizeof(set), &set);
}

static void wait_turn(struct pair *pair, uint32_t turn)
{
    for (;;) {
        /* turn, acquire. */
        uint32_t now = atomic_load_explicit(&pair->turn, memory_order_acquire);

        if (now == turn)
            return;
        if (pair->sleeps)
            (void)syscall(SYS_futex, &pair->turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
    }
}

static void give(struct pair *pair, uint32_t turn)
{
    /* turn, release. */
    atomic_store_explicit(&pair->turn, turn, memory_order_release);
    if (pair->sleeps)
        (void)syscall(SYS_futex, &pair->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *arg)
{
    struct pair *pair = arg;

    sit_on(pair->cpu);
    for (uint32_t i = 0; i < pair->rounds; i++) {
        wait_turn(pair, 2 * i + 1);
        give(pair, 2 * i + 2);
    }
    return NULL;
}

/* Half a round trip between two CPUs; negative: there is no second thread. */
static double hand_over(uint32_t a, uint32_t b, bool sleeps)
{
    struct pair pair = {.rounds = sleeps ? WAKES : ROUNDS, .cpu = b, .sleeps = sleeps};
    pthread_t other;

    atomic_init(&pair.turn, 0);
    sit_on(a);
    if (pthread_create(&other, NULL, answer, &pair) != 0)
        return -1;
    give(&pair, 1);
    wait_turn(&pair, 2);
    int64_t from = sim_clock_ns();
    for (uint32_t i = 1; i < pair.rounds; i++) {
        give(&pair, 2 * i + 1);
        wait_turn(&pair, 2 * i + 2);
    }
    double took = (double)(sim_clock_ns() - from);
    (void)pthread_join(other, NULL);
    return took / (pair.rounds - 1) / 2;
}

static double least_hand_over(uint32_t a, uint32_t b, bool sleeps)
{
    double least = INFINITY;

    for (int i = 0; i < RUNS; i++) {
        double took = hand_over(a, b, sleeps);

        if (took >= 0 && took < least)
            least = took;
    }
    return least;
}

/* -------------------------------------------------------------------- by distance */

/* The cost of a line between two seats. */
static enum sim_cost line_between(const struct mag_seat *a, const struct mag_seat *b)
{
    static const enum sim_cost costs[] = {[MAG_REACH_CORE] = SIM_LINE_CORE,
                                          [MAG_REACH_CACHE] = SIM_LINE_CACHE,
                                          [MAG_REACH_NODE] = SIM_LINE_NODE};
    enum mag_reach reach = mag_seat_reach(a, b);

    if (reach != MAG_REACH_FAR)
        return costs[reach];
    return a->package == b->package ? SIM_LINE_PACKAGE : SIM_LINE_FAR;
}

/* One pair of PUs for each distance that this machine has. */
static void measure_lines(struct sim_measured *measured, const struct mag_plan *plan)
{
    const struct mag_seat *first = mag_plan_seat(plan, 0);
    bool woken = false;

    for (uint32_t i = 1; i < mag_plan_workers(plan); i++) {
        const struct mag_seat *seat = mag_plan_seat(plan, i);
        enum sim_cost cost = line_between(first, seat);

        if (measured->measured[cost])
            continue;
        double ns = least_hand_over(first->os_pu, seat->os_pu, false);
        if (!isfinite(ns))
            return;
        sim_measured_set(measured, cost, ns);
        if (!woken)
            ns = least_hand_over(first->os_pu, seat->os_pu, true);
        if (!woken && isfinite(ns))
            sim_measured_set(measured, SIM_WAKE_DELAY, ns);
        woken = true;
    }
}

/* ------------------------------------------------------------------------ one thread */

static void add_one(void *word)
{
    /* seq_cst: as in the scheduler's words. */
    (void)atomic_fetch_add_explicit((_Atomic(uint32_t) *)word, 1, memory_order_seq_cst);
}

static void pause_once(void *word)
{
    (void)word;
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

static void wake_nobody(void *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void bar(void *word)
{
    (void)word;
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static double time_of(void (*call)(void *word), uint32_t rounds)
{
    _Atomic(uint32_t) word = 0;
    double least = INFINITY;

    for (int i = 0; i < RUNS; i++) {
        int64_t from = sim_clock_ns();

        for (uint32_t j = 0; j < rounds; j++)
            call(&word);
        double took = (double)(sim_clock_ns() - from) / rounds;

        least = took < least ? took : least;
    }
    return least;
}

static void *spin(void *arg)
{
    _Atomic(bool) *over = arg;

    /* relaxed: nothing crosses. */
    while (!atomic_load_explicit(over, memory_order_relaxed))
        pause_once(NULL);
    return NULL;
}

/* Alone, and beside one thread that runs. */
static void measure_barrier(struct sim_measured *measured)
{
    _Atomic(bool) over = false;
    pthread_t other;

    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
        return;
    double alone = time_of(bar, BARRIERS);
    if (pthread_create(&other, NULL, spin, &over) != 0)
        return;
    double beside = time_of(bar, BARRIERS);
    /* relaxed: nothing crosses. */
    atomic_store_explicit(&over, true, memory_order_relaxed);
    (void)pthread_join(other, NULL);
    sim_measured_set(measured, SIM_BARRIER, alone);
    sim_measured_set(measured, SIM_IPI, beside > alone ? beside - alone : 0);
}

/* All PUs of the first node that has any read its memory together: a node's bandwidth is
 * more than what one PU can use. */
static void measure_memory(struct sim_measured *measured)
{
    struct bench_matrix matrix;

    if (bench_matrix_measure(&matrix, MEMORY) < 0)
        return;
    for (uint32_t i = 0; i < matrix.nodes && !measured->measured[SIM_MEMORY_KIB]; i++) {
        double gb_per_s = bench_matrix_link(&matrix, i, i)->gb_per_s;

        if (gb_per_s > 0)
            sim_measured_set(measured, SIM_MEMORY_KIB, KIB / gb_per_s);
    }
    bench_matrix_free(&matrix);
}

/* -------------------------------------------------------------------------- all */

static int measure_machine(struct sim_measured *measured)
{
    struct mag_topology *topology;
    struct mag_plan *plan = NULL;
    cpu_set_t before;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    if (r < 0)
        return r;
    r = mag_plan_make(topology, MAG_PLACE_COMPACT, mag_topology_pus(topology), NULL, 0,
                      &plan);
    if (r == 0 && sched_getaffinity(0, sizeof(before), &before) == 0) {
        measure_lines(measured, plan);
        (void)sched_setaffinity(0, sizeof(before), &before);
    }
    mag_plan_free(plan);
    mag_topology_free(topology);
    return r;
}

int sim_measure(struct sim_measured *ret_measured)
{
    *ret_measured = (struct sim_measured){.measured = {false}};
    sim_costs_default(&ret_measured->costs);
    int r = measure_machine(ret_measured);
    if (r < 0)
        return r;
    sim_measured_set(ret_measured, SIM_ATOMIC, time_of(add_one, ROUNDS));
    sim_measured_set(ret_measured, SIM_PAUSE, time_of(pause_once, ROUNDS));
    /* A wake that finds nobody: less than what a real one costs its caller. */
    sim_measured_set(ret_measured, SIM_WAKE_CALL, time_of(wake_nobody, WAKES));
    measure_barrier(ret_measured);
    measure_memory(ret_measured);
    return sim_measure_work(ret_measured);
}

void sim_measured_write(FILE *out, const struct sim_measured *measured)
{
    for (int i = 0; i < SIM_COSTS; i++) {
        const struct sim_cost_about *about = sim_cost_about((enum sim_cost)i);

        (void)fprintf(out, "# %s%s\n%s%s %.4g\n", about->meaning,
                      measured->measured[i] ? "" : "; not measured",
                      measured->measured[i] ? "" : "# ", about->name,
                      measured->costs.ns[i]);
    }
}
