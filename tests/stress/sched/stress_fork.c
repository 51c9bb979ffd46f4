/*
 * Random trees of children, joined while thieves take them: each child runs once and each
 * result arrives, with any number of workers, any depth of the stack and both forms of
 * the barriers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forest.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>
#include <pthread.h>

enum { BRANCHES_MAX = 5 };

static uint64_t sum_of_tree(uint64_t root, unsigned depth)
{
    uint64_t nodes = 0;

    return tree_walk(root, depth, BRANCHES_MAX, &nodes);
}

MAG_FORKABLE(uint64_t, tree, uint64_t, node, unsigned, depth)
static uint64_t tree(mag_fork w, uint64_t node, unsigned depth)
{
    struct tree_child children[BRANCHES_MAX];
    unsigned count = tree_branches(node, depth, BRANCHES_MAX);
    uint64_t sum = tree_mix(node);

    for (unsigned i = 0; i < count; i++)
        children[i] = tree_fork(&w, tree_child_of(node, i), depth - 1);
    forest_dawdle(node);
    for (unsigned i = count; i-- > 0;)
        sum += tree_join(&w, children[i]) * (i + 1);
    return sum;
}

static void check_sum(struct mag_sched *sched, uint64_t root)
{
    uint64_t result = 0;

    assert_int_equal(tree_run(sched, &result, root, 9), 0);
    assert_true(result == sum_of_tree(root, 9));
}

static void random_trees_have_their_serial_sums(void **state)
{
    (void)state;
    forest_check(400, check_sum);
}

struct caller {
    struct mag_sched *sched;
    uint64_t random;
    uint32_t rounds;
    unsigned wrong;
};

static void *run_trees(void *arg)
{
    struct caller *caller = arg;

    for (uint32_t i = 0; test_goes_on(i, caller->rounds); i++) {
        uint64_t root = test_random(&caller->random);
        uint64_t result = 0;

        caller->wrong += tree_run(caller->sched, &result, root, 6) != 0;
        caller->wrong += result != sum_of_tree(root, 6);
    }
    return NULL;
}

static void many_threads_run_trees_on_one_pool(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start_sized(3, 256, 0);
    (void)state;

    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.sched = sched,
                                     .random = test_random(&random) | 1,
                                     .rounds = test_rounds(4000)};
        assert_int_equal(pthread_create(&threads[i], NULL, run_trees, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    mag_sched_destroy(sched);
}

/* Deep, with a waiting child at each level, on small stacks: waiting must not pile up
 * frames of work that does not belong to the wait. */
static void waiting_does_not_pile_up_frames_on_a_small_stack(void **state)
{
    struct mag_sched *sched = test_sched_start_sized(4, 8192, 128 * 1024);
    uint64_t result = 0;
    (void)state;

    for (uint32_t i = 0; test_goes_on(i, test_rounds(600)); i++) {
        assert_int_equal(stairs_run(sched, &result, 22), 0);
        assert_int_equal(result, 46368);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_have_their_serial_sums),
        cmocka_unit_test(many_threads_run_trees_on_one_pool),
        cmocka_unit_test(waiting_does_not_pile_up_frames_on_a_small_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
