/*
 * group.h - groups: functions that run on a scheduler's workers, counted and limited
 * together, and waited for together.
 *
 *     #include <magpie/group.h>
 *
 *     static int compute_square(void *arg)
 *     {
 *         int *number = (int *)arg;
 *
 *         *number *= *number;
 *         return 0; // or an error, such as -EIO
 *     }
 *
 *     int main(void)
 *     {
 *         int numbers[100];
 *         struct mag_sched *sched;
 *         struct mag_group *group;
 *         int failed;
 *
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         if (mag_group_create(sched, NULL, &group) != 0)
 *             return 1;
 *         for (int i = 0; i < 100; i++) {
 *             numbers[i] = i;
 *             if (mag_group_add(group, compute_square, &numbers[i]) != 0)
 *                 return 1;
 *         }
 *         failed = mag_group_wait(group, -1, NULL); // until all of them have returned
 *         if (mag_group_destroy(group) != 0 || mag_sched_destroy(sched) != 0)
 *             return 1;
 *         return failed == 0 && numbers[9] == 81 ? 0 : 1;
 *     }
 *
 * The model.  A job of a group is a function and its argument.  The group keeps the jobs
 * that have not begun in a queue of its own, and the scheduler's workers take them from
 * there.  So a group knows at any time how many jobs wait and how many run; it can run a
 * limited number of them at a time, in an order of the program's choice; and a job that
 * has not begun can be withdrawn or moved to the front.  Jobs may be added at any time
 * from any thread, also by the group's own jobs.  The records of jobs come from a pool of
 * the process: once that has grown, adding a job allocates nothing.
 *
 * Waiting.  mag_group_wait may be called everywhere.  A worker of the group's scheduler
 * does not sleep while jobs of the group wait: it runs them itself, one after the other.
 * It runs no other jobs meanwhile.  So a job may wait for a group that it has filled, a
 * scheduler of one worker included, and whoever holds a lock across a wait meets only
 * jobs of that group.  If nothing is left but jobs that run elsewhere, the worker sleeps,
 * and a stand-in may come for it (blocking.h).  A thread from outside sleeps until the
 * jobs have ended.  If it should take part, let it be a guest meanwhile (guest.h): a
 * guest does in a wait what a worker does.
 *
 * A job may wait for its own group.  It then waits for all jobs of the group but those
 * that are waiting for the group, or for a job of it, themselves.  Two groups whose jobs
 * wait for each other's group never end.
 *
 * Errors of jobs.  A job fails if its function returns anything but 0, or ends its thread
 * (-EOWNERDEAD).  The group counts failed jobs, remembers the first one, and keeps a list
 * of them, each with its argument.  With `cancel_on_error` the first error cancels the
 * jobs that have not begun.
 *
 * Rounds.  What is known of failed jobs, and a cancellation, last until a wait from
 * outside of the group has found that all jobs have ended, and the next job is added.
 * That job begins a new round, so a group can be used again and again.
 *
 * Fairness.  A worker runs at most MAG_GROUP_BATCH jobs of a group in a row before the
 * other jobs of the scheduler have their turn.
 *
 * Cost.  All jobs of a group go through one short lock, so a group is for jobs of a
 * microsecond and more; for smaller parts of one computation use fork.h.  Many jobs at
 * once are added cheaper by mag_group_add_all.  docs/design/groups.md has the figures.
 *
 * fork().  In the child process the parent's groups can only be destroyed.
 *
 * The name follows oneTBB's task_group, and the rule that a wait runs only the group's
 * own jobs follows its isolated regions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_GROUP_H
#define MAGPIE_GROUP_H

#include <magpie/sched.h>
#include <magpie/submit.h>

MAG_EXTERN_C_BEGIN

struct mag_group;

/* How many jobs of a group a worker runs in a row before other jobs have their turn. */
#define MAG_GROUP_BATCH 4

/* --------------------------------------------------------- creating, destroying */

/* In which order the jobs of a group begin. */
enum mag_group_order {
    MAG_GROUP_FIFO,   /* first in, first out */
    MAG_GROUP_BY_KEY, /* the lowest key first; among equal keys first in, first out */
};

/* What a group is made from.  Fill it with mag_group_config_init, then change the fields
 * that you need. */
struct mag_group_config {
    size_t size; /* of this struct; set by mag_group_config_init */

    /* How many jobs of the group may run at a time.  0 (default): any number. */
    uint32_t max_running;

    /* Default MAG_GROUP_FIFO. */
    enum mag_group_order order;

    /* Whether the first job that fails cancels the group, as mag_group_cancel does.
     * Default false. */
    bool cancel_on_error;

    /* How many failed jobs to keep for mag_group_take_error.  Further ones are only
     * counted.  Default 1,000. */
    uint32_t errors_max;

    /* Called for each job that a cancellation or a stop of the scheduler withdraws, with
     * the job's argument and `hook_arg`, once, on the thread that cancels or stops.  It
     * may free the argument; it must return, and must not wait for the group.  Default
     * NULL. */
    void (*on_withdrawn)(void *job_arg, void *hook_arg);
    void *hook_arg;

