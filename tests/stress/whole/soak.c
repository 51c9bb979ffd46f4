/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stress/whole/soak.h"

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/blocking.h>
#include <magpie/loop.h>
#include <magpie/submit.h>
#include <magpie/submit_task.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH = 2, BULK = 50, FIB = 15, FIB_RESULT = 610, INDICES = 2000 };

static const char *const names[SOAK_KINDS] = {
    "post",  "submit", "bulk", "fork",  "loop", "strand",
    "timer", "async",  "task", "block", "end",
};
static _Atomic(uint64_t) totals[SOAK_KINDS];

/* -------------------------------------------------------------------- counting */

static void add(_Atomic(uint64_t) *word, uint64_t value)
{
    /* relaxed: read after the threads that add were joined. */
    (void)atomic_fetch_add_explicit(word, value, memory_order_relaxed);
}

static uint64_t read_word(_Atomic(uint64_t) *word)
{
    /* relaxed: as above. */
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void count_in(struct soak *soak, enum soak_kind kind, uint64_t count)
{
    add(&soak->in[kind], count);
}

static void count_out(struct soak *soak, enum soak_kind kind)
{
    add(&soak->out[kind], 1);
}

/* What was counted in was not accepted. */
static void take_back(struct soak *soak, enum soak_kind kind, uint64_t count)
{
    add(&soak->in[kind], UINT64_C(0) - count);
}

/* Whether a call was accepted; an error that no stop explains is wrong. */
static bool accepted(struct soak *soak, enum soak_kind kind, int r)
{
    if (r != 0 && r != -ESHUTDOWN)
        add(&soak->wrong[kind], 1);
    return r == 0;
}

/* ------------------------------------------------------------- jobs of one's own */

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

static void act(struct soak *soak, uint64_t *random, unsigned depth);

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
    count_out(piece.soak, piece.kind);
    if (piece.depth > 0 && test_random_below(&piece.random, 4) == 0)
        act(piece.soak, &piece.random, piece.depth - 1);
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
    count_in(soak, kind, 1);
    return piece;
}

static void settle(struct piece *piece, int r)
{
    if (accepted(piece->soak, piece->kind, r))
        return;
    take_back(piece->soak, piece->kind, 1);
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

static void post(struct soak *soak, enum soak_kind kind, uint64_t *random, unsigned depth)
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

    count_out(piece->soak, piece->kind);
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
        take_back(piece->soak, SOAK_TIMER, 1);
    else
        for (unsigned tries = 0; !is_gone(piece); tries++)
            test_turn(tries);
    free(piece);
}

static void start_timer(struct soak *soak, uint64_t *random, unsigned depth)
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

/* ------------------------------------------------------------------ submissions */

struct call {
    struct soak *soak;
    enum soak_kind kind;
    _Atomic(uint32_t) left; /* of the calls that share this memory */
};

static void run_call(void *arg)
{
    struct call *call = *(struct call **)arg;

    count_out(call->soak, call->kind);
    /* acq_rel: the last call frees what the others have used. */
    if (atomic_fetch_sub_explicit(&call->left, 1, memory_order_acq_rel) == 1)
        free(call);
}

static struct call **make_calls(struct soak *soak, enum soak_kind kind, uint32_t count)
{
    struct call *call = calloc(1, sizeof(*call) + count * sizeof(struct call *));

    if (call == NULL)
        return NULL;
    struct call **args = (struct call **)(void *)(call + 1);

    call->soak = soak;
    call->kind = kind;
    atomic_init(&call->left, count);
    for (uint32_t i = 0; i < count; i++)
        args[i] = call;
    count_in(soak, kind, count);
    return args;
}

static void submit(struct soak *soak, uint64_t *random)
{
    bool many = test_random_below(random, 8) == 0;
    enum soak_kind kind = many ? SOAK_BULK : SOAK_SUBMIT;
    uint32_t count = many ? BULK : 1;
    struct call **args = make_calls(soak, kind, count);
    const struct mag_submit_options options = {
        .priority = (enum mag_priority)((int)test_random_below(random, 3) - 1),
        .name = "soak",
        .dropped = run_call,
    };

    if (args == NULL)
        return;
    struct call *call = args[0];
    int r = many ? mag_submit_all(soak->sched, &options, run_call, args, sizeof(args[0]),
                                  count)
                 : mag_submit_with(soak->sched, &options, run_call, args);
    if (!accepted(soak, kind, r)) {
        take_back(soak, kind, count);
        free(call);
    }
}

/* ----------------------------------------------------------------- computations */

MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2);
    long a = fib(w, n - 1);
    return a + fib_join(&w, child);
}

MAG_LOOP(sum_up, _Atomic(uint64_t) *, sum)
static int sum_up(struct mag_range range, uint32_t slot, _Atomic(uint64_t) *sum)
{
    uint64_t part = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        part += i;
    add(sum, part);
    return 0;
}

static void compute(struct soak *soak)
{
    long result = 0;

    count_in(soak, SOAK_FORK, 1);
    int r = fib_run(soak->sched, &result, FIB);
    if (accepted(soak, SOAK_FORK, r) && result != FIB_RESULT)
        add(&soak->wrong[SOAK_FORK], 1);
    count_out(soak, SOAK_FORK);
}

