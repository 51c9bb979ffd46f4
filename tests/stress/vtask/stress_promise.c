/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"

#include <magpie/when.h>

#include <pthread.h>

/*
 * Threads in rounds.  The test's own thread prepares a round, all threads run their part
 * of the round at once, and they meet again before the round is checked.
 */
enum { THREADS = 4 };

struct arena {
    void (*part)(struct arena *arena, unsigned thread, uint64_t *random);
    pthread_barrier_t begin;
    pthread_barrier_t end;
    bool over; /* written between two barriers */

    struct mag_promise *promises[THREADS];
    mag_vtask tasks[THREADS];
    struct probe probe[THREADS];
    struct mag_core cores[THREADS];
    int results[THREADS];
    uint64_t seen[THREADS];
    _Atomic(uint64_t) wrong;
};

struct fighter {
    struct arena *arena;
    unsigned number;
    uint64_t random;
};

static void *fight(void *arg)
{
    struct fighter *fighter = arg;
    struct arena *arena = fighter->arena;

    for (;;) {
        (void)pthread_barrier_wait(&arena->begin);
        if (arena->over)
            return NULL;
        for (uint64_t spins = test_random(&fighter->random) % 64; spins != 0; spins--)
            test_pause();
        arena->part(arena, fighter->number, &fighter->random);
        (void)pthread_barrier_wait(&arena->end);
    }
}

static void wrong_if(struct arena *arena, bool wrong)
{
    /* relaxed: read after the barrier. */
    (void)atomic_fetch_add_explicit(&arena->wrong, wrong, memory_order_relaxed);
}

static uint64_t wrongs(struct arena *arena)
{
    /* relaxed: as above. */
    return atomic_load_explicit(&arena->wrong, memory_order_relaxed);
}

struct game {
    void (*prepare)(struct arena *arena);
    void (*part)(struct arena *arena, unsigned thread, uint64_t *random);
    void (*check)(struct arena *arena);
    uint32_t rounds;
};

static void play(const struct game *game)
{
    static struct arena arena;
    struct fighter fighters[THREADS];
    pthread_t threads[THREADS];
    uint64_t seed = test_seed();
    uint32_t rounds = test_rounds(game->rounds);

    memset(&arena, 0, sizeof(arena));
    arena.part = game->part;
    assert_int_equal(pthread_barrier_init(&arena.begin, NULL, THREADS + 1), 0);
    assert_int_equal(pthread_barrier_init(&arena.end, NULL, THREADS + 1), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        fighters[i] = (struct fighter){&arena, i, seed + i};
        assert_int_equal(pthread_create(&threads[i], NULL, fight, &fighters[i]), 0);
    }
    for (uint32_t round = 0; test_goes_on(round, rounds); round++) {
        game->prepare(&arena);
        (void)pthread_barrier_wait(&arena.begin);
        (void)pthread_barrier_wait(&arena.end);
        game->check(&arena);
        assert_int_equal(wrongs(&arena), 0);
    }
    arena.over = true;
    (void)pthread_barrier_wait(&arena.begin);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    (void)pthread_barrier_destroy(&arena.begin);
    (void)pthread_barrier_destroy(&arena.end);
}

/* -------------------------------------------------------------- racing completers */

enum { WORDS = 12 };

static void prepare_large(struct arena *arena)
{
    arena->promises[0] = promise_of(WORDS * sizeof(uint64_t));
    arena->tasks[0] = mag_promise_task(arena->promises[0]);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(mag_vtask_on_completed(arena->tasks[0],
                                                probe_begin(&arena->probe[i], NULL), 0),
                         0);
}

/* Half of the threads complete, with a result or an error of their own; half poll and
 * read. */
