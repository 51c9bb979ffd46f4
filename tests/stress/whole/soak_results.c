/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stress/whole/soak.h"

#include <errno.h>
#include <magpie/loop.h>
#include <magpie/submit_task.h>

enum { FIB = 15, FIB_RESULT = 610, INDICES = 2000 };

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

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(sum_up, _Atomic(uint64_t) *, sum)
static int sum_up(struct mag_range range, uint32_t slot, _Atomic(uint64_t) *sum)
{
    uint64_t part = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        part += i;
    soak_add(sum, part);
    return 0;
}

void soak_compute(struct soak *soak)
{
    long result = 0;

    soak_count_in(soak, SOAK_FORK, 1);
    int r = fib_run(soak->sched, &result, FIB);
    if (soak_accepted(soak, SOAK_FORK, r) && result != FIB_RESULT)
        soak_add(&soak->wrong[SOAK_FORK], 1);
    soak_count_out(soak, SOAK_FORK);
}

void soak_loop(struct soak *soak)
{
    _Atomic(uint64_t) sum = 0;

    soak_count_in(soak, SOAK_LOOP, 1);
    int r = sum_up_for(soak->sched, 0, INDICES, &sum);
    if (soak_accepted(soak, SOAK_LOOP, r) &&
        soak_read(&sum) != (uint64_t)INDICES * (INDICES - 1) / 2)
        soak_add(&soak->wrong[SOAK_LOOP], 1);
    soak_count_out(soak, SOAK_LOOP);
}

bool soak_computes(struct mag_sched *sched)
{
    _Atomic(uint64_t) sum = 0;
    long result = 0;

    return fib_run(sched, &result, FIB) == 0 && result == FIB_RESULT &&
           sum_up_for(sched, 0, INDICES, &sum) == 0 &&
           soak_read(&sum) == (uint64_t)INDICES * (INDICES - 1) / 2;
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
        soak_add(&soak->wrong[SOAK_ASYNC], 1);
    if (error != 0 && error != -ECANCELED && error != -ESHUTDOWN)
        soak_add(&soak->wrong[SOAK_ASYNC], 1);
    soak_count_out(soak, SOAK_ASYNC);
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

void soak_await(struct soak *soak)
{
    soak_count_in(soak, SOAK_ASYNC, 1);
    if (mag_vtask_discard(wander(soak).task) != 0)
        soak_add(&soak->wrong[SOAK_ASYNC], 1);
}

/* From outside: waits; inside a job: lets it go. */
void soak_ask(struct soak *soak)
{
    long_task task = twice_submit(soak->sched, 4);
    long result = 8;
    int r = 0;

    soak_count_in(soak, SOAK_TASK, 1);
    if (mag_sched_self() == NULL)
        r = long_task_wait(task, &result);
    else if (mag_vtask_discard(task.task) != 0)
        r = 1;
    if (result != 8 || (r != 0 && r != -ESHUTDOWN && r != -ECANCELED))
        soak_add(&soak->wrong[SOAK_TASK], 1);
    soak_count_out(soak, SOAK_TASK);
}
