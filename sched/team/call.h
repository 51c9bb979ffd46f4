/*
 * call.h - how workers are called into a team, and how they look for the next one.
 * Private to sched/.
 *
 * A call has one word, `state`: what the worker does as far as teams are concerned, and
 * two flags.
 *
 *     AWAY      the worker is in its loop, or in a job
 *     LINGER    it has ended a member, and looks at this word
 *     WAIT      it is in mag_team_run, and sleeps on this word until it gets a team
 *     CALLED    it is to be a member; not begun
 *     BUSY      it runs the body
 *     POSTED    flag: the call's job is in the inbox, or about to be
 *     CLOSED    flag: the scheduler ends; no worker is called any more
 *
 * | from   | to     | by                                                                |
 * |--------|--------|-------------------------------------------------------------------|
 * | AWAY   | CALLED | a caller, who posts the job if it is not posted                   |
 * | LINGER | CALLED | a caller                                                          |
 * | WAIT   | CALLED | a caller, who wakes the worker                                    |
 * | CALLED | BUSY   | the worker, from its loop, its lingering or its wait              |
 * | BUSY   | LINGER | the worker, before it leaves the team; AWAY if it has other work  |
 * | LINGER | AWAY   | the worker, which goes back to its loop                           |
 * | AWAY   | WAIT   | the worker; back by itself, or by whoever gives it its own team   |
 *
 * Only one thread at a time calls a worker: whoever calls it belongs to the team that has
 * reserved it.  POSTED keeps the job from being posted twice: a worker that was called
 * while it went to its wait runs the member there, and finds the job later.
 *
 * The end.  The stopping thread sets CLOSED in each word.  A worker begins, and is
 * called, by a swap of a word without CLOSED.  So either the worker has begun, or the
 * thread that finds the other's mark counts the member out: the stopping thread if it
 * finds CALLED, a caller if it finds CLOSED.
 *
 * Edges: release end -> acquire end : what crosses
 *   called  call_worker (state) -> begin (state) : member, common, and all the caller did
 *   free    begin (state: the end of a member) -> call_worker (state) : nothing; the end
 *           of the team has ordered it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TEAM_CALL_H
#define SCHED_TEAM_CALL_H

#include "sched/team/team.h"

/* Fields of the state word. */
enum mag_call_state {
    MAG_CALL_AWAY,
    MAG_CALL_LINGER,
    MAG_CALL_WAIT,
    MAG_CALL_CALLED,
    MAG_CALL_BUSY,
    MAG_CALL_IS = 7,
    MAG_CALL_POSTED = 8,
    MAG_CALL_CLOSED = 16,
};

static inline uint32_t mag_call_look(struct mag_team_call *call)
{
    /* relaxed: a look; a swap decides. */
    return atomic_load_explicit(&call->state, memory_order_relaxed);
}

void mag_call_init(struct mag_teams *teams, uint32_t index);

/* Calls the workers that this member has to call: each calls a few, so that a large team
 * wakes as a tree. */
void mag_call_next(struct mag_team_common *common, uint32_t members, uint32_t member);

/* The worker, which waits in mag_team_run with what it has asked for: if it has been
 * called into another team, runs that member and returns true. */
bool mag_call_serve(struct mag_team_call *call);

/* The worker, in mag_team_run, is about to wait; false: it is called, or the scheduler
 * ends.  Then it waits until it is called, or has its answer, or the scheduler ends. */
bool mag_call_begin_wait(struct mag_team_call *call);
void mag_call_wait(struct mag_team_call *call);

/* Ends the wait of a worker, for its answer. */
void mag_call_end_wait(struct mag_team_call *call);

/* By the stopping thread; and whether it has done so. */
void mag_call_close(struct mag_team_call *call);
bool mag_call_is_closed(struct mag_team_call *call);

#endif
