/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/magpie.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Two threads, one operation after another.  The test's own thread begins each operation,
 * so that the operation is biased to it, and consumes it.  The other thread completes the
 * operation a moment sooner or later.
 *
 * Edges: release end -> acquire end : what crosses
 *   begun   begin (turn) -> complete_all (turn) : the operation
 *   over    complete_all (over) -> the next begin (over) : the completer's last touch
 */
static struct mag_core core;
static _Atomic(uint64_t) turn;
static _Atomic(uint64_t) over;
static bool is_last; /* handed over by begin */
static unsigned failures;

/* A delay of any magnitude: how long the other thread takes depends on the compiler and
 * the machine. */
static void delay(uint64_t *random)
{
    uint64_t magnitude = UINT64_C(1) << test_random(random) % 14;

    for (uint64_t i = test_random(random) % magnitude; i != 0; i--)
        test_pause();
}

static void *complete_all(void *arg)
{
    uint64_t random = test_seed() ^ 0x9e3779b97f4a7c15;
    (void)arg;

    for (uint64_t i = 1, last = 0; last == 0; i++) {
        unsigned tries = 0;

        /* begun, acquire: the operation is ready. */
        while (atomic_load_explicit(&turn, memory_order_acquire) != i)
            test_turn(tries++);
        last = is_last;
        delay(&random);
        if (mag_core_set_result(&core, i) != 0)
            failures++;
        /* over, release: the call has returned. */
        atomic_store_explicit(&over, i, memory_order_release);
    }
    return NULL;
}

/* The type with which each operation begins. */
static const struct mag_core_type *begun_type;

/* Biases the core to this thread, even right after a visit.  The pause after a barrier,
 * which helps real programs, would leave little to test. */
static void prepare_biased(void)
{
    /* Called for its side effect: a core without a `recycle` is not biased by itself. */
    (void)mag_core_bias();
    mag_core_reset(&core);
    mag_core_prepare(&core, begun_type);
    if (mag_here.bias_lost != NULL && core.slot == MAG_SLOT_EMPTY) {
        /* relaxed: handed over by begin. */
        atomic_store_explicit(&core.slot, mag_here.name, memory_order_relaxed);
    }
}

static uint32_t visits(void)
{
    /* relaxed: a count. */
    return mag_here.bias_lost == NULL
               ? 0
               : atomic_load_explicit(mag_here.bias_lost, memory_order_relaxed);
}

static void begin(uint64_t number, bool last)
{
    unsigned tries = 0;

    /* over, acquire: the completer is out of the core. */
    while (atomic_load_explicit(&over, memory_order_acquire) != number - 1)
        test_turn(tries++);
    prepare_biased();
    is_last = last;
    /* begun, release: the operation is ready. */
    atomic_store_explicit(&turn, number, memory_order_release);
}

struct awaiter {
    struct mag_continuation continuation;
    _Atomic(uint64_t) runs;
    _Atomic(uint64_t) wrong;
    mag_vtask task;
    uint64_t expected;
};

static void awaiter_run(struct mag_job *job)
{
    struct awaiter *awaiter = (struct awaiter *)(void *)job;
    uint64_t result = 0;

    if (mag_vtask_get(awaiter->task, &result) != 0 || result != awaiter->expected) {
        /* relaxed: read after `runs`. */
        atomic_fetch_add_explicit(&awaiter->wrong, 1, memory_order_relaxed);
    }
    /* release: what the run found comes before the count. */
    atomic_fetch_add_explicit(&awaiter->runs, 1, memory_order_release);
}

static void spin_until(_Atomic(uint64_t) *word, uint64_t wanted)
{
    assert_true(test_spin_for(word, wanted));
}

/* At any scale: a core that loses its bias is not visited for thousands of operations. */
enum { ROUNDS_LEAST = 20000 };

typedef void (*consume_fn)(struct awaiter *awaiter);

/* Runs `consume` on each of many operations that the other thread completes. */
static void with_each_operation(consume_fn consume)
{
    struct awaiter awaiter = {.continuation = {.job = {.run = awaiter_run}}};
    uint64_t random = test_seed();
    pthread_t thread;

    bool asymmetric = mag_barrier_is_asymmetric();
    uint32_t before = visits();
    uint64_t operations = ROUNDS_LEAST + test_rounds(20000);
    failures = 0;
    atomic_init(&turn, 0);
    atomic_init(&over, 0);
    assert_int_equal(pthread_create(&thread, NULL, complete_all, NULL), 0);
    for (uint64_t i = 1; i == 1 || !is_last; i++) {
        /* Goes on until there were visits: on a busy machine there may be none for
         * long. */
        bool enough = i >= operations && (!asymmetric || visits() - before > 1);
        begin(i, enough || !test_goes_on(i, 100 * operations));
        awaiter.task = mag_core_task(&core);
        awaiter.expected = i;
        delay(&random);
        consume(&awaiter);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(failures, 0);
    if (asymmetric)
        assert_true(visits() - before > 1);
    /* relaxed: the other thread is joined. */
    assert_int_equal(atomic_load_explicit(&awaiter.wrong, memory_order_relaxed), 0);
}

static void await_and_wait(struct awaiter *awaiter)
{
    assert_int_equal(mag_vtask_on_completed(awaiter->task, &awaiter->continuation, 0), 0);
    spin_until(&awaiter->runs, awaiter->expected);
    /* relaxed: a second run would be seen here or at the next operation. */
    assert_int_equal(atomic_load_explicit(&awaiter->runs, memory_order_relaxed),
                     awaiter->expected);
}

static void poll(struct awaiter *awaiter)
{
    uint64_t result = 0;

    for (unsigned tries = 0; mag_vtask_status(awaiter->task) == MAG_PENDING; tries++)
        test_turn(tries);
    assert_int_equal(mag_vtask_status(awaiter->task), MAG_SUCCEEDED);
    assert_int_equal(mag_vtask_get(awaiter->task, &result), 0);
    assert_int_equal(result, awaiter->expected);
}

static _Atomic(uint64_t) recycled;

static void count_recycled(struct mag_core *of)
{
    (void)of;
    /* release: pairs with the wait in discard. */
    atomic_fetch_add_explicit(&recycled, 1, memory_order_release);
}

static void discard(struct awaiter *awaiter)
{
    assert_int_equal(mag_core_discard(&core, awaiter->task.payload), 0);
    spin_until(&recycled, awaiter->expected);
}

/* VT-128 */
static void a_continuation_runs_once_whoever_is_first(void **state)
{
    (void)state;
    with_each_operation(await_and_wait);
}

/* VT-131, VT-132 */
static void a_thread_that_polls_never_reads_a_stale_result(void **state)
{
    (void)state;
    with_each_operation(poll);
}

/* VT-193 */
static void a_discarded_operation_is_recycled_once(void **state)
{
    static const struct mag_core_type type = {.recycle = count_recycled};
    (void)state;

    atomic_init(&recycled, 0);
    begun_type = &type;
    with_each_operation(discard);
    begun_type = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_continuation_runs_once_whoever_is_first),
        cmocka_unit_test(a_thread_that_polls_never_reads_a_stale_result),
        cmocka_unit_test(a_discarded_operation_is_recycled_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
