/*
 * soak_places.c - who works where: teams, guests, the number of workers, threads for
 * calls that block.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/stress/whole/soak.h"

#include "tests/support/run.h"

#include <errno.h>
#include <magpie/elastic.h>
#include <magpie/guest.h>
#include <magpie/offload.h>
#include <magpie/team.h>
#include <unistd.h>

/* ------------------------------------------------------------------------ teams */

struct together {
    _Atomic(uint64_t) arrived;
    _Atomic(uint64_t) wrong;
};

/* All members see all that arrived before the barrier. */
static void meet(struct mag_team *team, uint32_t member, void *arg)
{
    struct together *together = arg;

    (void)member;
    for (uint64_t round = 1; round <= 3; round++) {
        soak_add(&together->arrived, 1);
        mag_team_barrier(team);
        if (soak_read(&together->arrived) < round * mag_team_members(team))
            soak_add(&together->wrong, 1);
        mag_team_barrier(team);
    }
}

void soak_team(struct soak *soak, uint64_t *random)
{
    struct together together = {0};
    uint32_t most = mag_team_most(soak->sched);
    uint32_t members = 1 + test_random_below(random, most);
    /* Inside a job a team must not wait for workers whose jobs may wait for this one. */
    bool outside = mag_sched_self() == NULL && test_random_below(random, 2) == 0;
    uint32_t flags = outside ? 0 : (uint32_t)MAG_TEAM_TRY;

    soak_count_in(soak, SOAK_TEAM, 1);
    int r = mag_team_run(soak->sched, members, flags, meet, &together);
    /* The number of workers may have become smaller since. */
    if (r != -EBUSY && r != -ERANGE && r != -EDEADLK)
        (void)soak_accepted(soak, SOAK_TEAM, r);
    /* A stop that cancels leaves members out. */
    if (r == 0 && soak_read(&together.wrong) != 0)
        soak_add(&soak->wrong[SOAK_TEAM], 1);
    soak_count_out(soak, SOAK_TEAM);
}

/* ----------------------------------------------------------------------- guests */

void soak_visit(struct soak *soak, uint64_t *random, unsigned depth)
{
    struct mag_guest guest;

    soak_count_in(soak, SOAK_GUEST, 1);
    int r = mag_guest_enter(soak->sched, &guest);
    if (r != -EBUSY && soak_accepted(soak, SOAK_GUEST, r)) {
        for (unsigned i = test_random_below(random, 4); i > 0; i--)
            soak_act_at(soak, random, depth);
        mag_guest_leave(&guest);
    }
    soak_count_out(soak, SOAK_GUEST);
}

/* ------------------------------------------------------- the number of workers */

void soak_resize(struct soak *soak, uint64_t *random)
{
    uint32_t most = mag_sched_workers_max(soak->sched);

    soak_count_in(soak, SOAK_RESIZE, 1);
    (void)soak_accepted(
        soak, SOAK_RESIZE,
        mag_sched_resize(soak->sched, 1 + test_random_below(random, most)));
    soak_count_out(soak, SOAK_RESIZE);
}

/* -------------------------------------------------------------- calls that block */

MAG_OFFLOAD_TASK(mag_task, doze, struct soak *, soak, unsigned, microseconds)
static mag_task doze(struct soak *soak, unsigned microseconds)
{
    (void)usleep(microseconds);
    soak_count_out(soak, SOAK_OFFLOAD);
    return mag_task_done();
}

void soak_offload(struct soak *soak, uint64_t *random)
{
    soak_count_in(soak, SOAK_OFFLOAD, 1);
    mag_task task = doze_offload(soak, test_random_below(random, 200));
    bool waits = mag_sched_self() == NULL;

    /* Its threads belong to no scheduler: nothing refuses it. */
    if (waits ? mag_task_wait(task) != 0 : mag_vtask_discard(task.task) != 0)
        soak_add(&soak->wrong[SOAK_OFFLOAD], 1);
}
