/*
 * Pipelines from several threads at once on one scheduler, with modes, tokens, errors,
 * skips and cancellations at random, from calls and as tasks.  Each item has one end,
 * each token too; serial stages have one call at a time; the result is what a serial loop
 * would return.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/storms.h"
#include "tests/support/vtask/belt.h"

struct storm {
    struct test_storm common; /* first */
};

static struct belt random_belt(struct storm *storm)
{
    uint64_t *random = &storm->common.random;
    enum mag_stage_mode modes[BELT_STAGES];

    for (unsigned i = 0; i < BELT_STAGES; i++)
        modes[i] = (enum mag_stage_mode)test_random_below(random, 4);
    /* A parallel stage numbers items as it likes. */
    if (modes[0] == MAG_STAGE_PARALLEL)
        modes[0] = MAG_STAGE_ANY_ORDER;
    struct belt belt =
        belt_of(storm->common.sched, test_random_below(random, 400), modes);
    belt.seed = test_random(random);
    belt.pause = test_random_below(random, 3) * 300;
    belt.skips = test_random_below(random, 2) ? 0 : 20;
    belt.fails = test_random_below(random, 2) ? 0 : 500;
    return belt;
}

/* As a call, or as a task. */
static int run_belt(struct belt *belt, uint32_t tokens, bool as_task)
{
    struct belt_options options = belt_hooks(belt);
    struct belt_stage stages[BELT_STAGES];

    if (!as_task)
        return belt_run_all(belt, tokens);
    for (unsigned i = 0; i < BELT_STAGES; i++) {
        if (belt->modes[i] == MAG_STAGE_ON_CALLER)
            belt->modes[i] = MAG_STAGE_IN_ORDER;
    }
    belt_lay(belt, stages);
    return mag_task_wait(
        belt_start(belt->sched, &options, stages, BELT_STAGES, tokens, belt));
}

static void *run_storm(void *arg)
{
    struct storm *storm = arg;

    for (uint32_t round = 0; test_goes_on(round, storm->common.rounds); round++) {
        uint32_t tokens = test_random_below(&storm->common.random, 12) + 1;
        struct belt belt = random_belt(storm);
        uint64_t failed;
        int wanted = belt_result(&belt, BELT_STAGES, &failed);

        if (round % 4 == 0)
            belt.cancels_at = test_random_below(&storm->common.random, 400);
        int result = run_belt(&belt, tokens, round % 3 == 0);
        if ((result != wanted && (result != -ECANCELED || round % 4 != 0)) ||
            !belt_is_settled(&belt, tokens))
            storm->common.wrong++;
    }
    return NULL;
}

static void pipelines_of_many_threads_are_right(void **state)
{
    static struct storm storms[TEST_STORM_THREADS];
    (void)state;

    test_storms(run_storm, storms, sizeof(storms[0]), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelines_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
