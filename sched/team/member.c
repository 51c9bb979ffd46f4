/*
 * member.c - what a member calls in the body.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/team/team.h"

uint32_t mag_team_members(const struct mag_team *team)
{
    return team->common->members;
}

void mag_team_barrier(struct mag_team *team)
{
    const struct mag_team_common *common = team->common;

    mag_meet_arrive(&team->part, &common->patience);
}

void *mag_team_broadcast(struct mag_team *team, uint32_t from, void *value)
{
    uint64_t round = ++team->rounds;
    struct mag_team_said *said = &team->common->said[round % 2];

    if (team->member == from) {
        said->value = value;
        said->round = round;
    }
    mag_team_barrier(team);
    return said->round == round ? said->value : NULL;
}

bool mag_team_single(struct mag_team *team)
{
    uint32_t round = team->singles++;

    /* relaxed, both: the word alone decides; barriers order what the members do.  On
     * failure another member has the round. */
    return atomic_compare_exchange_strong_explicit(&team->common->singles, &round,
                                                   round + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}
