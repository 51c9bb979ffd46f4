/*
 * submit_limit.h - a limit on how many submissions wait, and what happens when it is
 * reached.
 *
 *     #include <magpie/submit_limit.h>
 *
 *     static void square(void *arg)
 *     {
 *         int *number = (int *)arg;
 *
 *         *number *= *number;
 *     }
 *
 *     int main(void)
 *     {
 *         static struct mag_submit_limit limit;
 *         static struct mag_submit_options options;
 *         struct mag_sched *sched;
 *         int numbers[100];
 *
 *         mag_submit_limit_init(&limit, 10);
 *         options.limit = &limit;
 *         options.when_full = MAG_FULL_BLOCK;
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         for (int i = 0; i < 100; i++) {
 *             numbers[i] = i;
 *             // waits while ten submissions wait
 *             if (mag_submit_with(sched, &options, square, &numbers[i]) != 0)
 *                 return 1;
 *         }
 *         return mag_sched_destroy(sched) == 0 && numbers[9] == 81 ? 0 : 1;
 *     }
 *
 * The model.  A program that submits faster than its workers work would fill the memory.
 * A limit is an object of the program's.  Submissions whose options name it are counted:
 * each from the moment it is accepted until its function is called, or until a stop drops
 * it.  At most `most` are counted at a time, exactly.  A submission that finds no room
 * does what its options say (`when_full`):
 *
 *   MAG_FULL_REFUSE   mag_submit_with returns -EAGAIN; the default
 *   MAG_FULL_BLOCK    the caller sleeps until there is room
 *   MAG_FULL_RUN      the caller calls the function itself, before mag_submit_with
 *                     returns: it is slowed down as much as the work takes
 *
 * A caller that must not block awaits room instead: mag_submit_when_room in
 * submit_task.h.
 *
 * Order.  Those that wait for room get it first come, first served; nobody overtakes
 * them.
 *
 * One limit may be shared by submissions of different kinds and to different executors.
 * If a scheduler is stopped, callers that wait for room there are refused as soon as room
 * comes, which the stop makes by dropping what waits.  They must have returned before the
 * scheduler is destroyed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SUBMIT_LIMIT_H
#define MAGPIE_SUBMIT_LIMIT_H

#include <magpie/submit.h>

#include <pthread.h>

MAG_EXTERN_C_BEGIN

/* Whoever waits for room.  The library's. */
struct mag_limit_waiter {
    struct mag_limit_waiter *next; /* under the limit's lock */

    /* Called with the room, on the thread that made it.  False: the room is not used
     * after all.  The waiter may be gone when it returns. */
    bool (*grant)(struct mag_limit_waiter *waiter);
};

/* A limit.  Embed it; the members are the library's. */
struct mag_submit_limit {
    MAG_ATOMIC(uint64_t)
    state; /* submissions that are counted; those that wait for room */
    uint32_t most;
    pthread_mutex_t lock;
    struct mag_limit_waiter *first, *last; /* under `lock`: oldest first */
};

/*
 * Makes a limit at which nothing is counted.  It must stay alive, and not move, while
 * submissions name it, until their functions have been called.
 *
 *   most       how many submissions may wait, at least 1; 0 means 1
 *   Thread     any; nobody uses the limit meanwhile
 */
MAG_API void mag_submit_limit_init(struct mag_submit_limit *limit, uint32_t most);

/*
 * How many submissions are counted, at this moment: `most` at the most.
 */
MAG_API uint32_t mag_submit_limit_waiting(const struct mag_submit_limit *limit);

/* --------------------------------------------------------- waiting, for libraries */

/*
 * A submission that waits for room.  The caller has the storage, sets `told`, and leaves
 * the rest alone.
 */
struct mag_submit_waiter {
    /* Called once, when the submission has been accepted (0) or refused (the error of the
     * post), on the thread that made the room: it must not block, nor run anything of the
     * program's.  The waiter is the caller's again. */
    void (*told)(struct mag_submit_waiter *waiter, int result);

    struct mag_limit_waiter place;
    struct mag_sched *sched;
    struct mag_submit_options options;
    void *submission;
};

/*
 * As mag_submit_with; but if there is no room, the submission waits, whatever `when_full`
 * is, and `told` is called later.
 *
 *   size       as for mag_submit_sized
 *   Returns    as mag_submit_with; -EINPROGRESS the submission waits; -EINVAL also if the
 *              options name no limit.  Unless it is -EINPROGRESS, `told` is not called
 */
MAG_API MAG_MUST_CHECK int mag_submit_waiting(struct mag_sched *sched,
                                              const struct mag_submit_options *options,
                                              size_t size, void (*function)(void *arg),
                                              void *arg,
                                              struct mag_submit_waiter *waiter);

MAG_EXTERN_C_END

#endif
