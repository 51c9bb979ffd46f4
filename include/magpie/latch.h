/*
 * latch.h - a latch: work waits until so many things have happened.  A waiter holds no
 * thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/latch.h>
 *     #include <magpie/submit.h>
 *
 *     static struct mag_latch parts = MAG_LATCH_INIT(3);
 *     static int sums[3];
 *
 *     static void compute(void *arg)
 *     {
 *         *(int *)arg = 14;
 *         (void)!mag_latch_count_down(&parts, 1);
 *     }
 *
 *     MAG_ASYNC(mag_task, check, (void), )
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_latch_wait(&parts, NULL));
 *         if (sums[0] + sums[1] + sums[2] != 42)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task checked = check();
 *
 *         for (int i = 0; i < 3; i++)
 *             if (mag_submit(NULL, compute, &sums[i]) != 0)
 *                 return 1;
 *         return mag_task_wait(checked) == 0 ? 0 : 1;
 *     }
 *
 * The model.  A latch counts down to zero, once, and is open from then on.  What a thread
 * did before it counted down is visible to every caller that the latch lets pass.
 * Waiters continue as jobs of their own scheduler, never inside the count.
 *
 * A group (group.h) waits for functions, and knows their errors; mag_when_all waits for
 * tasks.  A latch is for events that are neither functions nor tasks.
 *
 * Lifetime, fork(): as for a semaphore (semaphore.h).  So a caller that a latch lets pass
 * may free the latch, although the last count has not returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_LATCH_H
#define MAGPIE_LATCH_H

#include <magpie/cancel.h>
#include <magpie/detail/sync.h>

MAG_EXTERN_C_BEGIN

/* What a latch may count down from. */
#define MAG_LATCH_MAX (MAG_LINE_VALUES - 1)

/* A latch.  Embed it; the members are the library's.  Zeroed memory is one that is
 * open. */
struct mag_latch {
    struct mag_line line;
};

/* The initialiser of a latch that counts down from `count`. */
#define MAG_LATCH_INIT(count)  \
    {                          \
        MAG_LINE_INIT((count)) \
    }

/*
 * Makes a latch.
 *
 *   count      what it counts down from; 0: it is open
 *   Thread     any; nobody uses the latch meanwhile
 *   Returns    0; MAG_E_ARG `count` is above MAG_LATCH_MAX
 */
MAG_API MAG_MUST_CHECK int mag_latch_init(struct mag_latch *latch, uint32_t count);

/*
 * Counts down.  At zero all who wait may pass.
 *
 *   Thread     any
 *   Returns    0; MAG_E_RELEASE less than `count` is left: nothing has changed
 */
MAG_MUST_CHECK MAG_INLINE int mag_latch_count_down(struct mag_latch *latch,
                                                   uint32_t count)
{
    if (MAG_LIKELY(mag_line_give(&latch->line, mag_latch_count, count) == MAG_LINE_YES))
        return 0;
    return mag_latch_count_slow(latch, count);
}

/*
 * What is left to count, at this moment.  0: the latch is open.
 */
MAG_INLINE uint32_t mag_latch_left(const struct mag_latch *latch)
{
    return mag_line_value(&latch->line);
}

/*
 * Waits until the latch is open.
 *
 *   cancel     as for mag_event_wait
 *   Blocks, Allocates  as mag_semaphore_acquire
 *   Returns    a task that succeeds when the latch is open; it fails with -ECANCELED, or
 *              -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_latch_wait(struct mag_latch *latch,
                                                  struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&latch->line, mag_latch_pass, 0) == MAG_LINE_YES))
        return mag_task_done();
    return mag_latch_wait_slow(latch, cancel);
}

/*
 * The connected form, as mag_semaphore_acquire_begin (semaphore.h): MAG_CONNECT_DONE(f,
 * mag_latch_wait, &f->wait, &latch, NULL) with a local `struct mag_wait_state wait`.
 *
 *   Blocks, Allocates, Returns  as there; a complete task: the latch is open
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_latch_wait_begin(struct mag_waiter *waiter,
                                                        struct mag_wait_state *state,
                                                        struct mag_latch *latch,
                                                        struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&latch->line, mag_latch_pass, 0) == MAG_LINE_YES))
        return mag_task_done();
    return mag_latch_begin_slow(waiter, state, latch, cancel);
}

MAG_EXTERN_C_END

#endif
