/*
 * Trees whose children are handed out as value tasks and awaited: stolen children outlive
 * their parents, and each result arrives once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/fork_task.h>
#include <magpie/promise.h>

enum { BRANCHES = 3 };

struct family {
    long_task tasks[BRANCHES];
};

/* Awaits the tasks of the children, whatever kind they are. */
MAG_ASYNC(long_task, sum_of, (struct family, family, long, sum), unsigned i; long value;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < BRANCHES; f->i++) {
        MAG_AWAIT(f, f->value, f->family.tasks[f->i]);
        f->sum += f->value;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

/* The children are awaited and not joined: stolen children outlive their parents. */
MAG_FORK_TASK(long_task, tree, uint64_t, seed, unsigned, depth)
static long_task tree(mag_fork w, uint64_t seed, unsigned depth)
{
    struct tree_child children[BRANCHES];
    struct family family;

    if (depth == 0) {
        for (uint64_t i = test_random(&seed) % 512; i > 0; i--)
            test_pause();
        return long_task_result(1);
    }
    for (unsigned i = 0; i < BRANCHES; i++)
        children[i] = tree_fork(&w, test_random(&seed), depth - 1);
    for (unsigned i = BRANCHES; i-- > 0;)
        family.tasks[i] = tree_task(&w, children[i]);
    return sum_of(family, 1);
}

static void a_tree_that_awaits_its_children_has_its_serial_sum(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; test_goes_on(i, test_rounds(400)); i++) {
            long_task task = long_task_result(0);
            long result = -1;

            assert_int_equal(tree_run(sched, &task, test_random(&random) | 1, 8), 0);
            assert_int_equal(long_task_outcome(task, &result), 0);
            assert_int_equal(result, 9841);
        }
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_that_awaits_its_children_has_its_serial_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