static void loop(struct soak *soak)
{
    _Atomic(uint64_t) sum = 0;

    count_in(soak, SOAK_LOOP, 1);
    int r = sum_up_for(soak->sched, 0, INDICES, &sum);
    if (accepted(soak, SOAK_LOOP, r) &&
        read_word(&sum) != (uint64_t)INDICES * (INDICES - 1) / 2)
        add(&soak->wrong[SOAK_LOOP], 1);
    count_out(soak, SOAK_LOOP);
}

bool soak_computes(struct mag_sched *sched)
{
    _Atomic(uint64_t) sum = 0;
    long result = 0;

    return fib_run(sched, &result, FIB) == 0 && result == FIB_RESULT &&
           sum_up_for(sched, 0, INDICES, &sum) == 0 &&
           read_word(&sum) == (uint64_t)INDICES * (INDICES - 1) / 2;
}

/* ------------------------------------------------------------------ value tasks */

MAG_VTASK_DEFINE(long_task, long)

MAG_SUBMIT_TASK(long_task, twice, long, n)
static long_task twice(long n)
{
    return long_task_result(2 * n);
}

static void end_async(struct soak *soak, int error, long result)
{
    if (error == 0 && result != 84)
        add(&soak->wrong[SOAK_ASYNC], 1);
    if (error != 0 && error != -ECANCELED && error != -ESHUTDOWN)
        add(&soak->wrong[SOAK_ASYNC], 1);
    count_out(soak, SOAK_ASYNC);
}

MAG_ASYNC(mag_task, wander, (struct soak *, soak), mag_vtask delay; long n; int error;)
{
    MAG_BEGIN(f);
    f->n = 0;
    f->error = mag_delay(f->soak->sched, 100000, &f->delay);
    if (f->error == 0)
        MAG_TRY_DONE(f, f->error, mag_task_of(f->delay));
    if (f->error == 0)
        MAG_TRY(f, f->error, f->n, twice_submit(f->soak->sched, 21));
    if (f->error == 0)
        MAG_TRY(f, f->error, f->n, twice_submit(f->soak->sched, f->n));
    end_async(f->soak, f->error, f->n);
    MAG_END(f);
}

static void await(struct soak *soak)
{
    count_in(soak, SOAK_ASYNC, 1);
    if (mag_vtask_discard(wander(soak).task) != 0)
        add(&soak->wrong[SOAK_ASYNC], 1);
}

/* From outside: waits; inside a job: lets it go. */
static void ask(struct soak *soak)
{
    long_task task = twice_submit(soak->sched, 4);
    long result = 8;
    int r = 0;

    count_in(soak, SOAK_TASK, 1);
    if (mag_sched_self() == NULL)
        r = long_task_wait(task, &result);
    else if (mag_vtask_discard(task.task) != 0)
        r = 1;
    if (result != 8 || (r != 0 && r != -ESHUTDOWN && r != -ECANCELED))
        add(&soak->wrong[SOAK_TASK], 1);
    count_out(soak, SOAK_TASK);
}

/* ---------------------------------------------------------------------- choices */

static void act_rarely(struct soak *soak, uint64_t *random, unsigned depth)
{
    switch (test_random_below(random, 8)) {
    case 0:
        post(soak, SOAK_END, random, 0);
        break;
    case 1:
    case 2:
        post(soak, SOAK_BLOCK, random, depth);
        break;
    default:
        await(soak);
        break;
    }
}

static void act(struct soak *soak, uint64_t *random, unsigned depth)
{
    switch (test_random_below(random, 12)) {
    case 0:
    case 1:
    case 2:
        post(soak, SOAK_POST, random, depth);
        break;
    case 3:
    case 4:
        post(soak, SOAK_STRAND, random, depth);
        break;
    case 5:
    case 6:
        submit(soak, random);
        break;
    case 7:
        compute(soak);
        break;
    case 8:
        loop(soak);
        break;
    case 9:
        start_timer(soak, random, depth);
        break;
    case 10:
        ask(soak);
        break;
    default:
        act_rarely(soak, random, depth);
        break;
    }
}

void soak_act(struct soak *soak, uint64_t *random)
{
    act(soak, random, DEPTH);
}

/* ------------------------------------------------------------------------- lives */

void soak_init(struct soak *soak, struct mag_sched *sched)
{
    *soak = (struct soak){.sched = sched};
    mag_strand_init(&soak->strand, sched);
}

void soak_end(struct soak *soak)
{
    /* relaxed: a request. */
    atomic_store_explicit(&soak->over, true, memory_order_relaxed);
}

bool soak_is_over(struct soak *soak)
{
    /* relaxed: as above. */
    return atomic_load_explicit(&soak->over, memory_order_relaxed);
}

void soak_dropped(struct mag_job *job, void *arg)
{
    (void)arg;
    if (job->run == run_piece)
        drop_piece((struct piece *)(void *)job);
    else
        job->run(job); /* an async function */
}

void soak_check(struct soak *soak)
{
    for (int kind = 0; kind < SOAK_KINDS; kind++) {
        uint64_t in = read_word(&soak->in[kind]);
        uint64_t out = read_word(&soak->out[kind]);

        if (in != out || read_word(&soak->wrong[kind]) != 0)
            fail_msg("%s: %llu in, %llu out, %llu wrong", names[kind],
                     (unsigned long long)in, (unsigned long long)out,
                     (unsigned long long)read_word(&soak->wrong[kind]));
        add(&totals[kind], in);
    }
}

void soak_report(void)
{
    for (int kind = 0; kind < SOAK_KINDS; kind++)
        printf("%s %llu\n", names[kind], (unsigned long long)read_word(&totals[kind]));
}
