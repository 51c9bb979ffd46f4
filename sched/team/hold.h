/*
 * hold.h - reserving the workers of a team, all or none.  Private to sched/.
 *
 * Whoever wants a team asks, under a short lock.  Callers that cannot have their workers
 * wait in a queue, and get them in the order in which they came: nobody is served before
 * the first in the queue, so a large team is not starved by small ones.
 *
 * Ownership
 *   [I] immutable   [L] under the lock of the teams
 *
 * Edges: release end -> acquire end : what crosses
 *   answer  serve (answer) -> mag_team_hold (answer) : the roster
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TEAM_HOLD_H
#define SCHED_TEAM_HOLD_H

#include "sched/team/team.h"

/*
 * Reserves the workers that are asked for.
 *
 *   Returns    0; -EBUSY they cannot be had at once (with MAG_TEAM_TRY); -EAGAIN the
 *              caller is in the queue now, and calls mag_team_wait
 */
int mag_team_hold(struct mag_teams *teams, struct mag_team_ask *ask);

/* Waits for the workers.  0; -ESHUTDOWN the scheduler is being stopped. */
int mag_team_wait(struct mag_teams *teams, struct mag_team_ask *ask);

/* Gives the workers back, and serves those who wait for them. */
void mag_team_release(struct mag_teams *teams, const struct mag_team_ask *ask);

/* Refuses the callers from outside that wait; no other comes any more. */
void mag_team_refuse(struct mag_teams *teams);

#endif
