/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core.h"

/* To the pool it was awaited on; from a thread that was in none, to the completer's; else
 * to the pool of the process. */
static int queue(struct mag_continuation *continuation)
{
    struct mag_sched *sched = (struct mag_sched *)(continuation->home & ~MAG_HOME_SCHED);
    int r = 0;

    if (sched == NULL)
        sched = mag_here.sched;
    if (sched == NULL)
        r = mag_sched_default(&sched);
    return r < 0 ? r : mag_sched_post(sched, &continuation->job);
}

static int hand_over(struct mag_continuation *continuation)
{
    uintptr_t home = continuation->home;
    struct mag_executor *executor = (struct mag_executor *)home;

    if (home == 0 || (home & MAG_HOME_SCHED) != 0)
        return queue(continuation);
    return executor->post(executor, &continuation->job);
}

static void dispatch_queued(struct mag_continuation *continuation)
{
    if (MAG_UNLIKELY(hand_over(continuation) < 0))
        continuation->job.run(&continuation->job);
}

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    if (queued)
        dispatch_queued(continuation);
    else
        mag_continuation_go(continuation, false);
}
