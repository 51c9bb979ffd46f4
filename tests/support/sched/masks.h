/*
 * masks.h - a scheduler, steps that run in its jobs, and the masks of a thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_MASKS_H
#define TESTS_SUPPORT_SCHED_MASKS_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/sched.h>
#include <magpie/unpinned.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

/* The masks of a thread. */
struct masks {
    cpu_set_t cpus;
    sigset_t signals;
};

static struct mag_sched *sched;
static struct masks outside; /* of the thread that started the scheduler */

static void read_masks(struct masks *masks)
{
    memset(masks, 0, sizeof(*masks));
    (void)sched_getaffinity(0, sizeof(masks->cpus), &masks->cpus);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &masks->signals);
}

static bool same_signals(const struct masks *a, const struct masks *b)
{
    for (int i = 1; i < SIGRTMAX; i++) {
        if (sigismember(&a->signals, i) != sigismember(&b->signals, i))
            return false;
    }
    return true;
}

static __attribute__((unused)) bool same(const struct masks *a, const struct masks *b)
{
    return CPU_EQUAL(&a->cpus, &b->cpus) && same_signals(a, b);
}

static int start(void **state)
{
    (void)state;
    read_masks(&outside);
    return mag_sched_start(NULL, &sched);
}

static int stop(void **state)
{
    (void)state;
    mag_sched_destroy(sched);
    return 0;
}

/* Runs `step(arg)` in a job. */
struct task {
    struct mag_job job;
    void (*step)(void *arg);
    void *arg;
    _Atomic(uint64_t) done;
};

static void run_task(struct mag_job *job)
{
    struct task *task = (struct task *)(void *)job;

    task->step(task->arg);
    /* release: what the step has found is visible. */
    atomic_store_explicit(&task->done, 1, memory_order_release);
}

static void in_job(void (*step)(void *arg), void *arg)
{
    struct task task = {.job = {.run = run_task}, .step = step, .arg = arg};

    assert_int_equal(mag_sched_post(sched, &task.job), 0);
    assert_true(test_wait_for(&task.done, 1));
}

#endif
