/*
 * No child stays out of reach: whatever a worker does after it has forked a child, other
 * workers can start the child.  Also computations with large arguments and on small
 * stacks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <magpie/barrier.h>
#include <magpie/fork.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORKERS = 2, WORKERS_MAX = 64, CHILDREN_MAX = 4 * WORKERS_MAX, ROUNDS = 15 };

static _Atomic(uint64_t) started;

static void note_start(void)
{
    /* release: counted before any thread looks. */
    (void)atomic_fetch_add_explicit(&started, 1, memory_order_release);
}

/* How many children are forked, four for each worker; the root computes meanwhile. */
static unsigned children_of_all = 4 * WORKERS;
static double before;

static bool all_started(void)
{
    /* acquire: the children have started. */
    return atomic_load_explicit(&started, memory_order_acquire) == children_of_all;
}

static void compute_before(void)
{
    double began = test_now();

    while (test_now() - began < before)
        test_pause();
}

/* Computes, without forking, until the other workers have started all children. */
static double compute(void)
{
    double began = test_now();

    while (!all_started() && !test_gives_up(began)) {
        test_pause();
    }
    return all_started() ? test_now() - began : -1;
}

MAG_FORKABLE_VOID(brief, unsigned, unused)
static void brief(mag_fork w, unsigned unused)
{
    (void)w;
    (void)unused;
    note_start();
}

MAG_FORKABLE(double, wide, unsigned, unused)
static double wide(mag_fork w, unsigned unused)
{
    struct brief_child children[CHILDREN_MAX];

    (void)unused;
    compute_before();
    for (unsigned i = 0; i < children_of_all; i++)
        children[i] = brief_fork(&w, i);
    double took = compute();
    for (unsigned i = children_of_all; i-- > 0;)
        brief_join(&w, children[i]);
    return took;
}

/* A child at each level; the deepest caller goes on computing. */
MAG_FORKABLE(double, deep, unsigned, level)
static double deep(mag_fork w, unsigned level)
{
    if (level == 0)
        compute_before();
    if (level == children_of_all)
        return compute();
    struct brief_child child = brief_fork(&w, level);
    double took = deep(w, level + 1);
    brief_join(&w, child);
    return took;
}

/* The child that was forked last is the long one.  It is joined first, and runs on this
 * worker while the children below it wait. */
MAG_FORKABLE(double, long_child, unsigned, unused)
static double long_child(mag_fork w, unsigned unused)
{
    (void)w;
    (void)unused;
    return compute();
}

MAG_FORKABLE(double, mirror, unsigned, unused)
static double mirror(mag_fork w, unsigned unused)
{
    struct brief_child children[CHILDREN_MAX];

    compute_before();
    for (unsigned i = 0; i < children_of_all; i++)
        children[i] = brief_fork(&w, i);
    struct long_child_child last = long_child_fork(&w, unused);
    double took = long_child_join(&w, last);
    for (unsigned i = children_of_all; i-- > 0;)
        brief_join(&w, children[i]);
    return took;
}

typedef int (*run_fn)(struct mag_sched *sched, double *ret_took, unsigned argument);

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

static void all_are_started_by(uint32_t workers, run_fn run)
{
    struct mag_sched *sched = test_sched_start(workers);
    double took[ROUNDS];

    children_of_all = 4 * workers;
    for (unsigned i = 0; i < ROUNDS; i++) {
        took[i] = -1;
        atomic_init(&started, 0);
        assert_int_equal(run(sched, &took[i], 0), 0);
        assert_true(took[i] >= 0);
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare);
    print_message("%u workers, root computes %2.0f ms first: all started after %.0f us, "
                  "at worst %.0f us\n",
                  (unsigned)workers, before * 1e3, took[ROUNDS / 2] * 1e6,
                  took[ROUNDS - 1] * 1e6);
    mag_sched_destroy(sched);
    children_of_all = 4 * WORKERS;
}

/* Runs at once, and once after the other workers have gone to sleep. */
static void all_are_started(run_fn run)
{
    uint32_t twice = 2 * (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);

    for (unsigned i = 0; i < 2; i++) {
        before = i * 0.02;
        all_are_started_by(WORKERS, run);
        all_are_started_by(twice < WORKERS_MAX ? twice : WORKERS_MAX, run);
    }
    before = 0;
}

static void children_of_a_caller_that_computes_on_are_started_by_others(void **state)
{
    (void)state;
    all_are_started(wide_run);
}

