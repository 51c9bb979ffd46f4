/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/team/call.h"

#include "base/os.h"
#include "sched/kind.h"
#include "sched/policy/linger.h"
#include "sched/post/post.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

/* How many workers each member calls. */
enum { CALLS = 4 };

/* How many looks at the word there are between two looks at the clock. */
enum { LOOKS = 16 };

static uint32_t state_of(uint32_t word)
{
    return word & MAG_CALL_IS;
}

static uint32_t with_state(uint32_t word, enum mag_call_state state)
{
    return (word & ~(uint32_t)MAG_CALL_IS) | (uint32_t)state;
}

static struct mag_worker *worker_of(const struct mag_team_call *call)
{
    return mag_sched_at(call->teams->sched, call->index);
}

/* Moves a call that is in one state to another.  False: it is in a third one. */
static bool move_state(struct mag_team_call *call, enum mag_call_state from,
                       enum mag_call_state to)
{
    uint32_t word = mag_call_look(call);

    do {
        if (state_of(word) != (uint32_t)from)
            return false;
        /* relaxed, both: nothing crosses. */
    } while (!atomic_compare_exchange_weak_explicit(
        &call->state, &word, with_state(word, to), memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

/* ------------------------------------------------------------------- calling */

/* Marks the call.  False: it is closed.  `*ret_before` is the word before. */
static bool mark(struct mag_team_call *call, uint32_t *ret_before)
{
    uint32_t word = mag_call_look(call);
    uint32_t next;

    do {
        if ((word & MAG_CALL_CLOSED) != 0)
            return false;
        next = with_state(word, MAG_CALL_CALLED);
        if (state_of(word) == MAG_CALL_AWAY)
            next |= MAG_CALL_POSTED;
        /* called, release: member, common and what the caller has written.
         * On failure relaxed: the loop tries again. */
    } while (!atomic_compare_exchange_weak_explicit(
        &call->state, &word, next, memory_order_release, memory_order_relaxed));
    *ret_before = word;
    return true;
}

static bool call_worker(struct mag_team_common *common, uint32_t member)
{
    struct mag_team_call *call = mag_team_call_of(common, member);
    uint32_t before;

    call->member = member;
    call->common = common;
    call->body = common->body;
    call->arg = common->arg;
    call->fp = common->fp;
    call->members = common->members;
    call->crowded = common->patience.crowded;
    if (!mark(call, &before))
        return false;
    if (state_of(before) == MAG_CALL_WAIT)
        mag_os_wake(&call->state, 1);
    else if (state_of(before) == MAG_CALL_AWAY && (before & MAG_CALL_POSTED) == 0)
        mag_sched_post_worker_held(call->teams->sched, &call->job, call->index);
    return true;
}

/* Counts out a member that never began, and those whom it would have called. */
static void count_out_of_call(struct mag_team_common *common, uint32_t member)
{
    struct mag_meet_part part;

    mag_team_join(common, common->members, member, &part);
    for (uint32_t i = 1; i <= CALLS && CALLS * member + i < common->members; i++)
        count_out_of_call(common, CALLS * member + i);
    mag_team_note(common, MAG_TEAM_UNMET);
    mag_meet_leave(&part);
}

void mag_call_next(struct mag_team_common *common, uint32_t members, uint32_t member)
{
    for (uint32_t i = 1; i <= CALLS && CALLS * member + i < members; i++) {
        if (!call_worker(common, CALLS * member + i))
            count_out_of_call(common, CALLS * member + i);
    }
}

void mag_call_close(struct mag_team_call *call)
{
    /* called, acquire: the member that has to be counted out. */
    uint32_t before =
        atomic_fetch_or_explicit(&call->state, MAG_CALL_CLOSED, memory_order_acquire);

    if ((before & MAG_CALL_CLOSED) != 0)
        return;
    if (state_of(before) == MAG_CALL_CALLED)
        count_out_of_call(call->common, call->member);
    mag_os_wake(&call->state, 1);
}

/* ------------------------------------------------------------------- members */

/* False: the worker is not called, or the scheduler ends. */
static bool begin_member(struct mag_team_call *call)
{
    uint32_t word = mag_call_look(call);

    do {
        if (state_of(word) != MAG_CALL_CALLED || (word & MAG_CALL_CLOSED) != 0)
            return false;
        /* called, acquire: member, common and what the caller has written.
         * On failure relaxed: the loop tries again. */
    } while (!atomic_compare_exchange_weak_explicit(
        &call->state, &word, with_state(word, MAG_CALL_BUSY), memory_order_acquire,
        memory_order_relaxed));
    return true;
}

/* Whether jobs wait that this worker would run if it were in its loop. */
static bool has_other_work(struct mag_worker *worker)
{
    return mag_hand_peek_lifo(&worker->hand) != NULL || mag_hand_waiting(&worker->hand) ||
           mag_runq_length(&worker->ring) != 0 || mag_inject_waiting(&worker->inbox) ||
           mag_sched_injected(worker->sched, worker->queue) != 0;
}

/* The last thing a member does.  The next team may call the worker right after. */
static void leave_call(struct mag_team_call *call, enum mag_call_state next)
{
    struct mag_meet_part part = call->team.part;

    mag_self_get()->team = NULL;
    /* relaxed: the leave releases it; flags that others set meanwhile stay. */
    (void)atomic_fetch_add_explicit(
        &call->state, (uint32_t)next - (uint32_t)MAG_CALL_BUSY, memory_order_relaxed);
    mag_meet_leave(&part);
}

static void take_part(struct mag_team_call *call)
{
    struct mag_team_common *common = call->common;
    struct mag_team *team = &call->team;
    bool may_linger = !call->waits && !call->crowded;

    *team = (struct mag_team){.common = common, .call = call, .member = call->member};
    mag_team_join(common, call->members, team->member, &team->part);
    mag_call_next(common, call->members, team->member);
    mag_self_get()->team = team;
    mag_fp_keep(call->fp);
    call->body(team, team->member, call->arg);
    if (may_linger && has_other_work(worker_of(call)))
        may_linger = false;
    leave_call(call, may_linger ? MAG_CALL_LINGER : MAG_CALL_AWAY);
}

bool mag_call_serve(struct mag_team_call *call)
{
    mag_fp fp = mag_fp_read();

    if (!begin_member(call))
        return false;
    call->waits = true;
    take_part(call);
    call->waits = false;
    mag_fp_keep(fp);
    return true;
}

/* The worker's thread ends in the body. */
static void end_member(struct mag_sched *sched)
{
    struct mag_team *team = mag_self_get()->team;

    (void)sched;
    if (team == NULL || team->call == NULL)
        return;
    /* What lay on the stack below the body is gone. */
    if (team->call->waits)
        mag_team_withdraw(team->call->teams, &team->call->ask);
    team->call->waits = false;
    mag_team_note(team->common, MAG_TEAM_LOST);
    leave_call(team->call, MAG_CALL_AWAY);
}

/* ----------------------------------------------------------------- lingering */

/* Looks until the worker is called, or the time is over, or there is other work.  True:
 * it is called. */
static bool look_a_while(struct mag_team_call *call)
{
    struct mag_worker *worker = worker_of(call);
    int64_t until = mag_linger_until(mag_os_now_ns(), call->linger_us);

    do {
        for (unsigned i = 0; i < LOOKS; i++) {
            if (state_of(mag_call_look(call)) != MAG_CALL_LINGER)
                return true;
            mag_os_pause();
        }
    } while (!has_other_work(worker) && mag_os_now_ns() < until &&
             mag_sched_phase(worker->sched) == MAG_PHASE_RUNNING);
    return false;
}

static void linger(struct mag_team_call *call)
{
    if (state_of(mag_call_look(call)) != MAG_CALL_LINGER)
        return;
    bool called = look_a_while(call);
    call->linger_us = mag_linger_budget(
        call->linger_us, call->teams->sched->settings.config.spin_us, called);
    (void)move_state(call, MAG_CALL_LINGER, MAG_CALL_AWAY);
}

/* ------------------------------------------------------------------- waiting */

bool mag_call_is_closed(struct mag_team_call *call)
{
    return (mag_call_look(call) & MAG_CALL_CLOSED) != 0;
}

bool mag_call_begin_wait(struct mag_team_call *call)
{
    return move_state(call, MAG_CALL_AWAY, MAG_CALL_WAIT);
}

void mag_call_wait(struct mag_team_call *call)
{
    uint32_t word;

    while (state_of(word = mag_call_look(call)) == MAG_CALL_WAIT &&
           (word & MAG_CALL_CLOSED) == 0)
        mag_os_wait(&call->state, word, -1);
    (void)move_state(call, MAG_CALL_WAIT, MAG_CALL_AWAY);
}

void mag_call_end_wait(struct mag_team_call *call)
{
    if (move_state(call, MAG_CALL_WAIT, MAG_CALL_AWAY))
        mag_os_wake(&call->state, 1);
}

/* ---------------------------------------------------------- the job of a call */

static void run_call(struct mag_job *job)
{
    struct mag_team_call *call = (struct mag_team_call *)(void *)job;

    /* relaxed: the job is out of the inbox; the pop has ordered that. */
    (void)atomic_fetch_and_explicit(&call->state, ~(uint32_t)MAG_CALL_POSTED,
                                    memory_order_relaxed);
    while (begin_member(call)) {
        take_part(call);
        linger(call);
    }
}

/* The stop has counted the member out. */
static void drop_call(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)job;
    (void)stop;
}

static void describe_team_call(const struct mag_job *job,
                               struct mag_job_description *ret_description)
{
    (void)job;
    ret_description->name = "team";
}

static struct mag_job_kind call_kind = {.run = run_call,
                                        .dropped = drop_call,
                                        .ended = end_member,
                                        .describe = describe_team_call};

static __attribute__((constructor(101))) void add_call_kind(void)
{
    mag_job_kind_add(&call_kind);
}

void mag_call_init(struct mag_teams *teams, uint32_t index)
{
    struct mag_team_call *call = &teams->calls[index];

    call->job.run = run_call;
    call->teams = teams;
    call->index = index;
    call->linger_us = teams->sched->settings.config.spin_us;
    atomic_init(&call->state, MAG_CALL_AWAY);
}
