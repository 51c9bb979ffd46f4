/*
 * pingpong.c - two workers hand a token to and fro: each posts the token's job to the
 * other one.  Either they may search for a long time, or each sleeps until it is woken.
 *
 * The twins are two bare threads that hand over a word: by spinning on it, or by a futex.
 * Workers and threads sit on the first and the last PU that this process may use.
 *
 * Ownership
 *   [R] the thread of the run   [P] whoever has the token   [A] both players
 *
 * Edges: release end -> acquire end : what crosses
 *   token   play (turn) -> play (turn) : the token
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PLAYERS = 2, LONG_US = 10000 };

struct table {
    struct mag_job job;      /* the token; first */
    struct mag_sched *sched; /* [R] */
    uint64_t left;           /* [P] hand-overs to come */
    int error;               /* [P] */
    sem_t end;
    bool sleeps;            /* [R] */
    uint32_t pus[PLAYERS];  /* [R] */
    _Atomic(uint32_t) turn; /* [A] counts hand-overs */
};

/* ---------------------------------------------------------------------- the PUs */

static int find_pus(uint32_t *ret_pus)
{
    cpu_set_t allowed;
    uint32_t found = 0;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return -errno;
    for (uint32_t pu = 0; pu < CPU_SETSIZE; pu++) {
        if (CPU_ISSET(pu, &allowed))
            ret_pus[found++ == 0 ? 0 : 1] = pu;
    }
    if (found == 1)
        ret_pus[1] = ret_pus[0];
    return 0;
}

static void sit_on(uint32_t pu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(pu, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
}

/* ------------------------------------------------------------------ bare threads */

struct player {
    struct table *table;
    uint32_t number;
    uint32_t turns; /* how many hand-overs in all */
    pthread_t thread;
};

static void wait_for_turn(struct table *table, uint32_t seen)
{
    if (table->sleeps) {
        (void)syscall(SYS_futex, &table->turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Player 0 has the even turns. */
static void *play(void *arg)
{
    struct player *player = arg;
    struct table *table = player->table;

    sit_on(table->pus[player->number]);
    for (;;) {
        /* token, acquire. */
        uint32_t turn = atomic_load_explicit(&table->turn, memory_order_acquire);

        if (turn >= player->turns)
            return NULL;
        if (turn % PLAYERS != player->number) {
            wait_for_turn(table, turn);
            continue;
        }
        /* token, release. */
        atomic_store_explicit(&table->turn, turn + 1, memory_order_release);
        if (table->sleeps)
            (void)syscall(SYS_futex, &table->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static int run_threads(struct bench_run *run)
{
    struct table *table = run->data;
    struct player players[PLAYERS];
    uint32_t started = 0;
    int r = 0;

    /* relaxed: no player runs. */
    atomic_store_explicit(&table->turn, 0, memory_order_relaxed);
    for (; started < PLAYERS && r == 0; started += r == 0) {
        players[started] = (struct player){
            .table = table, .number = started, .turns = (uint32_t)run->size};
        r = -pthread_create(&players[started].thread, NULL, play, &players[started]);
    }
    if (r != 0) {
        /* relaxed: ends the first player. */
        atomic_store_explicit(&table->turn, (uint32_t)run->size, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < started; i++)
        (void)pthread_join(players[i].thread, NULL);
    run->answer = run->size;
    return r;
}

/* --------------------------------------------------------------------- on Magpie */

static void hand_over(struct mag_job *job)
{
    struct table *table = (struct table *)(void *)job;

    if (table->left == 0) {
        (void)sem_post(&table->end);
        return;
    }
    table->left--;
    int r = mag_sched_post_worker(table->sched, job, 1 - mag_sched_worker());
    if (r < 0) {
        table->error = r;
        (void)sem_post(&table->end);
    }
}

static int run_workers(struct bench_run *run)
{
    struct table *table = run->data;

    table->job.run = hand_over;
    table->left = run->size;
    int r = mag_sched_post_worker(table->sched, &table->job, 0);
    if (r < 0)
        return r;
    while (sem_wait(&table->end) != 0) {
        /* Was interrupted. */
    }
    run->answer = run->size - table->left;
    return table->error;
}

/* ------------------------------------------------------------------ the workload */

static int prepare(struct bench_run *run, bool sleeps)
{
    struct table *table = calloc(1, sizeof(*table));
    struct mag_sched_config config;
    int r;

    run->data = table;
    if (table == NULL)
        return -ENOMEM;
    table->sleeps = sleeps;
    r = find_pus(table->pus);
    if (r < 0 || sem_init(&table->end, 0, 0) != 0)
        return r < 0 ? r : -errno;
    mag_sched_config_init(&config);
    config.workers = PLAYERS;
    config.placement = MAG_PLACE_LIST;
    config.os_pus = table->pus;
    config.os_pu_count = PLAYERS;
    config.pin = MAG_PIN_ALWAYS; /* as the threads of the twin */
    config.spin_us = sleeps ? 0 : LONG_US;
    return mag_sched_start(&config, &table->sched);
}

static int prepare_spinning(struct bench_run *run)
{
    return prepare(run, false);
}

static int prepare_sleeping(struct bench_run *run)
{
    return prepare(run, true);
}

static void cleanup(struct bench_run *run)
{
    struct table *table = run->data;

    if (table == NULL)
        return;
    (void)mag_sched_destroy(table->sched);
    (void)sem_destroy(&table->end);
    free(table);
}

#define PINGPONG(row, called, text, tells, than, prepares) \
    const struct bench_workload bench_##row = {            \
        .group = "pool",                                   \
        .name = (called),                                  \
        .summary = (text),                                 \
        .shows = (tells),                                  \
        .size_is = "hand-overs",                           \
        .sizes = {20000},                                  \
        .size_min = 1,                                     \
        .size_max = 1000000000,                            \
        .twin = (than),                                    \
        .per_operation = true,                             \
        .threads = PLAYERS,                                \
        .prepare = (prepares),                             \
        .run_twin = run_threads,                           \
        .run_magpie = run_workers,                         \
        .cleanup = cleanup,                                \
    }

PINGPONG(pingpong, "pingpong",
         "two workers that may search for 10 ms post a job to each other",
         "the way to the other of two workers, beside two spinning threads", "spin",
         prepare_spinning);
PINGPONG(pingpong_parked, "pingpong-parked",
         "two workers that sleep post a job to each other",
         "the way to a worker that sleeps, beside a bare futex", "futex",
         prepare_sleeping);
