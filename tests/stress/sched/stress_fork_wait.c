/*
 * A waiting join runs only descendants of the child that it waits for.  So its stack
 * holds no more frames than the tree is high, however small the stack is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>

/* The nodes of a tree with three branches are numbered like those of a heap: the children
 * of n are 3n + 1 to 3n + 3. */
enum { BRANCHES = 3, HEIGHT = 9 };

static bool descends_from(uint64_t node, uint64_t ancestor)
{
    while (node > ancestor)
        node = (node - 1) / BRANCHES;
    return node == ancestor;
}

/* What this thread is doing. */
static _Thread_local struct {
    uint64_t joined; /* the child of the innermost join */
    uint32_t joins;  /* how many joins it is in */
    uint32_t frames; /* how many nodes it is visiting, one inside another */
} here;

static _Atomic(uint64_t) strangers;
static _Atomic(uint64_t) frames_max;
static _Atomic(uint64_t) helped; /* nodes that began inside a join, below its child */

static void count(_Atomic(uint64_t) *counter)
{
    /* relaxed: a counter. */
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t value_of(_Atomic(uint64_t) *counter)
{
    /* relaxed: the computation is over. */
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void note_frames(void)
{
    /* relaxed: a maximum. */
    uint64_t most = atomic_load_explicit(&frames_max, memory_order_relaxed);

    while (here.frames > most) {
        /* relaxed: as above. */
        if (atomic_compare_exchange_weak_explicit(&frames_max, &most, here.frames,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed))
            return;
    }
}

static void enter(uint64_t node)
{
    here.frames++;
    note_frames();
    if (here.joins == 0)
        return;
    if (!descends_from(node, here.joined))
        count(&strangers);
    else if (node != here.joined)
        count(&helped);
}

static void dawdle(uint64_t *random)
{
    for (uint64_t i = test_random(random) % 256; i > 0; i--)
        test_pause();
}

MAG_FORKABLE(uint64_t, visit, uint64_t, node, unsigned, height, uint64_t, random)
static uint64_t visit(mag_fork w, uint64_t node, unsigned height, uint64_t random)
{
    struct visit_child children[BRANCHES];
    uint64_t sum = 1;

    enter(node);
    dawdle(&random);
    for (unsigned i = 0; height > 0 && i < BRANCHES; i++)
        children[i] =
            visit_fork(&w, node * BRANCHES + i + 1, height - 1, test_random(&random) | 1);
    dawdle(&random);
    for (unsigned left = height > 0 ? BRANCHES : 0; left > 0; left--) {
        uint64_t outer = here.joined;

        here.joined = node * BRANCHES + left;
        here.joins++;
        sum += visit_join(&w, children[left - 1]);
        here.joins--;
        here.joined = outer;
    }
    here.frames--;
    return sum;
}

static void run_visits(uint32_t workers, size_t stack, unsigned height, uint32_t rounds)
{
    struct mag_sched *sched = test_sched_start_sized(workers, 0, stack);
    uint64_t random = test_seed();
    uint64_t wanted = 1;

    for (unsigned i = 0; i < height; i++)
        wanted = wanted * BRANCHES + 1;
    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        uint64_t sum = 0;

        assert_int_equal(visit_run(sched, &sum, 0, height, test_random(&random) | 1), 0);
        assert_int_equal(sum, wanted);
    }
    mag_sched_destroy(sched);
}

static void reset(void)
{
    atomic_init(&strangers, 0);
    atomic_init(&helped, 0);
    atomic_init(&frames_max, 0);
}

static void a_join_that_waits_runs_descendants_only(void **state)
{
    (void)state;
    reset();
    for (uint32_t workers = 2; workers <= 5; workers++)
        run_visits(workers, 0, HEIGHT, test_rounds(20));
    assert_int_equal(value_of(&strangers), 0);
    assert_true(value_of(&helped) > 0);
}

static void waiting_puts_no_more_frames_on_the_stack_than_the_tree_is_high(void **state)
{
    (void)state;
    reset();
    for (uint32_t workers = 1; workers <= 5; workers++)
        run_visits(workers, 0, HEIGHT, test_rounds(10));
    assert_true(value_of(&frames_max) <= HEIGHT + 1);
}

/* Frames are several times as large if each variable has a red zone. */
#ifdef __SANITIZE_ADDRESS__
enum { LOW = 6 };
#else
enum { LOW = HEIGHT };
#endif

static void trees_run_on_stacks_of_64_kib(void **state)
{
    (void)state;
    reset();
    for (uint32_t workers = 1; workers <= 5; workers++)
        run_visits(workers, (size_t)64 * 1024, LOW, test_rounds(20));
    assert_int_equal(value_of(&strangers), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_that_waits_runs_descendants_only),
        cmocka_unit_test(waiting_puts_no_more_frames_on_the_stack_than_the_tree_is_high),
        cmocka_unit_test(trees_run_on_stacks_of_64_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
