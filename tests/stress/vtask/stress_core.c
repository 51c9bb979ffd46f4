/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/source.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Races over cores on the heap.  One thread completes, another waits, polls or discards.
 * The thread that consumes an operation hands the core on or frees it at once, so that a
 * sanitizer sees a late touch.
 *
 * Edges: release end -> acquire end : what crosses
 *   offered   offer (box) -> take_offer (box) : the operation to complete
 *   counted   finish (finished) -> the consumer (finished) : the outcome that was read
 */
struct operation {
    struct mag_core core; /* first */
    struct mag_continuation continuation;
    uint64_t number;
    uint64_t payload[4];
    bool last; /* the completer ends after this operation */
};

static _Atomic(struct operation *) box;
static _Atomic(uint64_t) finished;
static _Atomic(uint64_t) wrong;

static uint64_t read_of(_Atomic(uint64_t) *count)
{
    /* relaxed: test_wait_for has seen the last of them. */
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void offer(struct operation *operation)
{
    /* relaxed: only the completer empties it. */
    for (unsigned tries = 0; atomic_load_explicit(&box, memory_order_relaxed) != NULL;
         tries++)
        test_turn(tries);
    /* offered, release: the operation is ready. */
    atomic_store_explicit(&box, operation, memory_order_release);
}

static struct operation *take_offer(void)
{
    struct operation *operation;
    unsigned tries = 0;

    /* offered, acquire: as above. */
    while ((operation = atomic_load_explicit(&box, memory_order_acquire)) == NULL)
        test_turn(tries++);
    /* relaxed: publishes nothing but the free room. */
    atomic_store_explicit(&box, NULL, memory_order_relaxed);
    return operation;
}

static void *complete_all(void *arg)
{
    uint64_t random = test_seed() ^ 0x9e3779b97f4a7c15;
    bool last = false;
    (void)arg;

    while (!last) {
        struct operation *operation = take_offer();

        last = operation->last;

        for (uint64_t pause = test_random(&random) % 64; pause != 0; pause--)
            test_pause();
        for (unsigned word = 0; word < 4; word++)
            operation->payload[word] = operation->number;
        if (mag_core_set_result(&operation->core, operation->number) != 0) {
            /* relaxed: read after the join. */
            (void)atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
        }
    }
    return NULL;
}

/* Reads the outcome, and frees the operation or hands it on. */
static void finish(struct operation *operation)
{
    uint64_t token = mag_core_task(&operation->core).payload, result = 0;
    bool right = mag_core_get(&operation->core, token, &result, 8, NULL) == 0 &&
                 result == operation->number;

    for (unsigned word = 0; word < 4; word++)
        right = right && operation->payload[word] == result;
    if (!right) {
        /* relaxed: read after `finished`. */
        (void)atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
    }
    free(operation);
    /* counted, release. */
    (void)atomic_fetch_add_explicit(&finished, 1, memory_order_release);
}

static void finish_awaited(struct mag_job *job)
{
    finish((struct operation *)(void *)((char *)job -
                                        offsetof(struct operation, continuation)));
}

static void await(struct operation *operation)
{
    operation->continuation.job.run = finish_awaited;
    int r = mag_core_on_completed(&operation->core, 0, &operation->continuation, 0);
    assert_int_equal(r, 0);
}

static void poll(struct operation *operation)
{
    for (unsigned tries = 0; mag_core_status(&operation->core, 0) == MAG_PENDING; tries++)
        test_turn(tries);
    finish(operation);
}

static void discard_and_poll(struct operation *operation)
{
    assert_int_equal(mag_core_discard(&operation->core, 0), 0);
    poll(operation);
}

static void race(void (*consume)(struct operation *), uint8_t flags)
{
    uint64_t rounds = test_rounds(30000);
    uint64_t random = test_seed();
    pthread_t thread;

    atomic_init(&box, NULL);
    atomic_init(&finished, 0);
    atomic_init(&wrong, 0);
    assert_int_equal(pthread_create(&thread, NULL, complete_all, NULL), 0);
    for (uint64_t i = 0; i < rounds; i++) {
        struct operation *operation = calloc(1, sizeof(*operation));

        assert_non_null(operation);
        operation->number = i + 1;
        if (!test_goes_on(i + 1, rounds))
            rounds = i + 1;
        operation->last = i + 1 == rounds;
        operation->core.flags = flags;
        offer(operation);
        for (uint64_t pause = test_random(&random) % 64; pause != 0; pause--)
            test_pause();
        consume(operation);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(test_wait_for(&finished, rounds));
    assert_int_equal(read_of(&finished), rounds);
    assert_int_equal(read_of(&wrong), 0);
}

/* VT-65, VT-124, VT-128, VT-129, VT-130 */
static void a_continuation_that_frees_its_source_runs_once(void **state)
{
    (void)state;
    race(await, 0);
}

/* VT-103, VT-128 */
static void a_queued_continuation_that_frees_its_source_runs_once(void **state)
{
    (void)state;
    race(await, MAG_CORE_QUEUED);
}

/* VT-87, VT-131, VT-132, VT-133 */
static void a_thread_that_polls_may_free_the_source_at_once(void **state)
{
    (void)state;
    race(poll, 0);
}

/* VT-131, VT-193 */
static void the_holder_of_a_discarded_task_may_free_the_source(void **state)
{
    (void)state;
    race(discard_and_poll, 0);
}

/* ------------------------------------------------------------------------- chains */

enum { CHAIN = 100000 };

static struct link {
    struct mag_continuation continuation;
    struct mag_core core;
} * chain;

/* The lowest address of a frame of the chain; 0: not wanted. */
static uintptr_t deepest;

static void complete_next(struct mag_job *job)
{
    struct link *link = (struct link *)(void *)job;
    char here;

    if (deepest != 0 && (uintptr_t)&here < deepest)
        deepest = (uintptr_t)&here;
    if (mag_core_set_result(&link[1].core, 1) != 0) {
        /* relaxed: read after `finished`. */
        (void)atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
    }
    /* counted, release. */
    (void)atomic_fetch_add_explicit(&finished, 1, memory_order_release);
}

static int refuse(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    (void)job;
    return -ESHUTDOWN;
}

/* The stack that a chain uses whose continuations belong to `executor`. */
static size_t run_chain(struct mag_executor *executor)
{
    char here;

    chain = calloc(CHAIN + 1, sizeof(*chain));
    assert_non_null(chain);
    atomic_init(&finished, 0);
    atomic_init(&wrong, 0);
    for (unsigned i = 0; i < CHAIN; i++) {
        chain[i].continuation.job.run = complete_next;
        mag_continuation_home(&chain[i].continuation, executor);
        assert_int_equal(mag_core_on_completed(&chain[i].core, 0, &chain[i].continuation,
                                               MAG_AWAIT_HOME),
                         0);
    }
    deepest = executor != NULL ? (uintptr_t)&here : 0;
    assert_int_equal(mag_core_set_result(&chain[0].core, 1), 0);
    assert_true(test_wait_for(&finished, CHAIN));
    assert_int_equal(read_of(&finished), CHAIN);
    assert_int_equal(read_of(&wrong), 0);
    free(chain);
    return (size_t)((uintptr_t)&here - deepest);
}

/* VT-116, VT-206 */
static void a_long_chain_that_nobody_takes_needs_little_stack(void **state)
{
    struct mag_executor stopping = {refuse};
    (void)state;

    assert_true(run_chain(&stopping) < 512 * 1024);
}

/* VT-116 */
static void a_long_chain_of_inline_completions_ends(void **state)
{
    (void)state;
    (void)run_chain(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_continuation_that_frees_its_source_runs_once),
        cmocka_unit_test(a_queued_continuation_that_frees_its_source_runs_once),
        cmocka_unit_test(a_thread_that_polls_may_free_the_source_at_once),
        cmocka_unit_test(the_holder_of_a_discarded_task_may_free_the_source),
        cmocka_unit_test(a_long_chain_that_nobody_takes_needs_little_stack),
        cmocka_unit_test(a_long_chain_of_inline_completions_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
