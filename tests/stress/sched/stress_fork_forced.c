/*
 * Random trees on the real scheduler, with thieves that are made to win or to lose:
 * owners that wait until their children are stolen, thieves that always lose, and thieves
 * that lose by chance at each step of a theft.  On one worker up to twice as many as
 * there are CPUs.
 *
 * White-box: the fork stack is compiled into this test with its lock and its barrier
 * replaced, and the library's scheduler is linked against this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/sched/tree.h"

#include "base/asym.h"
#include "base/spin.h"

#include <magpie/barrier.h>

static void hooked_heavy(void);
static bool hooked_try_lock(struct mag_spin *spin);

#define mag_barrier_heavy hooked_heavy
#define mag_spin_try_lock hooked_try_lock
/* NOLINTBEGIN(bugprone-suspicious-include): the sources themselves, with the hooks. */
#include "sched/fork/deque.c"
#include "sched/fork/join.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef mag_barrier_heavy
#undef mag_spin_try_lock

#include <unistd.h>

/* ------------------------------------------------------------- what thieves meet */

enum luck { FAIR, ALWAYS_LOSES, BY_CHANCE };

static enum luck luck;                 /* set while no scheduler runs */
static _Atomic(uint64_t) lost;         /* thefts that the hooks made fail */
static _Thread_local uint64_t chances; /* one for each thief */

static void note_loss(void)
{
    /* relaxed: a counter. */
    (void)atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
}

static bool is_unlucky(void)
{
    if (luck != BY_CHANCE)
        return luck == ALWAYS_LOSES;
    if (chances == 0)
        chances = (uintptr_t)&chances | 1;
    uint64_t chance = test_random(&chances) >> 32;
    if (chance % 8 == 0)
        (void)sched_yield();
    return chance % 3 == 0;
}

/* A thief that is delayed here finds that its children are gone. */
static void hooked_heavy(void)
{
    mag_barrier_heavy();
    if (is_unlucky())
        (void)sched_yield();
}

static bool hooked_try_lock(struct mag_spin *spin)
{
    if (is_unlucky()) {
        note_loss();
        return false;
    }
    return mag_spin_try_lock(spin);
}

/* ------------------------------------------------------------------ the trees */

enum { BRANCHES_MAX = 5, DEPTH = 8 };

static bool lingers;             /* whether owners wait a while for thieves */
static _Atomic(uint64_t) stolen; /* stolen children, as their owners saw it */
static _Atomic(uint64_t) nodes;  /* visited nodes */

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

/* Waits until a thief takes the child that was forked last. */
static void linger(mag_fork w)
{
    for (unsigned i = 0; lingers && i < 500; i++) {
        /* relaxed: only a look. */
        uintptr_t tag = atomic_load_explicit(&w.top[-1].tag, memory_order_relaxed);

        if (tag & (MAG_TAG_TAKEN | MAG_TAG_DONE)) {
            count(&stolen);
            return;
        }
        mag_os_pause();
    }
}

MAG_FORKABLE(uint64_t, tree, uint64_t, node, unsigned, depth)
static uint64_t tree(mag_fork w, uint64_t node, unsigned depth)
{
    struct tree_child children[BRANCHES_MAX];
    unsigned forked = tree_branches(node, depth, BRANCHES_MAX);
    uint64_t sum = tree_mix(node);

    count(&nodes);
    for (unsigned i = 0; i < forked; i++) {
        children[i] = tree_fork(&w, tree_child_of(node, i), depth - 1);
        linger(w);
    }
    for (unsigned i = forked; i-- > 0;)
        sum += tree_join(&w, children[i]) * (i + 1);
    return sum;
}

static uint64_t steals_of(const struct mag_sched *sched)
{
    struct mag_sched_counters sum = test_sched_counters(sched);

    return sum.steals_near + sum.steals_far;
}

static void check_tree(struct mag_sched *sched, uint64_t node)
{
    uint64_t wanted = 0;
    uint64_t sum = tree_walk(node, DEPTH, BRANCHES_MAX, &wanted);
    uint64_t result = 0;

    atomic_init(&nodes, 0);
    assert_int_equal(tree_run(sched, &result, node, DEPTH), 0);
    assert_true(result == sum);
    assert_int_equal(value_of(&nodes), wanted);
}

static uint32_t twice_the_cpus(void)
{
    return 2 * (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Runs trees on one worker up to twice the CPUs.  Returns the thefts of all of them. */
static uint64_t storm(enum luck of_thieves, bool owners_linger, uint32_t trees)
{
    uint64_t random = test_seed();
    uint64_t steals = 0;

    luck = of_thieves;
    lingers = owners_linger;
    atomic_init(&lost, 0);
    atomic_init(&stolen, 0);
    for (uint32_t workers = 1; workers <= twice_the_cpus(); workers++) {
        struct mag_sched *sched =
            test_sched_start_sized(workers, workers % 2 == 0 ? 64 : 8192, 0);

        for (uint32_t i = 0; i < trees; i++)
            check_tree(sched, test_random(&random));
        steals += steals_of(sched);
        mag_sched_destroy(sched);
    }
    luck = FAIR;
    return steals;
}

static void with_owners_that_wait_for_thieves_each_child_runs_once(void **state)
{
    (void)state;
    assert_true(storm(FAIR, true, test_rounds(40)) > 0);
    assert_true(value_of(&stolen) > 0);
}

static void with_thieves_that_always_lose_each_child_runs_once(void **state)
{
    (void)state;
    assert_int_equal(storm(ALWAYS_LOSES, true, test_rounds(30)), 0);
    assert_int_equal(value_of(&stolen), 0);
    assert_true(value_of(&lost) > 0);
}

static void with_thieves_that_lose_by_chance_each_child_runs_once(void **state)
{
    (void)state;
    (void)storm(BY_CHANCE, false, test_rounds(100));
    (void)storm(BY_CHANCE, true, test_rounds(20));
    assert_true(value_of(&lost) > 0);
}

/* --------------------------------------------------------------- deep recursion */

/* A waiting child at each level. */
MAG_FORKABLE(uint64_t, dive, unsigned, depth)
static uint64_t dive(mag_fork w, unsigned depth)
{
    if (depth == 0)
        return 1;
    struct dive_child child = dive_fork(&w, 0);
    if (depth % 64 == 0)
        linger(w);
    uint64_t below = dive(w, depth - 1);
    return dive_join(&w, child) + below;
}

static void a_deep_recursion_with_a_child_at_each_level_counts_them_all(void **state)
{
    const enum luck lucks[] = {FAIR, BY_CHANCE, ALWAYS_LOSES};
    enum { LEVELS = 20000 };
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        luck = lucks[i];
        lingers = true;
        for (uint32_t workers = 1; workers <= twice_the_cpus(); workers++) {
            struct mag_sched *sched = test_sched_start(workers);

            for (uint32_t round = 0; round < test_rounds(3); round++) {
                uint64_t result = 0;

                assert_int_equal(dive_run(sched, &result, LEVELS), 0);
                assert_int_equal(result, LEVELS + 1);
            }
            mag_sched_destroy(sched);
        }
    }
    luck = FAIR;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_owners_that_wait_for_thieves_each_child_runs_once),
        cmocka_unit_test(with_thieves_that_always_lose_each_child_runs_once),
        cmocka_unit_test(with_thieves_that_lose_by_chance_each_child_runs_once),
        cmocka_unit_test(a_deep_recursion_with_a_child_at_each_level_counts_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
