/*
 * team.h - teams: a function that runs on several threads at the same time, with a
 * barrier between its steps.
 *
 *     #include <magpie/team.h>
 *
 *     enum { CELLS = 1000, STEPS = 10 };
 *     static int cells[2][CELLS];
 *
 *     static void spread(struct mag_team *team, uint32_t member, void *arg)
 *     {
 *         uint32_t members = mag_team_members(team);
 *
 *         (void)arg;
 *         for (int step = 0; step < STEPS; step++) {
 *             const int *from = cells[step % 2];
 *             int *to = cells[(step + 1) % 2];
 *
 *             for (uint32_t i = member; i < CELLS; i += members)
 *                 to[i] = from[i] + from[(i + 1) % CELLS];
 *             mag_team_barrier(team); // the next step reads what all members wrote
 *         }
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         struct mag_sched_config config;
 *
 *         mag_sched_config_init(&config);
 *         config.workers = 2;
 *         if (mag_sched_start(&config, &sched) != 0)
 *             return 1;
 *         cells[0][0] = 1;
 *         int r = mag_team_run(sched, 2, 0, spread, NULL);
 *         return mag_sched_destroy(sched) == 0 && r == 0 && cells[0][0] == 1 ? 0 : 1;
 *     }
 *
 * The model.  A team has `members`, numbered from 0.  Member 0 is the calling thread;
 * each of the others is a worker of the scheduler.  All members are certain to run at the
 * same time, so they may wait for each other: at a barrier, or in any other way.  That is
 * the difference from jobs and forked children, of which the scheduler may run one after
 * the other.  mag_team_run returns when every member has returned from the body, and what
 * the members wrote is then visible to the caller.
 *
 * Which workers.  A worker is a member of one team at a time.  The workers of a team are
 * reserved together or not at all, so two teams never hold half of each other's workers.
 * As long as a thread asks for teams of the same size, member i is the same worker each
 * time, unless another team has reserved that worker.  A worker that runs a job becomes a
 * member when the job has returned; MAG_TEAM_ANY prefers workers that have nothing to do,
 * and MAG_TEAM_TRY takes only those.
 *
 * After a team its workers look for the next team for a while, at most
 * mag_sched_config.spin_us, before they sleep.  A program that runs one team after the
 * other then pays for no wake-up.  They stop looking at once if there is other work.
 *
 * Jobs.  A body may post jobs, fork and join.  Jobs that wait behind a member are stolen
 * by other workers, except those that were posted to that worker alone
 * (mag_sched_post_worker): these wait until the member has returned.  mag_sched_worker
 * and mag_sched_local answer in a body as in a job.  A caller from outside takes a spare
 * place (guest.h) for the time of the team, so that it has a number and storage, and
 * forks like a worker.  If there is none (`spare` in sched.h), it has neither, and what
 * it forks waits for a worker that is not a member.
 *
 * Waiting.  mag_team_run waits for workers, so do not call it with a lock held that a job
 * or a body takes.  A worker that waits in mag_team_run for its own team may run a member
 * of another team meanwhile.  A job that waits, on a worker, for something that a caller
 * of mag_team_run does later can wait for ever, because its worker may be one that the
 * team needs: such callers use MAG_TEAM_TRY.  Inside a forked child that a worker has
 * stolen, each call works as with MAG_TEAM_TRY for the same reason.
 *
 * Floating point.  All members begin with the modes of the calling thread.
 *
 * Members that end early.  A member that returns from the body, or that ends its thread
 * (pthread_exit, pthread_cancel), is counted out: barriers then wait for the remaining
 * members.  In C++ an exception that leaves the body of member 0 passes through
 * mag_team_run to its caller, after the other members have returned; one that leaves the
 * body of another member ends the program, as in a job.
 *
 * fork().  The child of a fork() in a body has only the member that called it.  There
 * barriers do not wait, and mag_team_run returns MAG_E_FORKED.
 *
 * Compared with OpenMP: a parallel region is mag_team_run, and docs/guide/migrating.md
 * has a table.  The barrier is a combining tree with one node up to 8 members (Yew, Tzeng
 * and Lawrie 1987), with a wait that spins and then sleeps (docs/design/teams.md).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_TEAM_H
#define MAGPIE_TEAM_H

#include <magpie/sched.h>

#include <stdbool.h>
#include <stdint.h>

MAG_EXTERN_C_BEGIN

/* A member's view of its team.  Valid in the body, and only on the member's thread. */
struct mag_team;

