/*
 * submit.c - see submit.h.  Each call counts itself in a cell of its thread, so that the
 * pool's threads share no line.  A submitter is at most AHEAD calls ahead of the pool.
 *
 * Ownership
 *   [C] written by one thread of the pool, read by the submitters
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/submit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 8, CELLS = 512, AHEAD = 16384, LOOK = 256, LINE = 64, NAP_NS = 50000 };

static struct {
    _Alignas(LINE) _Atomic(uint64_t) runs; /* [C] */
} cells[CELLS];
static _Atomic(uint32_t) cells_given;
static _Thread_local uint32_t my_cell; /* its number and one; 0: none yet */

static _Atomic(uint64_t) submitted; /* by all threads, a little behind */

struct submitter {
    const struct kernel_pool *pool;
    pthread_t thread;
    uint64_t wanted;
    int error;
};

static void count_call(void *arg)
{
    (void)arg;
    if (my_cell == 0) {
        /* relaxed: only a number. */
        my_cell = 1 + atomic_fetch_add_explicit(&cells_given, 1, memory_order_relaxed);
    }
    _Atomic(uint64_t) *runs = &cells[(my_cell - 1) % CELLS].runs;
    /* relaxed: there is one writer. */
    uint64_t now = atomic_load_explicit(runs, memory_order_relaxed);
    /* ran, release: this thread's last touch of the cells. */
    atomic_store_explicit(runs, now + 1, memory_order_release);
}

static uint64_t calls_run(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < CELLS; i++) {
        /* ran, acquire: the cells may be freed once all calls have run. */
        sum += atomic_load_explicit(&cells[i].runs, memory_order_acquire);
    }
    return sum;
}

/* A submitter that is ahead sleeps, and leaves its processor to the pool: there is work
 * for longer than the nap.  At the end of a run it looks again at once. */
static void wait_for(uint64_t all, int64_t rest)
{
    const struct timespec nap = {0, NAP_NS};

    while ((int64_t)(all - calls_run()) > rest) {
        if (rest != 0)
            (void)nanosleep(&nap, NULL);
        else
            (void)sched_yield();
    }
}

static void *submit(void *arg)
{
    struct submitter *self = arg;
    const struct kernel_pool *pool = self->pool;

    for (uint64_t done = 0; done < self->wanted && self->error == 0;) {
        uint64_t rest = self->wanted - done;
        uint64_t count = rest < LOOK ? rest : LOOK;

        for (uint64_t i = 0; i < count && self->error == 0; i++)
            self->error = pool->submit(pool->context, count_call, NULL);
        done += count;
        /* relaxed: only a limit. */
        uint64_t all =
            count + atomic_fetch_add_explicit(&submitted, count, memory_order_relaxed);
        wait_for(all, AHEAD);
    }
    return NULL;
}

static int submit_by(const struct kernel_pool *pool, uint32_t threads, uint64_t count,
                     struct kernel_load *ret_load)
{
    struct submitter submitters[THREADS] = {{0}};
    uint64_t before = calls_run();
    uint32_t started = 1;
    int r = 0;

    for (uint32_t i = 0; i < threads; i++)
        submitters[i] = (struct submitter){
            .pool = pool, .wanted = count / threads + (i < count % threads)};
    for (; started < threads && r == 0; started += r == 0)
        r = -pthread_create(&submitters[started].thread, NULL, submit,
                            &submitters[started]);
    (void)submit(&submitters[0]);
    for (uint32_t i = 1; i < started; i++)
        (void)pthread_join(submitters[i].thread, NULL);
    for (uint32_t i = 0; i < started && r == 0; i++)
        r = submitters[i].error;
    if (r == 0)
        wait_for(before + count, 0);
    ret_load->done = calls_run() - before;
    ret_load->seconds = 0;
    return r;
}

int kernel_submit_one(const struct kernel_pool *pool, uint64_t count,
                      struct kernel_load *ret_load)
{
    return submit_by(pool, 1, count, ret_load);
}

int kernel_submit_eight(const struct kernel_pool *pool, uint64_t count,
                        struct kernel_load *ret_load)
{
    return submit_by(pool, THREADS, count, ret_load);
}
