/* SPDX-License-Identifier: Apache-2.0 */
/* In which order a worker steals on a machine with several nodes.  All workers are kept
 * busy and have jobs; then one alone is let go, and takes the jobs of all others. */
#include "tests/support/cmocka.h"
#include "tests/support/numa/several.h"
#include "tests/support/sched/jobs.h"

#include <string.h>

/* JOBS is what a thief may take of each victim: the job that was posted last stays with
 * the worker that posted it. */
enum { JOBS = 8, WORKERS = SEVERAL_WORKERS_MAX, RINGS_MAX = 16 };

/* A job that notes who runs it, and when. */
struct loot {
    struct mag_job job; /* first */
    struct robbery *robbery;
    uint32_t owner;
    bool last; /* of its owner's */
};

/* A worker that posts jobs when it is told to, and is then busy until it is let go. */
struct owner {
    struct holder begin; /* first: it is posted */
    struct gate leave;
    struct robbery *robbery;
    struct loot loot[JOBS + 1];
};

struct robbery {
    struct mag_sched *sched;
    uint32_t thief;
    uint32_t order[WORKERS * JOBS]; /* the victims, as the thief came to them */
    uint32_t count;
    _Atomic(uint64_t) filled, taken, failures, over;
    struct owner owners[WORKERS];
};

static void loot_run(struct mag_job *job)
{
    struct loot *loot = (struct loot *)(void *)job;
    struct robbery *robbery = loot->robbery;

    if (mag_sched_worker() != robbery->thief || loot->owner == robbery->thief ||
        loot->last)
        return;
    if (robbery->count < WORKERS * JOBS)
        robbery->order[robbery->count++] = loot->owner;
    (void)test_add(&robbery->taken, 1);
}

static void owner_run(struct mag_job *job)
{
    struct owner *owner = (struct owner *)(void *)job;
    struct robbery *robbery = owner->robbery;

    gate_pass(&owner->begin.gate);
    for (int i = 0; i <= JOBS; i++) {
        owner->loot[i] = (struct loot){.job = {.run = loot_run},
                                       .robbery = robbery,
                                       .owner = mag_sched_worker(),
                                       .last = i == JOBS};
        if (mag_sched_post(robbery->sched, &owner->loot[i].job) != 0)
            (void)test_add(&robbery->failures, 1);
    }
    (void)test_add(&robbery->filled, 1);
    gate_pass(&owner->leave);
    (void)test_add(&robbery->over, 1);
}

static void let_all_but_the_thief_go(struct robbery *robbery)
{
    for (uint32_t i = 0; i < mag_sched_workers(robbery->sched); i++) {
        if (i != robbery->thief)
            gate_open(&robbery->owners[i].leave);
    }
    assert_true(test_wait_for(&robbery->over, mag_sched_workers(robbery->sched)));
}

static void rob(struct robbery *robbery, struct mag_sched *sched, uint32_t thief)
{
    uint32_t workers = mag_sched_workers(sched);

    memset(robbery, 0, sizeof(*robbery));
    robbery->sched = sched;
    robbery->thief = thief;
    for (uint32_t i = 0; i < workers; i++) {
        struct owner *owner = &robbery->owners[i];

        owner->robbery = robbery;
        owner->begin.job.run = owner_run;
        assert_int_equal(mag_sched_post_worker(sched, &owner->begin.job, i), 0);
        assert_true(gate_is_reached(&owner->begin.gate));
    }
    for (uint32_t i = 0; i < workers; i++)
        gate_open(&robbery->owners[i].begin.gate);
    assert_true(test_wait_for(&robbery->filled, workers));
    gate_open(&robbery->owners[thief].leave);
    assert_true(test_wait_for(&robbery->taken, (uint64_t)(workers - 1) * JOBS));
    let_all_but_the_thief_go(robbery);
    assert_int_equal(test_read(&robbery->failures), 0);
}

/* How far a victim is: by what it shares with the thief, or else by its node. */
static uint32_t distance(const struct robbery *robbery, uint32_t victim)
{
    const struct mag_plan *plan = mag_sched_plan(robbery->sched);
    const struct mag_seat *a = mag_plan_seat(plan, robbery->thief);
    const struct mag_seat *b = mag_plan_seat(plan, victim);
    enum mag_reach reach = mag_seat_reach(a, b);

    return reach != MAG_REACH_FAR ? (uint32_t)reach
                                  : (uint32_t)MAG_REACH_FAR +
                                        mag_topology_distance(machine, a->node, b->node);
}

/* Prints how many jobs were taken in each ring, and checks that none is nearer than the
 * one before. */
static void check_rings(const struct robbery *robbery)
{
    uint32_t before = 0;
    uint32_t jobs = 0;

    print_message("worker %u took", robbery->thief);
    for (uint32_t i = 0; i < robbery->count; i++) {
        uint32_t here = distance(robbery, robbery->order[i]);

        if (here != before && jobs != 0) {
            print_message(" %u at %u,", jobs, before);
            jobs = 0;
        }
        assert_true(here >= before);
        before = here;
        jobs++;
    }
    print_message(" %u at %u\n", jobs, before);
}

static void check_counters(const struct robbery *robbery)
{
    struct mag_sched_counters counters;
    bool near = false;
    bool far = false;

    for (uint32_t i = 0; i < robbery->count; i++) {
        bool is_far = distance(robbery, robbery->order[i]) >= MAG_REACH_FAR;

        far = far || is_far;
        near = near || !is_far;
    }
    assert_int_equal(mag_sched_counters(robbery->sched, robbery->thief, &counters), 0);
    assert_int_equal(counters.steals_near != 0, near);
    assert_int_equal(counters.steals_far != 0, far);
}

static void nearer_victims_are_robbed_before_farther_ones(void **state)
{
    static struct robbery robbery;
    (void)state;

    several_or_skip();
    for (int placement = MAG_PLACE_COMPACT; placement <= MAG_PLACE_LIST; placement++) {
        uint32_t workers = mag_topology_pus(machine);

        print_message("%s:\n", mag_placement_name((enum mag_placement)placement));
        for (uint32_t thief = 0; thief < workers; thief += 1 + workers / 8) {
            struct mag_sched_config config =
                several_config((enum mag_placement)placement);

            config.spare = 0;
            struct mag_sched *sched = test_sched_start_as(&config);
            rob(&robbery, sched, thief);
            check_rings(&robbery);
            check_counters(&robbery);
            assert_int_equal(mag_sched_destroy(sched), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearer_victims_are_robbed_before_farther_ones),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
