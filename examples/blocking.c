/*
 * blocking.c - jobs that block say so, and other threads stand in for their workers.
 *
 * Four jobs wait for one another: on fewer than four workers they would wait for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT: the system asks for this name */

#include <magpie/magpie.h>
#include <pthread.h>
#include <stdio.h>

enum { MEETING = 4 };

struct guest {
    struct mag_job job; /* first, so that a pointer to it is also one to its guest */
    pthread_barrier_t *door;
    struct mag_promise *arrived;
};

/* Blocks until the others are here; then completes the promise. */
static void arrive(struct mag_job *job)
{
    struct guest *guest = (struct guest *)job;
    struct mag_blocking region;

    mag_blocking_begin(&region);
    int turn = pthread_barrier_wait(guest->door);
    mag_blocking_end(&region);

    if (turn == PTHREAD_BARRIER_SERIAL_THREAD &&
        mag_promise_set_result(guest->arrived, MEETING) != 0)
        (void)fputs("blocking: somebody was here before\n", stderr);
}

/* Awaits the promise, and meanwhile keeps no worker busy. */
MAG_VTASK_DEFINE(count_task, uint64_t)
MAG_ASYNC(count_task, guests, (struct mag_promise *, arrived), uint64_t count;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->count, count_task_of(mag_promise_task(f->arrived)));
    return count_task_result(f->count);
    MAG_END(f);
}

static int meet(struct mag_sched *sched, struct mag_promise *arrived, uint64_t *ret)
{
    static struct guest all[MEETING];
    pthread_barrier_t door;
    int error = pthread_barrier_init(&door, NULL, MEETING);

    for (int i = 0; i < MEETING && error == 0; i++) {
        all[i].job.run = arrive;
        all[i].door = &door;
        all[i].arrived = arrived;
        error = mag_sched_post(sched, &all[i].job);
    }
    if (error == 0)
        error = count_task_wait(guests(arrived), ret);
    /* Once this returns, no thread uses the barrier any more. */
    mag_sched_destroy(sched);
    (void)pthread_barrier_destroy(&door);
    return error;
}

int main(void)
{
    struct mag_sched *sched;
    struct mag_promise *arrived;
    uint64_t count = 0;
    int error = mag_promise_create(0, 0, &arrived);

    if (error == 0)
        error = mag_sched_start(NULL, &sched);
    if (error == 0)
        error = meet(sched, arrived, &count);
    if (error != 0) {
        (void)fprintf(stderr, "blocking: %s\n", mag_error_text(error));
        return 1;
    }
    mag_promise_release(arrived);
    printf("%d guests met\n", (int)count);
    return count == MEETING ? 0 : 1;
}
