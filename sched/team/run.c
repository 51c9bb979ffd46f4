/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/post/post.h"
#include "sched/team/call.h"
#include "sched/team/hold.h"
#include "sched/worker/self.h"
#include "sched/worker/thread.h"
#include "sched/worker/worker.h"

#include <magpie/guest.h>

#include <errno.h>
#include <pthread.h>

/* The gap on the stack between the function that cleans up, if the thread ends in the
 * body, and the body.  Children that the body forked may still run, and read there. */
enum { TEAM_GAP = 4096 };

enum { FLAGS = MAG_TEAM_TRY | MAG_TEAM_ANY | MAG_TEAM_OR_ONE };

/* One call of mag_team_run, on its stack. */
struct run {
    struct mag_sched *sched;
    struct mag_self *self;
    struct mag_worker *worker; /* the calling worker of `sched`; NULL: from outside */
    struct mag_guest guest;    /* its stay, if it has no place of its own */
    struct mag_team *outer;    /* the team that the caller is in, or NULL */
    struct mag_team_ask *ask;  /* `own`, or that of the calling worker's call */
    struct mag_team_ask own;
    struct mag_team team; /* member 0's view */
    struct mag_team_common common;
};

static struct mag_worker *calling_worker(const struct mag_sched *sched)
{
    struct mag_worker *worker = mag_self_get()->worker;

    return worker != NULL && worker->sched == sched && worker->index < sched->place_count
               ? worker
               : NULL;
}

/* How many workers may be members.  One that is benched after this (elastic.h) still
 * comes when it is called. */
static uint32_t active_workers(const struct mag_sched *sched)
{
    uint32_t workers = mag_sched_workers(sched);

    return mag_sched_has_worker(sched, workers - 1) ? workers : sched->worker_count;
}

static bool is_crowded(const struct mag_sched *sched)
{
    /* relaxed: a value of the moment. */
    return atomic_load_explicit(&sched->crowded, memory_order_relaxed);
}

static bool is_tenant(const struct run *run)
{
    struct mag_worker *worker = run->self->worker;

    return worker != NULL && worker->sched == run->sched;
}

/* ------------------------------------------------------- threads from outside */

/* A thread from outside takes a spare berth, so that what it forks runs at once.  If
 * there is none, it goes on without. */
static int enter(struct run *run)
{
    int r = mag_guest_enter(run->sched, &run->guest);

    return r == -EBUSY || r == -ENOMEM ? 0 : r;
}

/* A thread from outside that has no berth is counted like a worker's thread, so that the
 * stop waits for it.  It holds the scheduler. */
static void count_member_in(struct run *run)
{
    /* relaxed: until this is done the hold keeps the scheduler alive. */
    if (!is_tenant(run))
        (void)atomic_fetch_add_explicit(&run->sched->live, 1, memory_order_relaxed);
}

static void count_member_out(struct run *run)
{
    _Atomic(uint32_t) *live = &run->sched->live;

    /* live, release: the last touch, as in thread.c. */
    if (!is_tenant(run) && atomic_fetch_sub_explicit(live, 1, memory_order_release) == 1)
        mag_os_wake(live, 1);
}

static bool is_forked(const void *sched)
{
    const struct mag_sched *of = sched;

    /* relaxed: the only thread of the child reads what it has written itself. */
    return atomic_load_explicit(&of->closed, memory_order_relaxed) == MAG_E_FORKED;
}

/* ------------------------------------------------------------------- the roster */

/* Where the order of the caller's roster begins.  A worker begins behind itself, and a
 * thread from outside where it began last time, or behind the worker of its CPU. */
static uint32_t first_of(const struct run *run)
{
    const struct mag_sched *sched = run->sched;

    if (run->worker != NULL)
        return run->worker->index + 1;
    if (run->self->roster_begin != 0)
        return run->self->roster_begin - 1;
    struct mag_span near = mag_route_cpu_workers(&sched->routes, mag_os_cpu());
    uint32_t beside = near.begin < near.end ? sched->routes.spots[near.begin].worker : 0;
    return beside + 1;
}

/* Inside a stolen child, whose owner may wait for it in a join, no worker is waited for:
 * that worker might be the owner.  The thread runs stolen children as a worker, or as a
 * guest, of this scheduler or of another one. */
static bool may_wait(const struct run *run)
{
    for (struct mag_worker *at = run->self->worker; at != NULL; at = at->outer) {
        if (mag_worker_forks(at)->stolen != 0)
            return false;
    }
    return true;
}

static void prepare_ask(struct run *run, uint32_t members, uint32_t flags)
{
    struct mag_sched *sched = run->sched;
    struct mag_team_call *call =
        run->worker != NULL ? &sched->teams->calls[run->worker->index] : NULL;
    struct mag_team_ask *ask = call != NULL ? &call->ask : &run->own;

    run->ask = ask;
    ask->wish.workers = active_workers(sched);
    ask->wish.first = first_of(run);
    ask->wish.size = members - 1;
    ask->wish.self = run->worker != NULL ? run->worker->index : MAG_NONE;
    ask->wish.held = sched->teams->held;
    ask->wish.idle = NULL;
    ask->flags = may_wait(run) ? flags : flags | MAG_TEAM_TRY;
    ask->wish.idle_only = (ask->flags & MAG_TEAM_TRY) != 0;
    ask->roster = &run->common.roster;
    ask->call = call;
}