static void complete_or_poll(struct arena *arena, unsigned thread, uint64_t *random)
{
    struct mag_promise *promise = arena->promises[0];
    uint64_t words[WORDS];
    int r;

    if (thread % 2 == 0) {
        for (unsigned i = 0; i < WORDS; i++)
            words[i] = thread + 1;
        arena->results[thread] =
            test_random(random) % 4 == 0
                ? mag_promise_set_error(promise, -EIO, thread)
                : mag_promise_set_value(promise, words, sizeof(words));
        return;
    }
    do {
        r = mag_vtask_get_value(arena->tasks[0], words, sizeof(words), NULL);
    } while (r == MAG_E_PENDING);
    wrong_if(arena, r != 0 && r != -EIO);
    for (unsigned i = 1; r == 0 && i < WORDS; i++)
        wrong_if(arena, words[i] != words[0]);
    arena->results[thread] = r;
    arena->seen[thread] = words[0];
}

static void check_one_winner(struct arena *arena)
{
    assert_true((arena->results[0] == 0) != (arena->results[2] == 0));
    assert_int_equal(arena->results[arena->results[0] == 0 ? 2 : 0], MAG_E_DONE);
    assert_int_equal(arena->results[1], arena->results[3]);
    if (arena->results[1] == 0)
        assert_int_equal(arena->seen[1], arena->seen[3]);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(probe_runs(&arena->probe[i]), 1);
    mag_promise_release(arena->promises[0]);
}

/* VT-53 */
static void of_racing_completers_one_wins_and_all_readers_see_it_whole(void **state)
{
    static const struct game game = {prepare_large, complete_or_poll, check_one_winner,
                                     5000};
    (void)state;
    play(&game);
}

/* ---------------------------------------------------------------- racing awaiters */

static void prepare_small(struct arena *arena)
{
    arena->promises[0] = promise_of(0);
    arena->tasks[0] = mag_promise_task(arena->promises[0]);
    for (unsigned i = 0; i < THREADS; i++) {
        (void)probe_begin(&arena->probe[i], NULL);
        mag_promise_retain(arena->promises[0]);
    }
}

/* All threads await, one completes in between, and all release. */
static void await_and_release(struct arena *arena, unsigned thread, uint64_t *random)
{
    (void)test_random(random);
    if (thread == 0)
        wrong_if(arena, mag_promise_set_result(arena->promises[0], 7) != 0);
    wrong_if(arena, mag_vtask_on_completed(arena->tasks[0],
                                           &arena->probe[thread].continuation, 0) != 0);
    mag_promise_release(arena->promises[0]);
}

static void check_each_ran_once(struct arena *arena)
{
    assert_int_equal(result_of(arena->tasks[0]), 7);
    mag_promise_release(arena->promises[0]);
    assert_int_equal(mag_vtask_status(arena->tasks[0]), MAG_E_TOKEN);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_true(test_wait_for(&arena->probe[i].runs, 1));
        assert_int_equal(probe_runs(&arena->probe[i]), 1);
    }
}

/* VT-53 */
static void each_continuation_added_while_it_completes_runs_once(void **state)
{
    static const struct game game = {prepare_small, await_and_release,
                                     check_each_ran_once, 5000};
    (void)state;
    play(&game);
}

/* ------------------------------------------------------------------- converting */

static void prepare_core(struct arena *arena)
{
    memset(arena->cores, 0, sizeof(arena->cores));
    arena->tasks[0] = mag_core_task(&arena->cores[0]);
}

static void convert_while_completing(struct arena *arena, unsigned thread,
                                     uint64_t *random)
{
    (void)test_random(random);
    if (thread == 0)
        wrong_if(arena, mag_core_set_result(&arena->cores[0], 7) != 0);
    else if (thread == 1)
        wrong_if(arena, mag_vtask_preserve(arena->tasks[0], &arena->tasks[1]) != 0);
}

static void check_converted(struct arena *arena)
{
    assert_int_equal(mag_vtask_wait_completed(&arena->tasks[1], 0, -1), 0);
    assert_int_equal(result_of(arena->tasks[1]), 7);
    assert_int_equal(mag_vtask_release(arena->tasks[1]), 0);
}

