/*
 * meets.c - the tree of meets of one team.  Up to MAG_MEET_MOST members meet at the root.
 * Of a larger team, each group of so many members has a meet of its own, each group of so
 * many groups has one, and so on, up to the root.
 *
 * Where they are.  The meet of a group on level L lies in the call of the worker that is
 * the L-th of the group's members (counted from 0), on a line of that worker's.  Levels
 * below the root are fewer than MAG_MEET_MOST, and groups above the first level have more
 * than MAG_MEET_MOST members, so no two meets want the same place.  Member 0 may have no
 * call: the meet of its group is part of what the team shares.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/team/team.h"

/* How many members a group has on a level, if it is full. */
static uint32_t span_of(uint32_t level)
{
    uint32_t span = MAG_MEET_MOST;

    for (; level > 0; level--)
        span *= MAG_MEET_MOST;
    return span;
}

static uint32_t groups_on(uint32_t members, uint32_t level)
{
    uint32_t span = span_of(level);

    return (members + span - 1) / span;
}

/* The level of the root: the first on which there is one group. */
static uint32_t root_level(uint32_t members)
{
    uint32_t level = 0;

    while (groups_on(members, level) > 1)
        level++;
    return level;
}

/* How many arrive at the meet of a group: members, or groups of the level below. */
static uint32_t participants(uint32_t members, uint32_t level, uint32_t group)
{
    uint32_t span = span_of(level);
    uint32_t from = group * span;
    uint32_t here = members - from < span ? members - from : span;

    return level == 0 ? here : groups_on(here, level - 1);
}

/* The meet of a group.  A group of one group has none: the meet of its own group stands
 * for it. */
static struct mag_meet *meet_at(struct mag_team_common *common, uint32_t level,
                                uint32_t group)
{
    uint32_t top = root_level(common->members);

    while (level < top && level > 0 && participants(common->members, level, group) == 1) {
        level++;
        group /= MAG_MEET_MOST;
    }
    if (level == top)
        return &common->root;
    if (level == 0 && group == 0)
        return &common->first;
    return &mag_team_call_of(common, group * span_of(level) + level)->meet;
}

static void init_level(struct mag_team_common *common, uint32_t level)
{
    uint32_t members = common->members;

    for (uint32_t group = 0; group < groups_on(members, level); group++) {
        uint32_t count = participants(members, level, group);

        if (level == 0 || count > 1)
            mag_meet_init(meet_at(common, level, group),
                          meet_at(common, level + 1, group / MAG_MEET_MOST), count);
    }
}

void mag_team_meets_init(struct mag_team_common *common)
{
    uint32_t top = root_level(common->members);

    mag_meet_init(&common->root, NULL, participants(common->members, top, 0));
    for (uint32_t level = 0; level < top; level++)
        init_level(common, level);
}

void mag_team_join(struct mag_team_common *common, uint32_t members, uint32_t member,
                   struct mag_meet_part *ret_part)
{
    struct mag_meet *root = &common->root;

    /* Without a look at the shared lines if there is no tree. */
    if (members <= MAG_MEET_MOST)
        mag_meet_join(ret_part, root, root, members);
    else
        mag_meet_join(ret_part, meet_at(common, 0, member / MAG_MEET_MOST), root,
                      participants(members, 0, member / MAG_MEET_MOST));
}