static void prepare_common(struct run *run, uint32_t members)
{
    struct mag_team_common *common = &run->common;
    const struct mag_sched *sched = run->sched;

    common->teams = sched->teams;
    common->members = members;
    common->fp = mag_fp_read();
    common->patience.spin_us = sched->settings.config.spin_us;
    common->patience.crowded = is_crowded(sched) || members > sched->teams->pus;
    common->patience.is_alone = is_forked;
    common->patience.arg = sched;
    atomic_init(&common->singles, 0);
    atomic_init(&common->faults, 0);
    common->said[0].round = common->said[1].round = 0;
}

/* Reserves the workers.  The caller holds the scheduler when this returns 0, and does not
 * otherwise. */
static int hold_roster(struct run *run)
{
    struct mag_teams *teams = run->sched->teams;
    int r = mag_team_hold(teams, run->ask);

    if (r == -EAGAIN) {
        mag_sched_unhold(run->sched);
        r = mag_team_wait(teams, run->ask);
        if (r == 0 && (r = mag_sched_hold(run->sched)) < 0)
            mag_team_release(teams, run->ask);
        return r;
    }
    if (r < 0)
        mag_sched_unhold(run->sched);
    return r;
}

/* Reserves the workers and calls them.  The team runs from then on. */
static int muster(struct run *run)
{
    int r = mag_sched_hold(run->sched);

    if (r < 0)
        return r;
    count_member_in(run);
    r = hold_roster(run);
    if (r < 0) {
        count_member_out(run);
        return r;
    }
    if (run->worker == NULL)
        run->self->roster_begin = mag_roster_begin(&run->common.roster) + 1;
    mag_team_meets_init(&run->common);
    mag_call_next(&run->common, run->common.members, 0);
    mag_sched_unhold(run->sched);
    return 0;
}

/* ---------------------------------------------------------------- member 0 */

static MAG_NOINLINE void run_member_body(struct run *run)
{
    char gap[TEAM_GAP];

    /* Makes the compiler treat the whole gap as used, before and after. */
    __asm__ volatile("" ::"r"(gap) : "memory");
    run->common.body(&run->team, 0, run->common.arg);
    __asm__ volatile("" ::"r"(gap) : "memory");
}

/* Member 0 leaves, waits for the others and gives the workers back. */
static void finish(struct run *run)
{
    struct mag_team_common *common = &run->common;

    run->self->team = run->outer;
    mag_meet_leave(&run->team.part);
    mag_meet_wait_end(&common->root, &common->patience);
    if (common->members == 1 || is_forked(run->sched))
        return;
    mag_team_release(common->teams, run->ask);
    count_member_out(run);
    mag_guest_leave(&run->guest);
}

static void end_member_early(void *arg)
{
    struct run *run = arg;

    mag_team_note(&run->common, MAG_TEAM_LOST);
    if (run->guest.place != NULL)
        mag_worker_end_children(run->guest.place);
    finish(run);
}

/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static int take_part_in_team(struct run *run)
{
    struct mag_team_common *common = &run->common;

    run->team.common = common;
    mag_team_join(common, common->members, 0, &run->team.part);
    run->team.call = NULL;
    run->team.member = 0;
    run->team.singles = 0;
    run->team.rounds = 0;
    run->outer = run->self->team;
    run->self->team = &run->team;
    pthread_cleanup_push(end_member_early, run);
    run_member_body(run);
    pthread_cleanup_pop(0);
    finish(run);
    if (common->members > 1 && is_forked(run->sched))
        return MAG_E_FORKED;
    /* relaxed: the end of the team has ordered it. */
    uint32_t faults = atomic_load_explicit(&common->faults, memory_order_relaxed);
    if ((faults & MAG_TEAM_UNMET) != 0)
        return -ESHUTDOWN;
    return (faults & MAG_TEAM_LOST) != 0 ? -EOWNERDEAD : 0;
}

static int run_alone(struct run *run)
{
    run->common.roster.size = 0;
    mag_team_meets_init(&run->common);
    return take_part_in_team(run);
}

static int run_team(struct run *run, uint32_t members, uint32_t flags)
{
    int r;

    if (run->self->team != NULL)
        return -EDEADLK;
    if (members > mag_team_most(run->sched))
        return -ERANGE;
    r = run->worker != NULL ? 0 : enter(run);
    if (r < 0)
        return r;
    prepare_ask(run, members, flags);
    r = muster(run);
    if (r < 0) {
        mag_guest_leave(&run->guest);
        return r;
    }
    return take_part_in_team(run);
}

int mag_team_run(struct mag_sched *sched, uint32_t members, uint32_t flags,
                 void (*body)(struct mag_team *team, uint32_t member, void *arg),
                 void *arg)
{
    struct run run;
    int r = 0;

    if (body == NULL || (flags & ~(uint32_t)FLAGS) != 0)
        return -EINVAL;
    if (members == 0)
        members = active_workers(sched);
    run.sched = sched;
    run.self = mag_self_get();
    run.worker = calling_worker(sched);
    run.guest.place = NULL;
    run.common.body = body;
    run.common.arg = arg;
    prepare_common(&run, members);
    if (members > 1)
        r = run_team(&run, members, flags);
    if (members == 1 || ((flags & MAG_TEAM_OR_ONE) != 0 &&
                         (r == -EBUSY || r == -EDEADLK || r == -ERANGE))) {
        prepare_common(&run, 1);
        r = run_alone(&run);
    }
    return r;
}

uint32_t mag_team_most(const struct mag_sched *sched)
{
    const struct mag_worker *worker = calling_worker(sched);
    uint32_t workers = active_workers(sched);

    /* The calling worker may be about to be benched. */
    return workers + (worker == NULL || worker->index >= workers);
}
