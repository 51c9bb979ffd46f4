/*
 * Where a computation that a thread from outside begins runs: on that thread, or on a
 * worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/maps.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <magpie/guest.h>

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

enum { MIB = 1024 * 1024 };

typedef _Atomic(uint64_t) word;

/* Where a computation ran. */
struct place {
    pthread_t thread;
    uint32_t worker;
    int rounding;
};

MAG_FORKABLE(struct place, look, void)
static struct place look(mag_fork w)
{
    (void)w;
    return (struct place){pthread_self(), mag_sched_worker(), fegetround()};
}

static bool runs_here(struct mag_sched *sched)
{
    struct place place = {.worker = MAG_NONE};

    if (look_run(sched, &place) != 0)
        return false;
    bool here = pthread_equal(place.thread, pthread_self()) != 0;
    return here == (place.worker >= mag_sched_workers(sched)) &&
           place.worker < mag_sched_capacity(sched) && here;
}

static struct mag_sched_config config_of(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.stack_size = MIB;
    return config;
}

/* ------------------------------------------------------------------ where it runs */

static void a_computation_runs_on_the_thread_that_begins_it(void **state)
{
    struct mag_sched_config config = config_of(2);
    struct mag_sched *sched = test_sched_start_as(&config);
    (void)state;

    assert_true(runs_here(sched));
    assert_null(mag_sched_self());
    assert_true(runs_here(sched));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void without_places_it_runs_on_a_worker(void **state)
{
    struct mag_sched_config config = config_of(1);
    (void)state;

    config.spare = 0;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_false(runs_here(sched));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void *run_elsewhere(void *arg)
{
    return runs_here((struct mag_sched *)arg) ? arg : NULL;
}

static void while_all_places_are_taken_it_runs_on_a_worker(void **state)
{
    struct mag_sched_config config = config_of(1);
    struct mag_guest guest;
    pthread_t thread;
    void *here;
    (void)state;

    config.spare = 1;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    assert_true(runs_here(sched));
    assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, sched), 0);
    assert_int_equal(pthread_join(thread, &here), 0);
    assert_null(here);
    mag_guest_leave(&guest);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void without_memory_for_a_place_it_runs_on_a_worker(void **state)
{
    struct mag_sched_config config = config_of(1);
    struct mag_sched *sched = test_sched_start_as(&config);
    (void)state;

    test_fail_allocation(1);
    bool here = runs_here(sched);
    test_fail_allocation(0);
    assert_false(here);
    assert_true(runs_here(sched));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void prepare(uint32_t worker, void *arg)
{
    (void)worker;
    (void)arg;
}

static void if_a_hook_prepares_the_workers_it_runs_on_one_of_them(void **state)
{
    struct mag_sched_config config = config_of(1);
    (void)state;

    config.on_start = prepare;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_false(runs_here(sched));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_thread_with_a_small_stack_runs_nothing_unless_it_enters(void **state)
{
    struct mag_sched_config config = config_of(1);
    pthread_attr_t attributes;
    (void)state;

    config.stack_size = (size_t)2 * MIB;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    for (size_t size = MIB; size <= (size_t)4 * MIB; size *= 4) {
        pthread_t thread;
        void *here;

        assert_int_equal(pthread_attr_setstacksize(&attributes, size), 0);
        assert_int_equal(pthread_create(&thread, &attributes, run_elsewhere, sched), 0);
        assert_int_equal(pthread_join(thread, &here), 0);
        assert_int_equal(here != NULL, size > (size_t)2 * MIB);
    }
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* In a child process: 0, or the check that failed. */
static int runs_in_little_space(void *arg)
{
    struct mag_sched_config config = config_of(1);

    (void)arg;
    if (!test_limit_more(RLIMIT_AS, (size_t)1024 * MIB))
        return 1;
    struct mag_sched *sched = test_sched_try_as(&config);
    if (sched == NULL)
        return 2;
    bool here = runs_here(sched);
    mag_sched_destroy(sched);
    return here ? 3 : 0;
}

static void where_address_space_is_limited_it_runs_on_a_worker(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    test_skip_under_sanitizers();
    assert_int_equal(test_in_child(runs_in_little_space, NULL), 0);
}

static void after_a_stop_it_is_refused(void **state)
{
    struct mag_sched_config config = config_of(1);
    struct mag_sched *sched = test_sched_start_as(&config);
    struct place place = {.worker = 77};
    (void)state;

    assert_true(runs_here(sched));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(look_run(sched, &place), -ESHUTDOWN);
    assert_int_equal(place.worker, 77);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------ the workers help */

MAG_FORKABLE(uint32_t, child_worker, word *, begun)
static uint32_t child_worker(mag_fork w, word *begun)
{
    (void)w;
    (void)test_add(begun, 1);
    return mag_sched_worker();
}

/* Waits for its child, which only a worker can run meanwhile. */
MAG_FORKABLE(uint32_t, blocks, word *, begun)
static uint32_t blocks(mag_fork w, word *begun)
{
    struct child_worker_child child = child_worker_fork(&w, begun);

    (void)test_wait_for(begun, 1);
    return child_worker_join(&w, child);
}

static void a_guest_that_blocks_has_its_children_run_by_workers(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched_config config = config_of(workers);
        struct mag_sched *sched = test_sched_start_as(&config);

        for (int i = 0; i < 20; i++) {
            word begun = 0;
            uint32_t ran = MAG_NONE;

            assert_int_equal(blocks_run(sched, &ran, &begun), 0);
            assert_true(ran < workers);
        }
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

/* ----------------------------------------------------------- what does not change */

static void a_computation_has_the_modes_of_its_thread_and_leaves_them(void **state)
{
    struct mag_sched_config config = config_of(2);
    struct mag_sched *sched = test_sched_start_as(&config);
    struct place place = {.worker = MAG_NONE};
    (void)state;

    assert_int_equal(fesetround(FE_DOWNWARD), 0);
    assert_int_equal(look_run(sched, &place), 0);
    int after = fegetround();
    assert_int_equal(fesetround(FE_TONEAREST), 0);
    assert_int_equal(place.rounding, FE_DOWNWARD);
    assert_int_equal(after, FE_DOWNWARD);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void from_the_second_one_on_computations_of_guests_allocate_nothing(void **state)
{
    struct mag_sched_config config = config_of(2);
    long result = 0;
    (void)state;

    /* With several places a thread that moves comes to one that nobody had before. */
    config.spare = 1;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(fib_run(sched, &result, 15), 0);
    uint64_t before = test_allocations();
    for (int i = 0; i < 100; i++)
        assert_int_equal(fib_run(sched, &result, 15), 0);
    assert_int_equal(test_allocations(), before);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------ threads that are to end */

struct ending {
    struct mag_sched *sched;
    _Atomic(uint64_t) inside, let_go, begun, over;
    bool came_back;
};

MAG_FORKABLE(int, waits_inside, struct ending *, ending)
static int waits_inside(mag_fork w, struct ending *ending)
{
    (void)w;
    (void)test_add(&ending->inside, 1);
    (void)test_wait_for(&ending->let_go, 1);
    test_sleep_ms(1); /* a cancellation point */
    return 5;
}

static __attribute__((noinline)) void compute_inside(struct ending *ending)
{
    int result = 0;
    int r = waits_inside_run(ending->sched, &result, ending);

    ending->came_back = r == 0 && result == 5;
}

/* Is canceled where no frame on its stack has variables that AddressSanitizer watches: it
 * does not learn that a canceled thread has left them. */
static void *compute_until_canceled(void *arg)
{
    compute_inside((struct ending *)arg);
    for (;;) {
        pthread_testcancel();
        (void)sched_yield();
    }
    return NULL;
}

static void a_thread_is_canceled_only_after_its_computation(void **state)
{
    struct mag_sched_config config = config_of(1);
    struct ending ending = {.sched = test_sched_start_as(&config)};
    pthread_t thread;
    void *result = NULL;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, compute_until_canceled, &ending), 0);
    assert_true(test_wait_for(&ending.inside, 1));
    assert_int_equal(pthread_cancel(thread), 0);
    (void)test_add(&ending.let_go, 1);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_true(ending.came_back);
    assert_int_equal(mag_sched_destroy(ending.sched), 0);
}

/* Reads its forker's frame until the end. */
MAG_FORKABLE_VOID(reads, struct ending *, ending, const word *, frame)
static void reads(mag_fork w, struct ending *ending, const word *frame)
{
    uint64_t wrong = 0;

    (void)w;
    (void)test_add(&ending->begun, 1);
    for (int i = 0; i < 20; i++) {
        /* relaxed: it does not change. */
        wrong += atomic_load_explicit(frame, memory_order_relaxed) != 4711;
        test_sleep_ms(1);
    }
    if (wrong == 0)
        (void)test_add(&ending->over, 1);
}

MAG_FORKABLE(int, ends_its_thread, struct ending *, ending)
static int ends_its_thread(mag_fork w, struct ending *ending)
{
    word frame = 4711;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the thread ends before. */
    struct reads_child child = reads_fork(&w, ending, &frame);

    (void)test_wait_for(&ending->begun, 1);
    pthread_exit(NULL);
    reads_join(&w, child);
    return 0;
}

static void *compute_and_end(void *arg)
{
    struct ending *ending = (struct ending *)arg;
    int result = 0;

    int r = ends_its_thread_run(ending->sched, &result, ending);
    ending->came_back = r <= 0;
    return NULL;
}

static void a_computation_that_ends_its_caller_waits_for_what_was_stolen(void **state)
{
    struct mag_sched_config config = config_of(1);
    (void)state;

    config.spare = 1;
    struct mag_sched *sched = test_sched_start_as(&config);
    for (int i = 0; i < 3; i++) {
        struct ending ending = {.sched = sched};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, compute_and_end, &ending), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_false(ending.came_back);
        /* acquire: the child has ended. */
        assert_int_equal(atomic_load_explicit(&ending.over, memory_order_acquire), 1);
        assert_true(runs_here(sched));
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_computation_runs_on_the_thread_that_begins_it),
        cmocka_unit_test(without_places_it_runs_on_a_worker),
        cmocka_unit_test(while_all_places_are_taken_it_runs_on_a_worker),
        cmocka_unit_test(without_memory_for_a_place_it_runs_on_a_worker),
        cmocka_unit_test(if_a_hook_prepares_the_workers_it_runs_on_one_of_them),
        cmocka_unit_test(a_thread_with_a_small_stack_runs_nothing_unless_it_enters),
        cmocka_unit_test(where_address_space_is_limited_it_runs_on_a_worker),
        cmocka_unit_test(after_a_stop_it_is_refused),
        cmocka_unit_test(a_guest_that_blocks_has_its_children_run_by_workers),
        cmocka_unit_test(a_computation_has_the_modes_of_its_thread_and_leaves_them),
        cmocka_unit_test(from_the_second_one_on_computations_of_guests_allocate_nothing),
        cmocka_unit_test(a_thread_is_canceled_only_after_its_computation),
        cmocka_unit_test(a_computation_that_ends_its_caller_waits_for_what_was_stolen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
