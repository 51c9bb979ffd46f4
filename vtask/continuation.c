/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/source.h>

/* Tag of a scheduler in a continuation's home; an executor's address has none. */
#define HOME_SCHED ((uintptr_t)1)

static inline void run_inline(struct mag_continuation *continuation)
{
    struct mag_here *here = &mag_here;

    here->depth++;
    continuation->job.run(&continuation->job);
    here->depth--;
}

/* To the pool it was awaited on; from a thread that is in none, to the completer's; else
 * to the pool of the process. */
static int queue(struct mag_continuation *continuation)
{
    struct mag_sched *sched = (struct mag_sched *)(continuation->home & ~HOME_SCHED);
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

    if (home != 0 && (home & HOME_SCHED) == 0) {
        struct mag_executor *executor = (struct mag_executor *)home;

        return executor->post(executor, &continuation->job);
    }
    return queue(continuation);
}

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    uintptr_t home = continuation->home;
    bool at_home = home == 0 || (home & HOME_SCHED) != 0;

    if (MAG_LIKELY(!queued && at_home && mag_here.depth < MAG_INLINE_DEPTH_MAX)) {
        run_inline(continuation);
        return;
    }
    if (MAG_UNLIKELY(hand_over(continuation) < 0))
        run_inline(continuation);
}