static void children_of_all_levels_are_started_by_others(void **state)
{
    (void)state;
    all_are_started(deep_run);
}

static void children_below_a_long_one_are_started_by_others(void **state)
{
    (void)state;
    all_are_started(mirror_run);
}

/* Deeper than owners with fences share, and deeper than the default. */
enum { DEEP = 3 * MAG_SCHED_FORKS_MAX };

MAG_FORKABLE(double, very_wide, unsigned, unused)
static double very_wide(mag_fork w, unsigned unused)
{
    struct brief_child child = {0};

    (void)unused;
    for (unsigned i = 0; i < DEEP; i++)
        child = brief_fork(&w, i);
    double took = compute();
    for (unsigned i = DEEP; i-- > 0;)
        brief_join(&w, child);
    return took;
}

static void children_at_any_depth_are_started_by_others(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    double took = -1;
    (void)state;

    if (!mag_barrier_is_asymmetric()) {
        mag_sched_destroy(sched);
        print_message("skipped: owners fence here, and fork_depth is the limit\n");
        skip();
    }
    children_of_all = DEEP;
    atomic_init(&started, 0);
    assert_int_equal(very_wide_run(sched, &took, 0), 0);
    assert_true(took >= 0);
    children_of_all = 4 * WORKERS;
    mag_sched_destroy(sched);
}

/* ------------------------------------------------- a kernel that begins to refuse */

/* Applies to all threads of the process, including workers. */
static bool refuse_membarrier(void)
{
    struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(refuse) / sizeof(refuse[0]),
                                 .filter = refuse};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                   &program) == 0;
}

enum { NO_FILTER = 77 };

/* In a child process: 0, or the check that failed. */
static int runs_after_a_refusal(void *arg)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    double took = -1;

    (void)arg;
    if (!refuse_membarrier())
        return NO_FILTER;
    atomic_init(&started, 0);
    if (wide_run(sched, &took, 0) != 0)
        return 1;
    mag_sched_destroy(sched);
    return took >= 0 ? 0 : 2;
}

static void children_are_started_after_the_kernel_has_begun_to_refuse(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    int failed = test_in_child(runs_after_a_refusal, NULL);
    if (failed == NO_FILTER) {
        print_message("skipped: no filter can be installed here\n");
        skip();
    }
    assert_int_equal(failed, 0);
}

/* --------------------------------------------------------- large, and small */

static void arguments_and_results_of_any_size_arrive_whole(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct bulk values;
        struct bulk sum;

        for (unsigned i = 0; i < BULK_WORDS; i++)
            values.words[i] = i * i + 1;
        for (unsigned round = 0; round < 20; round++) {
            memset(&sum, 0, sizeof(sum));
            assert_int_equal(bulk_sum_run(sched, &sum, values, 10), 0);
            for (unsigned i = 0; i < BULK_WORDS; i++)
                assert_true(sum.words[i] == 1024 * values.words[i]);
        }
        mag_sched_destroy(sched);
    }
}

#ifdef __SANITIZE_ADDRESS__
enum { SMALL_STACK = 256 * 1024 };
#else
enum { SMALL_STACK = 64 * 1024 };
#endif

static void waiting_stays_within_a_small_stack(void **state)
{
    struct mag_sched *sched = test_sched_start_sized(4, 0, SMALL_STACK);
    uint64_t result = 0;
    (void)state;

    for (uint32_t i = 0; i < test_rounds(200); i++) {
        assert_int_equal(stairs_run(sched, &result, 20), 0);
        assert_int_equal(result, 17711);
    }
    mag_sched_destroy(sched);
}

static void a_million_children_wait_at_once(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    uint64_t sum = 0;
    (void)state;

    assert_int_equal(flat_sum_run(sched, &sum, 1000000), 0);
    assert_true(sum == 500000500000);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_started_after_the_kernel_has_begun_to_refuse),
        cmocka_unit_test(children_of_a_caller_that_computes_on_are_started_by_others),
        cmocka_unit_test(children_of_all_levels_are_started_by_others),
        cmocka_unit_test(children_below_a_long_one_are_started_by_others),
        cmocka_unit_test(children_at_any_depth_are_started_by_others),
        cmocka_unit_test(arguments_and_results_of_any_size_arrive_whole),
        cmocka_unit_test(waiting_stays_within_a_small_stack),
        cmocka_unit_test(a_million_children_wait_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
