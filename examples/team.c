/*
 * team.c - heat that spreads along a rod, step by step: all members of a team compute a
 * part of each step, and a barrier lies between two steps.  One member sums up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <math.h>
#include <stdio.h>

enum { CELLS = 4096, STEPS = 400 };

struct rod {
    double heat[2][CELLS];
    double total; /* written by one member, told to all */
};

/* The cells of a member: contiguous, so that it shares few cache lines. */
static uint32_t begin_of(uint32_t member, uint32_t members)
{
    return (uint32_t)((uint64_t)CELLS * member / members);
}

static void spread(const double *from, double *to, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++) {
        double left = from[i == 0 ? 0 : i - 1];
        double right = from[i == CELLS - 1 ? i : i + 1];

        to[i] = from[i] + 0.25 * (left - 2 * from[i] + right);
    }
}

static void sum_up(struct rod *rod)
{
    rod->total = 0;
    for (uint32_t i = 0; i < CELLS; i++)
        rod->total += rod->heat[STEPS % 2][i];
}

static void compute(struct mag_team *team, uint32_t member, void *arg)
{
    struct rod *rod = (struct rod *)arg;
    uint32_t members = mag_team_members(team);
    uint32_t begin = begin_of(member, members);
    uint32_t end = begin_of(member + 1, members);

    for (int step = 0; step < STEPS; step++) {
        spread(rod->heat[step % 2], rod->heat[(step + 1) % 2], begin, end);
        mag_team_barrier(team);
    }
    if (mag_team_single(team))
        sum_up(rod);
    mag_team_barrier(team);

    /* Member 0 chooses what all members scale by. */
    double scale = 1 / rod->total;
    const double *told = (const double *)mag_team_broadcast(team, 0, &scale);
    for (uint32_t i = begin; i < end; i++)
        rod->heat[STEPS % 2][i] *= *told;
    mag_team_barrier(team); /* until then member 0's `scale` is in use */
}

int main(void)
{
    static struct rod rod;
    struct mag_sched *sched;

    rod.heat[0][CELLS / 2] = 1000;

    int error = mag_sched_default(&sched);

    /* Alone, if this machine has one worker that is busy. */
    if (error == 0)
        error = mag_team_run(sched, 0, MAG_TEAM_OR_ONE, compute, &rod);
    if (error != 0) {
        (void)fprintf(stderr, "team: %s\n", mag_call_text(error));
        return 1;
    }

    double total = rod.total;
    sum_up(&rod);
    printf("%.3f before, %.3f after\n", total, rod.total);
    return fabs(total - 1000) < 1e-6 && fabs(rod.total - 1) < 1e-9 ? 0 : 1;
}
