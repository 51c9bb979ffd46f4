/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/fork.h>
#include <pthread.h>

struct wide {
    uint64_t words[6];
};

MAG_FORKABLE(struct wide, spread, uint64_t, a, uint64_t, b, uint64_t, c, uint64_t, d,
             uint64_t, e, uint64_t, f)
static struct wide spread(mag_fork w, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                          uint64_t e, uint64_t f)
{
    (void)w;
    return (struct wide){.words = {a, b, c, d, e, f}};
}

MAG_FORKABLE_VOID(fill, uint32_t *, cells, size_t, size)
static void fill(mag_fork w, uint32_t *cells, size_t size)
{
    if (size == 1) {
        cells[0]++;
        return;
    }
    struct fill_child left = fill_fork(&w, cells, size / 2);
    fill(w, cells + size / 2, size - size / 2);
    fill_join(&w, left);
}

/* Many children at once, each joined in reverse order. */
MAG_FORKABLE(uint64_t, fan, unsigned, depth)
static uint64_t fan(mag_fork w, unsigned depth)
{
    enum { CHILDREN = 10 };
    struct fan_child children[CHILDREN];
    uint64_t sum = 0;

    if (depth == 0)
        return 1;
    for (unsigned i = 0; i < CHILDREN; i++)
        children[i] = fan_fork(&w, depth - 1);
    for (unsigned i = CHILDREN; i-- > 0;)
        sum += fan_join(&w, children[i]);
    return sum;
}

/* A recursion of the given depth, with a child waiting at every level. */
MAG_FORKABLE(uint64_t, dive, unsigned, depth)
static uint64_t dive(mag_fork w, unsigned depth)
{
    if (depth == 0)
        return 1;
    struct dive_child child = dive_fork(&w, 0);
    uint64_t below = dive(w, depth - 1);
    return dive_join(&w, child) + below;
}

/* Functions without arguments. */
static _Atomic(unsigned) silent_calls;
MAG_FORKABLE_VOID(silent, void)
static void silent(mag_fork w)
{
    (void)w;
    /* relaxed: read when the computation is over. */
    (void)atomic_fetch_add_explicit(&silent_calls, 1, memory_order_relaxed);
}

MAG_FORKABLE(long, seven, (void))
static long seven(mag_fork w)
{
    struct silent_child child = silent_fork(&w);

    silent_join(&w, child);
    return 7;
}

MAG_FORKABLE(long, two_sevens, void)
static long two_sevens(mag_fork w)
{
    struct seven_child child = seven_fork(&w);
    long here = seven(w);

    return here + seven_join(&w, child);
}

static void fib_is_right_on_one_to_four_workers(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (unsigned i = 0; i < 20; i++) {
            long result = 0;
            assert_int_equal(fib_run(sched, &result, 24), 0);
            assert_int_equal(result, 46368);
        }
        mag_sched_destroy(sched);
    }
}

static void functions_without_arguments_can_be_forked_and_run(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    long result = 0;
    (void)state;

    assert_int_equal(two_sevens_run(sched, &result), 0);
    assert_int_equal(result, 14);
    assert_int_equal(silent_run(sched), 0);
    /* relaxed: the computations are over. */
    assert_int_equal(atomic_load_explicit(&silent_calls, memory_order_relaxed), 3);
    mag_sched_destroy(sched);
}

static void six_arguments_and_a_wide_result_arrive_whole(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct wide result;
    (void)state;

    assert_int_equal(spread_run(sched, &result, 1, 2, 3, 4, 5, UINT64_MAX), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(result.words[i], i + 1);
    assert_int_equal(result.words[5], UINT64_MAX);
    mag_sched_destroy(sched);
}

static void every_cell_is_touched_once(void **state)
{
    enum { CELLS = 100000 };
    static uint32_t cells[CELLS];
    struct mag_sched *sched = test_sched_start(3);
    (void)state;

    for (uint32_t round = 1; round <= 5; round++) {
        assert_int_equal(fill_run(sched, cells, CELLS), 0);
        for (unsigned i = 0; i < CELLS; i++)
            assert_int_equal(cells[i], round);
    }
    mag_sched_destroy(sched);
}

static void a_full_fork_stack_runs_children_inline(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start_sized(workers, 64, 0);
        uint64_t result = 0;

        assert_int_equal(dive_run(sched, &result, 1000), 0);
        assert_int_equal(result, 1001);
        assert_int_equal(fan_run(sched, &result, 5), 0);
        assert_int_equal(result, 100000);
        mag_sched_destroy(sched);
    }
}

