/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/team/hold.h"

#include "base/os.h"
#include "sched/team/call.h"

#include <errno.h>

/* ------------------------------------------------------- under the lock */

static void set_held(struct mag_teams *teams, const struct mag_team_ask *ask, bool held)
{
    uint32_t words = (ask->roster->workers - 1) / 64 + 1;

    for (uint32_t i = 0; i <= (teams->sched->place_count - 1) / 64; i++) {
        uint64_t set = i < words ? ask->roster->set[i] : 0;

        if (ask->wish.self / 64 == i)
            set |= (uint64_t)1 << ask->wish.self % 64;
        teams->held[i] = held ? teams->held[i] | set : teams->held[i] & ~set;
    }
}

static bool is_worker_parked(struct mag_sched *sched, uint32_t worker)
{
    uint32_t rank = sched->routes.rank[worker];
    /* relaxed: a worker that was parked a moment ago will do. */
    uint64_t bits =
        atomic_load_explicit(&sched->idle.parked[rank / 64], memory_order_relaxed);

    return (bits >> rank % 64 & 1) != 0;
}

/* The workers that have nothing to do. */
static void find_idle(struct mag_teams *teams, uint32_t workers, uint64_t *ret_idle)
{

    for (uint32_t i = 0; i <= (workers - 1) / 64; i++)
        ret_idle[i] = 0;
    for (uint32_t i = 0; i < workers; i++) {
        uint32_t state = mag_call_look(&teams->calls[i]) & MAG_CALL_IS;

        if (state == MAG_CALL_LINGER || is_worker_parked(teams->sched, i))
            ret_idle[i / 64] |= (uint64_t)1 << i % 64;
    }
}

/* Gives the caller its workers, if they can be had now. */
static bool give_workers(struct mag_teams *teams, struct mag_team_ask *ask)
{
    uint64_t idle[MAG_ROSTER_WORDS];
    bool chosen;

    if (ask->wish.self != MAG_NONE && mag_roster_has(teams->held, ask->wish.self))
        return false;
    if ((ask->flags & (MAG_TEAM_TRY | MAG_TEAM_ANY)) != 0) {
        find_idle(teams, ask->wish.workers, idle);
        ask->wish.idle = idle;
    }
    chosen = mag_roster_choose(&ask->wish, ask->roster);
    ask->wish.idle = NULL;
    if (chosen)
        set_held(teams, ask, true);
    return chosen;
}

static void enqueue(struct mag_teams *teams, struct mag_team_ask *ask)
{
    ask->next = NULL;
    if (teams->first == NULL)
        teams->first = ask;
    else
        teams->last->next = ask;
    teams->last = ask;
}

static void dequeue(struct mag_teams *teams, struct mag_team_ask *ask)
{
    struct mag_team_ask **link = &teams->first;
    struct mag_team_ask *before = NULL;

    for (; *link != ask; link = &before->next)
        before = *link;
    *link = ask->next;
    if (teams->last == ask)
        teams->last = before;
}

static void answer(struct mag_team_ask *ask, enum mag_team_answer what)
{
    struct mag_team_call *call = ask->call;
    _Atomic(uint32_t) *word = &ask->answer;

    /* answer, release: the roster.  The caller may be gone after this. */
    atomic_store_explicit(word, what, memory_order_release);
    if (call != NULL)
        mag_call_end_wait(call);
    else
        mag_os_wake(word, 1);
}

/* Serves those who wait, in their order, as long as there are workers. */
static void serve_asks(struct mag_teams *teams)
{
    while (teams->first != NULL && give_workers(teams, teams->first)) {
        struct mag_team_ask *ask = teams->first;

        dequeue(teams, ask);
        answer(ask, MAG_TEAM_HELD);
    }
}

static uint32_t read_answer(struct mag_team_ask *ask)
{
    /* answer, acquire: the roster. */
    return atomic_load_explicit(&ask->answer, memory_order_acquire);
}

/* ---------------------------------------------------------------------- asking */

int mag_team_hold(struct mag_teams *teams, struct mag_team_ask *ask)
{
    bool tries = (ask->flags & MAG_TEAM_TRY) != 0;
    int r = 0;

    atomic_init(&ask->answer, MAG_TEAM_WAITS);
    mag_spin_lock(&teams->lock);
    if (teams->first != NULL || !give_workers(teams, ask))
        r = tries ? -EBUSY : -EAGAIN;
    if (r == -EAGAIN)
        enqueue(teams, ask);
    mag_spin_unlock(&teams->lock);
    return r;
}

void mag_team_withdraw(struct mag_teams *teams, struct mag_team_ask *ask)
{
    mag_spin_lock(&teams->lock);
    switch (read_answer(ask)) {
    case MAG_TEAM_WAITS:
        dequeue(teams, ask);
        break;
    case MAG_TEAM_HELD:
        set_held(teams, ask, false);
        break;
    default:
        break;
    }
    serve_asks(teams);
    mag_spin_unlock(&teams->lock);
}

/* By a thread from outside. */
static void wait_outside(struct mag_team_ask *ask)
{
    while (read_answer(ask) == MAG_TEAM_WAITS)
        mag_os_wait(&ask->answer, MAG_TEAM_WAITS, -1);
}

/* By a worker, which may be called into other teams meanwhile.  False: the scheduler
 * ends. */
static bool wait_inside(struct mag_teams *teams, struct mag_team_ask *ask)
{
    while (read_answer(ask) == MAG_TEAM_WAITS) {
        if (mag_call_serve(ask->call))
            continue;

        /* Under the lock, so that the answer does not come in between. */
        mag_spin_lock(&teams->lock);
        bool waits = read_answer(ask) == MAG_TEAM_WAITS && mag_call_begin_wait(ask->call);
        mag_spin_unlock(&teams->lock);
        if (waits)
            mag_call_wait(ask->call);
        if (mag_call_is_closed(ask->call))
            return false;
    }
    return true;
}

int mag_team_wait(struct mag_teams *teams, struct mag_team_ask *ask)
{
    if (ask->call == NULL)
        wait_outside(ask);
    else if (!wait_inside(teams, ask)) {
        mag_team_withdraw(teams, ask);
        return -ESHUTDOWN;
    }
    return read_answer(ask) == MAG_TEAM_HELD ? 0 : -ESHUTDOWN;
}

void mag_team_release(struct mag_teams *teams, const struct mag_team_ask *ask)
{
    mag_spin_lock(&teams->lock);
    set_held(teams, ask, false);
    serve_asks(teams);
    mag_spin_unlock(&teams->lock);
}

void mag_team_refuse(struct mag_teams *teams)
{
    struct mag_team_ask *ask;
    struct mag_team_ask *next;

    mag_spin_lock(&teams->lock);
    for (ask = teams->first; ask != NULL; ask = next) {
        next = ask->next;
        if (ask->call == NULL) {
            dequeue(teams, ask);
            answer(ask, MAG_TEAM_REFUSED);
        }
    }
    serve_asks(teams);
    mag_spin_unlock(&teams->lock);
}