    /* What traces call the group (trace.h): a string that outlives the scheduler.  Its
     * jobs appear inside it, called after their functions.  Default "group". */
    const char *name;

    /* Whether workers take the group's jobs before or after others, as with submissions
     * (submit.h): what is said there of one job holds for MAG_GROUP_BATCH jobs here.
     * Default MAG_PRIORITY_NORMAL. */
    enum mag_priority priority;
};

/* Sets every field to its default. */
MAG_API void mag_group_config_init(struct mag_group_config *config);

/*
 * Makes a group whose jobs run on the workers of `sched`.  A NULL `config` means the
 * defaults.  `sched` must stay alive until mag_group_destroy.
 *
 *   Thread     any
 *   Allocates  yes
 *   Returns    0; -EINVAL a field is out of its range; -ENOMEM
 *   Release    mag_group_destroy
 */
MAG_API MAG_MUST_CHECK int mag_group_create(struct mag_sched *sched,
                                            const struct mag_group_config *config,
                                            struct mag_group **ret_group);

/*
 * Frees a group whose jobs have ended, with the errors that nobody has taken.  NULL is
 * allowed.  No other thread may be using the group.
 *
 *   Thread     any
 *   Returns    0; -EBUSY jobs wait or run, or a thread waits for the group: nothing has
 *              changed
 */
MAG_API int mag_group_destroy(struct mag_group *group);

/*
 * Changes how many jobs may run at a time; 0: any number.  Jobs that run already are not
 * affected.
 *
 *   Thread     any
 *   Returns    0; MAG_E_FORKED
 */
MAG_API int mag_group_limit(struct mag_group *group, uint32_t max_running);

/* ---------------------------------------------------------------------- adding */

/*
 * One job of a group, as a value that may be copied and kept.  It never dangles: once the
 * job has ended, calls that get it say so.  The members are the library's.
 */
struct mag_group_job {
    void *entry;
    uint64_t generation;
};

/*
 * Adds a job: a worker will call `function(arg)` once.  The function returns 0 or an
 * error, usually a negative errno value.  With MAG_GROUP_BY_KEY the job's key is 0.
 *
 *   Thread     any, also inside a job of the group; not a signal handler
 *   Blocks     while another thread holds the group's lock, a few instructions
 *   Allocates  nothing once the pool of jobs has grown
 *   Returns    0; -ECANCELED the group is canceled, see "Rounds"; -ESHUTDOWN the
 *              scheduler takes no more jobs; MAG_E_FORKED the group belongs to the
 *              process that forked this one; -EINVAL there is no function; -ENOMEM.
 *              After an error the job was not taken
 */
MAG_API MAG_MUST_CHECK int mag_group_add(struct mag_group *group,
                                         int (*function)(void *arg), void *arg);

/*
 * As mag_group_add, with a key for MAG_GROUP_BY_KEY, and yields the job for the functions
 * below.  `*ret_job` is written before the job can begin.
 *
 *   Thread, Returns  as mag_group_add
 */
MAG_API MAG_MUST_CHECK int mag_group_add_job(struct mag_group *group,
                                             int (*function)(void *arg), void *arg,
                                             int64_t key, struct mag_group_job *ret_job);

/*
 * Adds `count` jobs at once, in order: the first one's argument is `args`, the next one's
 * lies `stride` bytes further; with a stride of 0 all have `args`.  The group's lock is
 * taken once.
 *
 *   args       an array whose elements must stay until the function has used them
 *   Thread     as mag_group_add
 *   Returns    as mag_group_add; 0 for a count of 0.  All jobs were added, or none
 */
MAG_API MAG_MUST_CHECK int mag_group_add_all(struct mag_group *group,
                                             int (*function)(void *arg), void *args,
                                             size_t stride, size_t count);

/* -------------------------------------------------------------------- one job */

enum mag_group_state {
    MAG_GROUP_WAITING, /* it has not begun */
    MAG_GROUP_RUNNING,
    MAG_GROUP_ENDED, /* or was withdrawn */
};

/*
 * What has become of a job, by the time the call returns.
 *
 *   Thread     any
 *   Returns    an enum mag_group_state; -EINVAL `job` is all zeroes; MAG_E_FORKED
 */
MAG_API int mag_group_state(struct mag_group *group, struct mag_group_job job);

/*
 * Withdraws a job that has not begun: it never will.  `on_withdrawn` is not called.
 *
 *   ret_arg    receives the job's argument; or NULL
 *   Thread     any
 *   Returns    0; -EBUSY the job runs; -ENOENT it has ended or was withdrawn before;
 *              -EINVAL, MAG_E_FORKED as mag_group_state
 */
MAG_API MAG_MUST_CHECK int mag_group_withdraw(struct mag_group *group,
                                              struct mag_group_job job, void **ret_arg);

