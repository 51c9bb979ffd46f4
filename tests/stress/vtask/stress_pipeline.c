/*
 * Pipelines from several threads at once on one scheduler, with modes, tokens, errors,
 * skips and cancellations at random, from calls and as tasks.  Each item has one end,
 * each token too; serial stages have one call at a time; the result is what a serial loop
 * would return.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/vtask/belt.h"

enum { THREADS = 3 };

struct storm {
    struct mag_sched *sched;
    uint64_t random;
    uint32_t rounds;
    uint64_t wrong;
};

static struct belt random_belt(struct storm *storm)
{
    uint64_t *random = &storm->random;
    enum mag_stage_mode modes[BELT_STAGES];

    for (unsigned i = 0; i < BELT_STAGES; i++)
        modes[i] = (enum mag_stage_mode)test_random_below(random, 4);
    /* A parallel stage numbers items as it likes. */
    if (modes[0] == MAG_STAGE_PARALLEL)
        modes[0] = MAG_STAGE_ANY_ORDER;
    struct belt belt = belt_of(storm->sched, test_random_below(random, 400), modes);
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

    for (uint32_t round = 0; test_goes_on(round, storm->rounds); round++) {
        uint32_t tokens = test_random_below(&storm->random, 12) + 1;
        struct belt belt = random_belt(storm);
        uint64_t failed;
        int wanted = belt_result(&belt, BELT_STAGES, &failed);

        if (round % 4 == 0)
            belt.cancels_at = test_random_below(&storm->random, 400);
        int result = run_belt(&belt, tokens, round % 3 == 0);
        if ((result != wanted && (result != -ECANCELED || round % 4 != 0)) ||
            !belt_is_settled(&belt, tokens))
            storm->wrong++;
    }
    return NULL;
}

static void run_storms(uint32_t workers)
{
    static struct storm storms[THREADS];
    struct mag_sched *sched = test_sched_start(workers);
    uint64_t random = test_seed();
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        storms[i].sched = sched;
        storms[i].random = test_random(&random) | 1;
        storms[i].rounds = test_rounds(2000);
        storms[i].wrong = 0;
        assert_int_equal(pthread_create(&threads[i], NULL, run_storm, &storms[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(storms[i].wrong, 0);
    }
    mag_sched_destroy(sched);
}

static void pipelines_of_many_threads_are_right(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++)
        run_storms(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelines_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
