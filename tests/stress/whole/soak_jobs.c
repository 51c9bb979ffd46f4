/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stress/whole/soak.h"

#include "tests/support/run.h"

#include <magpie/blocking.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A job of its own memory, freed when it is over. */
struct piece {
    struct mag_timer timer; /* first: its job is the piece's */
    struct soak *soak;
    enum soak_kind kind;
    unsigned depth; /* pieces that run may hand over others */
    uint64_t random;
    bool kept;          /* whoever started the timer frees it */
    _Atomic(bool) gone; /* and this was the last touch of others */
};

static void nap(unsigned microseconds)
{
    struct mag_blocking region;

    mag_blocking_begin(&region);
    (void)usleep(microseconds);
    mag_blocking_end(&region);
}

static void run_piece(struct mag_job *job)
{
    struct piece piece = *(struct piece *)(void *)job;

    free(job);
    soak_count_out(piece.soak, piece.kind);
    if (piece.depth > 0 && test_random_below(&piece.random, 4) == 0)
        soak_act_at(piece.soak, &piece.random, piece.depth - 1);
    if (piece.kind == SOAK_BLOCK)
        nap(test_random_below(&piece.random, 200));
    if (piece.kind == SOAK_END)
        pthread_exit(NULL);
}

static struct piece *make_piece(struct soak *soak, enum soak_kind kind, uint64_t *random,
                                unsigned depth)
{
    struct piece *piece = calloc(1, sizeof(*piece));

    if (piece == NULL)
        return NULL;
    piece->timer.job.run = run_piece;
    piece->soak = soak;
    piece->kind = kind;
    piece->depth = depth;
    piece->random = test_random(random);
    soak_count_in(soak, kind, 1);
    return piece;
}

static void settle(struct piece *piece, int r)
{
    if (soak_accepted(piece->soak, piece->kind, r))
        return;
    soak_take_back(piece->soak, piece->kind, 1);
    free(piece);
}

static int post_somewhere(struct soak *soak, struct piece *piece)
{
    struct mag_job *job = &piece->timer.job;

    switch (test_random(&piece->random) % 3) {
    case 0:
        return mag_sched_post(soak->sched, job);
    case 1:
        return mag_sched_post_any(soak->sched, job);
    default:
        return mag_sched_post_worker(soak->sched, job, 0);
    }
}

void soak_post(struct soak *soak, enum soak_kind kind, uint64_t *random, unsigned depth)
{
    struct piece *piece = make_piece(soak, kind, random, depth);

    if (piece == NULL)
        return;
    /* Once it was accepted it may have run, and be gone. */
    int r = kind == SOAK_STRAND ? mag_strand_post(&soak->strand, &piece->timer.job)
                                : post_somewhere(soak, piece);
    if (r != 0)
        settle(piece, r);
}

/* The end of a piece that was accepted, but has not run. */
static void drop_piece(struct piece *piece)
{
    bool kept = piece->kept;

    soak_count_out(piece->soak, piece->kind);
    if (!kept)
        free(piece);
    else
        /* release: the last touch. */
        atomic_store_explicit(&piece->gone, true, memory_order_release);
}

static bool is_gone(struct piece *piece)
{
    /* acquire: the thread that stops has let go of the piece. */
    return atomic_load_explicit(&piece->gone, memory_order_acquire);
}

/* Takes a timer back, unless a stop has got it. */
static void cancel(struct piece *piece)
{
    if (mag_timer_cancel(&piece->timer))
        soak_take_back(piece->soak, SOAK_TIMER, 1);
    else
        for (unsigned tries = 0; !is_gone(piece); tries++)
            test_turn(tries);
    free(piece);
}

void soak_start_timer(struct soak *soak, uint64_t *random, unsigned depth)
{
    struct piece *piece = make_piece(soak, SOAK_TIMER, random, depth);

    if (piece == NULL)
        return;
    /* Either so far ahead that only a stop or a cancel ends it, or soon. */
    bool kept = test_random_below(random, 2) == 0;
    int64_t delay = kept ? INT64_C(3600000000000) : test_random_below(random, 2000000);

    piece->kept = kept;
    int r = mag_timer_start_in(soak->sched, &piece->timer, delay);
    if (r != 0)
        settle(piece, r);
    else if (kept)
        cancel(piece);
}

void soak_dropped(struct mag_job *job, void *arg)
{
    (void)arg;
    if (job->run == run_piece)
        drop_piece((struct piece *)(void *)job);
    else
        job->run(job); /* an async function */
}
