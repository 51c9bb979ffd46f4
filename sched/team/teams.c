/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/team/call.h"
#include "sched/team/hold.h"

#include <magpie/topology.h>

#include <stdlib.h>
#include <string.h>

struct mag_teams *mag_teams_make(struct mag_sched *sched)
{
    uint32_t places = sched->place_count;
    size_t bytes = sizeof(struct mag_teams) + places * sizeof(struct mag_team_call);
    struct mag_teams *teams = aligned_alloc(MAG_CACHE_LINE, bytes);

    if (teams == NULL)
        return NULL;
    memset(teams, 0, bytes);
    teams->sched = sched;
    teams->pus = mag_topology_pus(sched->settings.topology);
    mag_spin_init(&teams->lock);
    for (uint32_t i = 0; i < places; i++)
        mag_call_init(teams, i);
    return teams;
}

void mag_teams_free(struct mag_teams *teams)
{
    free(teams);
}

void mag_teams_close(struct mag_teams *teams, bool ending)
{
    mag_team_refuse(teams);
    for (uint32_t i = 0; ending && i < teams->sched->place_count; i++)
        mag_call_close(&teams->calls[i]);
}