static void a_source_may_complete_while_it_is_converted(void **state)
{
    static const struct game game = {prepare_core, convert_while_completing,
                                     check_converted, 5000};
    (void)state;
    play(&game);
}

/* ----------------------------------------------------------------- all and any */

static void prepare_cores(struct arena *arena)
{
    memset(arena->cores, 0, sizeof(arena->cores));
    for (unsigned i = 0; i < THREADS; i++)
        arena->tasks[i] = mag_core_task(&arena->cores[i]);
}

static void complete_while_gathering(struct arena *arena, unsigned thread,
                                     uint64_t *random)
{
    mag_vtask all = {0, 0};

    (void)test_random(random);
    if (thread == 0) {
        wrong_if(arena, mag_when_all(arena->tasks, THREADS, &all) != 0);
        wrong_if(arena, mag_core_set_result(&arena->cores[0], 0) != 0);
        wrong_if(arena, mag_vtask_wait_completed(&all, 0, -1) != 0);
        arena->results[0] = mag_vtask_get(all, &arena->seen[0]);
        wrong_if(arena, mag_vtask_release(all) != 0);
    } else {
        wrong_if(arena, mag_core_set_result(&arena->cores[thread], thread) != 0);
    }
}

static void check_gathered(struct arena *arena)
{
    assert_int_equal(arena->results[0], 0);
    assert_int_equal(arena->seen[0], THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(result_of(arena->tasks[i]), i);
}

static void all_are_gathered_while_they_complete(void **state)
{
    static const struct game game = {prepare_cores, complete_while_gathering,
                                     check_gathered, 5000};
    (void)state;
    play(&game);
}

static void prepare_promises(struct arena *arena)
{
    for (unsigned i = 0; i < THREADS; i++) {
        arena->promises[i] = promise_of(0);
        arena->tasks[i] = mag_promise_task(arena->promises[i]);
    }
}

/* Two threads wait for any of all; each thread completes one promise of its own in the
 * end. */
static void race_for_any(struct arena *arena, unsigned thread, uint64_t *random)
{
    bool first = test_random(random) % 2 == 0;
    mag_vtask any = {0, 0};

    if (first || thread > 1)
        wrong_if(arena, mag_promise_set_result(arena->promises[thread], thread) != 0);
    if (thread > 1)
        return;
    mag_vtask copies[THREADS];
    memcpy(copies, arena->tasks, sizeof(copies));
    wrong_if(arena, mag_when_any(copies, THREADS, &any) != 0);
    if (!first)
        wrong_if(arena, mag_promise_set_result(arena->promises[thread], thread) != 0);
    wrong_if(arena, mag_vtask_wait_completed(&any, 0, -1) != 0);
    arena->results[thread] = mag_vtask_get(any, &arena->seen[thread]);
    wrong_if(arena, mag_vtask_release(any) != 0);
    wrong_if(arena, arena->results[thread] != 0 || arena->seen[thread] >= THREADS);
    wrong_if(arena,
             mag_vtask_status(copies[arena->seen[thread] % THREADS]) != MAG_SUCCEEDED);
}

static void check_and_release(struct arena *arena)
{
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(result_of(arena->tasks[i]), i);
        mag_promise_release(arena->promises[i]);
        assert_int_equal(mag_vtask_status(arena->tasks[i]), MAG_E_TOKEN);
    }
}

static void any_is_one_that_has_completed_however_many_race(void **state)
{
    static const struct game game = {prepare_promises, race_for_any, check_and_release,
                                     5000};
    (void)state;
    play(&game);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_racing_completers_one_wins_and_all_readers_see_it_whole),
        cmocka_unit_test(each_continuation_added_while_it_completes_runs_once),
        cmocka_unit_test(a_source_may_complete_while_it_is_converted),
        cmocka_unit_test(all_are_gathered_while_they_complete),
        cmocka_unit_test(any_is_one_that_has_completed_however_many_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