/* What mag_team_run does if it cannot have its workers at once.  Flags are combined
 * with `|`. */
enum mag_team_flags {
    /* Takes only workers that have nothing to do, and fails with -EBUSY if there are not
     * enough. */
    MAG_TEAM_TRY = 1,

    /* Takes workers that have nothing to do before those that took part last time. */
    MAG_TEAM_ANY = 2,

    /* Runs the body on the calling thread alone, as a team of one, where mag_team_run
     * would fail with -EBUSY, -EDEADLK or -ERANGE. */
    MAG_TEAM_OR_ONE = 4
};

/*
 * Runs `body(team, member, arg)` on `members` threads at the same time, and returns when
 * all have returned.
 *
 *   members    2 to mag_team_most(sched); 1: the body runs on the calling thread alone;
 *              0: as many as the scheduler has workers
 *   flags      0, or flags of enum mag_team_flags
 *   Thread     any; not where a lock is held that a job or a body takes
 *   Blocks     until there are workers (not with MAG_TEAM_TRY), and until all members
 *              have returned.  Callers that wait for workers get them in the order in
 *              which they came
 *   Returns    0 each body has returned; -ERANGE more members than mag_team_most;
 *              -EDEADLK inside a team; -EBUSY too few workers have nothing to do (with
 *              MAG_TEAM_TRY, or inside a stolen child); -EINVAL an unknown flag or no
 *              body; -ESHUTDOWN the scheduler is being stopped; MAG_E_FORKED it belongs
 *              to the process that forked this one.  After these errors no body has run,
 *              except that a stop with MAG_SCHED_CANCEL, and fork(), can come when some
 *              members have begun: those run to their end, and the others never begin.
 *              -EOWNERDEAD each body has begun, but a member ended its thread
 */
MAG_API MAG_MUST_CHECK int
mag_team_run(struct mag_sched *sched, uint32_t members, uint32_t flags,
             void (*body)(struct mag_team *team, uint32_t member, void *arg), void *arg);

/*
 * The most members that a team of the calling thread can have: the number of workers,
 * and one more if the caller is not one of them.
 */
MAG_API uint32_t mag_team_most(const struct mag_sched *sched);

/*
 * The number of members that the team began with.
 */
MAG_API uint32_t mag_team_members(const struct mag_team *team);

/*
 * Waits until all members that have not ended wait here.  What any member wrote before
 * the barrier is visible to all members after it.  All members must go through the same
 * barriers; mag_team_broadcast is one of them.
 *
 *   Thread     a member in its body; no cancellation point
 *   Blocks     spins for at most mag_sched_config.spin_us, then sleeps
 */
MAG_API void mag_team_barrier(struct mag_team *team);

/*
 * A barrier that hands a pointer from one member to all.
 *
 *   from       the same number at each member
 *   value      used at member `from` only
 *   Thread, Blocks  as mag_team_barrier
 *   Returns    the value of member `from`; NULL if that member has ended
 */
MAG_API void *mag_team_broadcast(struct mag_team *team, uint32_t from, void *value);

/*
 * Chooses one member for a piece of work that is to be done once.  All members call it
 * the same number of times; of each round one member, the first that comes, is told true.
 * Nobody waits: put a barrier after the work where the others need it.
 *
 *   Thread     a member in its body
 *   Returns    whether the calling member has to do the work
 */
MAG_API MAG_MUST_CHECK bool mag_team_single(struct mag_team *team);

MAG_EXTERN_C_END

#endif