/*
 * Makes a job that has not begun the next one to begin, whatever its key.
 *
 *   Thread     any
 *   Returns    0; -EBUSY, -ENOENT, -EINVAL, MAG_E_FORKED as mag_group_withdraw
 */
MAG_API int mag_group_move_to_front(struct mag_group *group, struct mag_group_job job);

/*
 * Waits until a job has ended or was withdrawn.  A worker of the group's scheduler runs
 * the job itself if it has not begun, and runs no other job meanwhile.
 *
 *   timeout_ns  as mag_group_wait
 *   Thread      any; no cancellation point
 *   Blocks      yes
 *   Returns     0; -ETIMEDOUT; -EDEADLK the job is the caller, or waits for the caller on
 *               the same thread; -EINVAL, MAG_E_FORKED as mag_group_state
 */
MAG_API MAG_MUST_CHECK int
mag_group_wait_job(struct mag_group *group, struct mag_group_job job, int64_t timeout_ns);

/* -------------------------------------------------------------------- waiting */

/* A job that failed. */
struct mag_group_error {
    void *arg; /* the job's argument */
    int error; /* what its function returned; -EOWNERDEAD it ended its thread */
};

/*
 * Waits until all jobs of the group have ended.  If jobs are added meanwhile, waits for
 * those too.  See "Waiting" above for what a worker does, and for a job that waits for
 * its own group.
 *
 *   timeout_ns  how long to wait, in nanoseconds; -1: as long as it takes; 0: only looks.
 *               A worker begins no job after that time, but ends the one that it runs
 *   ret_first   receives the first job that failed, if the call returns a number above 0;
 *               or NULL
 *   Thread      any; no cancellation point
 *   Blocks      yes
 *   Returns     0 all have ended, and none has failed; above 0 all have ended, and so
 *               many of this round have failed; -ECANCELED mag_group_cancel was called in
 *               this round, and all jobs that had begun have ended; -ESHUTDOWN the same,
 *               for a stop of the scheduler with MAG_SCHED_CANCEL; -ETIMEDOUT the time is
 *               over, and nothing has changed; MAG_E_FORKED
 */
MAG_API MAG_MUST_CHECK int mag_group_wait(struct mag_group *group, int64_t timeout_ns,
                                          struct mag_group_error *ret_first);

/*
 * To be told of the end of all jobs, instead of waiting for it.  The caller has the
 * storage, sets `function` and leaves `next` alone, until `function` is called.
 */
struct mag_group_notice {
    void (*function)(struct mag_group_notice *notice, int outcome);
    struct mag_group_notice *next;
};

/*
 * Calls the function of a notice once, as soon as all jobs have ended, with what
 * mag_group_wait would return then.  If they have ended already, it is called before this
 * call returns; otherwise on the thread that ends or withdraws the last job, or stops the
 * scheduler.  It may add jobs, free the notice and destroy the group, and should return
 * soon.  <magpie/group_task.h> makes something to await of it.
 *
 *   Thread     any, also inside a job of the group
 *   Returns    0; MAG_E_FORKED
 */
MAG_API MAG_MUST_CHECK int mag_group_notify(struct mag_group *group,
                                            struct mag_group_notice *notice);

/*
 * Takes the oldest failed job of this round that nobody has taken yet.
 *
 *   Thread     any
 *   Returns    0; -ENOENT there is none (any more); MAG_E_FORKED
 */
MAG_API MAG_MUST_CHECK int mag_group_take_error(struct mag_group *group,
                                                struct mag_group_error *ret_error);

/*
 * Cancels the group: withdraws all jobs that have not begun, and refuses new ones until
 * the next round.  Jobs that run go on; they can ask mag_group_is_canceled.
 *
 *   Thread     any, also inside a job of the group
 *   Blocks     while `on_withdrawn` runs
 *   Returns    0; MAG_E_FORKED
 */
MAG_API int mag_group_cancel(struct mag_group *group);

/*
 * Whether the group was canceled in this round: by mag_group_cancel, by an error with
 * `cancel_on_error`, or by a stop of its scheduler with MAG_SCHED_CANCEL.  One load:
 * cheap enough for a loop.
 *
 *   Thread     any
 */
MAG_API bool mag_group_is_canceled(struct mag_group *group);

/* -------------------------------------------------------------------- counting */

/* How many jobs a group has: all numbers are of one moment. */
struct mag_group_counts {
    uint64_t waiting;   /* have not begun */
    uint64_t running;   /* have begun and not ended */
    uint64_t ended;     /* have ended since the group was made */
    uint64_t withdrawn; /* were withdrawn since then, by whichever call */
    uint64_t failed;    /* have failed in this round */
};

MAG_NAMESAKES_BEGIN
/*
 * Reads the counts.
 *
 *   Thread     any
 *   Returns    0; MAG_E_FORKED
 */
MAG_API int mag_group_counts(struct mag_group *group,
                             struct mag_group_counts *ret_counts);
MAG_NAMESAKES_END

MAG_EXTERN_C_END

#endif
