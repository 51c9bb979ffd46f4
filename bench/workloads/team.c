/*
 * team.c - teams of one member for each worker: their start and end, and their barrier.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/team.h>

static void do_nothing(struct mag_team *team, uint32_t member, void *arg)
{
    (void)team;
    (void)member;
    (void)arg;
}

static int run_teams(struct bench_run *run)
{
    int r = 0;

    for (run->answer = 0; run->answer < run->size && r == 0; run->answer += r == 0)
        r = mag_team_run(run->sched, run->workers, 0, do_nothing, NULL);
    return r;
}

static void go_through(struct mag_team *team, uint32_t member, void *arg)
{
    struct bench_run *run = (struct bench_run *)arg;

    for (uint64_t i = 0; i < run->size; i++)
        mag_team_barrier(team);
    if (member == 0)
        run->answer = run->size;
}

static int run_barriers(struct bench_run *run)
{
    run->answer = 0;
    return mag_team_run(run->sched, run->workers, 0, go_through, run);
}

const struct bench_workload bench_team = {
    .group = "pool",
    .name = "team",
    .summary = "an empty team of one member for each worker, again and again",
    .shows = "the cost of a parallel region, from start to end",
    .size_is = "teams",
    .sizes = {20000},
    .size_min = 1,
    .size_max = 1000000000,
    .per_operation = true,
    .caller_works = true,
    .run_magpie = run_teams,
};

const struct bench_workload bench_barrier = {
    .group = "pool",
    .name = "barrier",
    .summary = "barriers of a team of one member for each worker",
    .shows = "the cost of a barrier at which all arrive together",
    .size_is = "barriers",
    .sizes = {100000},
    .size_min = 1,
    .size_max = 1000000000,
    .per_operation = true,
    .caller_works = true,
    .run_magpie = run_barriers,
};
