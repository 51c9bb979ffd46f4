/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/hire.h"

#include "base/space.h"
#include "sched/worker/memory.h"
#include "sched/worker/thread.h"

#include <errno.h>

/* The C library reports the same error for too many threads and for too large a stack.
 * Tries whether there is memory for a stack. */
static int why_refused(const struct mag_settings *settings)
{
    void *stack = mag_space_private(settings->c_stack);

    if (stack == NULL)
        return -ENOMEM;
    mag_space_release(stack, settings->c_stack);
    return -EAGAIN;
}

/* A berth is opened once, even if its thread could not be started. */
static int open_late(struct mag_berth *berth)
{
    return mag_sched_open_at(berth->sched, berth->index) != NULL ? 0
                                                                 : mag_berth_open(berth);
}

int mag_worker_hire(struct mag_sched *sched, bool late)
{
    struct mag_berth *berth = &sched->berths[sched->started];
    int r = late ? open_late(berth) : 0;

    if (r < 0)
        return r;
    /* relaxed: read at the end of the thread started here, and by the stop, which comes
     * after this. */
    (void)atomic_fetch_add_explicit(&sched->live, 1, memory_order_relaxed);
    r = late ? mag_worker_start_late(berth) : mag_worker_start(berth);
    if (r < 0) {
        /* relaxed: as above. */
        (void)atomic_fetch_sub_explicit(&sched->live, 1, memory_order_relaxed);
        return r == -EAGAIN ? why_refused(&sched->settings) : r;
    }
    sched->started++;
    /* staffed, release: the worker is complete. */
    atomic_store_explicit(&sched->staffed, sched->started, memory_order_release);
    return 0;
}