struct nested {
    struct mag_job job;
    struct mag_sched *sched;
    long result;
    int error;
    _Atomic(uint64_t) done;
};

static void run_fib(struct mag_job *job)
{
    struct nested *nested = (struct nested *)(void *)job;

    nested->error = fib_run(nested->sched, &nested->result, 20);
    /* release: the result is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(&nested->done, 1, memory_order_release);
}

static void a_posted_job_can_run_a_computation(void **state)
{
    struct nested nested = {.job = {.run = run_fib}, .sched = test_sched_start(2)};
    (void)state;

    atomic_init(&nested.done, 0);
    assert_int_equal(mag_sched_post(nested.sched, &nested.job), 0);
    assert_true(test_wait_for(&nested.done, 1));
    assert_int_equal(nested.error, 0);
    assert_int_equal(nested.result, 6765);
    mag_sched_destroy(nested.sched);
}

static struct mag_sched *outer_sched;

/* A computation inside a forked function that does not pass on its `w`. */
MAG_FORKABLE(long, outer, int, n)
static long outer(mag_fork w, int n)
{
    long inner = -1;

    if (n == 0)
        return fib_run(outer_sched, &inner, 15) == 0 ? inner : -1;
    struct outer_child child = outer_fork(&w, n - 1);
    long b = outer(w, n - 1);
    return outer_join(&w, child) + b;
}

static void a_computation_inside_a_forked_function_keeps_off_its_slots(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        long result = 0;

        outer_sched = test_sched_start(workers);
        assert_int_equal(outer_run(outer_sched, &result, 8), 0);
        assert_int_equal(result, 256 * 610);
        mag_sched_destroy(outer_sched);
    }
}

static void a_computation_on_a_stopped_scheduler_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    long result = 77;
    (void)state;

    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(fib_run(sched, &result, 10), -ESHUTDOWN);
    assert_int_equal(result, 77);
    mag_sched_destroy(sched);
}

struct caller {
    struct mag_sched *sched;
    int wrong;
};

static void *run_many(void *arg)
{
    struct caller *caller = arg;

    for (unsigned i = 0; i < 200; i++) {
        long result = 0;
        int error = fib_run(caller->sched, &result, 16);

        caller->wrong += error != 0 || result != 987;
    }
    return NULL;
}

static void many_foreign_threads_run_computations_at_once(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.sched = sched};
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    mag_sched_destroy(sched);
}

/* A root that forks and then computes without forking again. */
enum { LONG_CHILDREN = 8 };
static _Atomic(uint64_t) started;

MAG_FORKABLE_VOID(note, unsigned, unused)
static void note(mag_fork w, unsigned unused)
{
    (void)w;
    (void)unused;
    /* release: counted before the root looks. */
    (void)atomic_fetch_add_explicit(&started, 1, memory_order_release);
}

MAG_FORKABLE(double, long_root, unsigned, unused)
static double long_root(mag_fork w, unsigned unused)
{
    struct note_child children[LONG_CHILDREN];
    double began = test_now();
    double took = -1;

    (void)unused;
    for (unsigned i = 0; i < LONG_CHILDREN; i++)
        children[i] = note_fork(&w, i);
    while (took < 0 && !test_gives_up(began)) {
        /* acquire: the children have started. */
        if (atomic_load_explicit(&started, memory_order_acquire) == LONG_CHILDREN)
            took = test_now() - began;
    }
    for (unsigned i = LONG_CHILDREN; i-- > 0;)
        note_join(&w, children[i]);
    return took;
}

static void children_of_a_root_that_computes_on_are_all_taken(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 20; i++) {
        double took = -1;
        atomic_init(&started, 0);
        assert_int_equal(long_root_run(sched, &took, 0), 0);
        assert_true(took >= 0);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fib_is_right_on_one_to_four_workers),
        cmocka_unit_test(functions_without_arguments_can_be_forked_and_run),
        cmocka_unit_test(six_arguments_and_a_wide_result_arrive_whole),
        cmocka_unit_test(every_cell_is_touched_once),
        cmocka_unit_test(a_full_fork_stack_runs_children_inline),
        cmocka_unit_test(a_posted_job_can_run_a_computation),
        cmocka_unit_test(a_computation_inside_a_forked_function_keeps_off_its_slots),
        cmocka_unit_test(a_computation_on_a_stopped_scheduler_is_refused),
        cmocka_unit_test(many_foreign_threads_run_computations_at_once),
        cmocka_unit_test(children_of_a_root_that_computes_on_are_all_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
