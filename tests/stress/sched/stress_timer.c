/*
 * Timers that several threads start and cancel while the timers fire and while the
 * scheduler stops.  Each start is followed by exactly one run, one cancel that won, or
 * one job that is handed back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/strand.h>
#include <magpie/timer.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { STARTERS = 2, CANCELERS = 2, TIMERS = 64 };

struct alarm {
    struct mag_timer timer;
    uint64_t starts;        /* accepted starts; only its starter writes it */
    uint64_t owned;         /* plain, written by the thread that took the timer */
    _Atomic(uint64_t) ends; /* runs, winning cancels, hand-backs */
};

struct storm {
    struct mag_sched *sched;
    struct mag_strand strand;
    struct alarm alarms[TIMERS];
    _Atomic(uint32_t) over;
};

struct actor {
    struct storm *storm;
    unsigned number;
    uint64_t random;
};

/* The thread that sees the timer end has the timer to itself until it counts that end. */
static void end(struct alarm *alarm)
{
    alarm->owned++;
    /* release: what it wrote is visible; after that the timer may be started again. */
    (void)atomic_fetch_add_explicit(&alarm->ends, 1, memory_order_release);
}

static void ring(struct mag_job *job)
{
    end((struct alarm *)(void *)job);
}

static void hand_back(struct mag_job *job, void *arg)
{
    (void)arg;
    end((struct alarm *)(void *)job);
}

static bool is_over(struct storm *storm)
{
    /* relaxed: only ends a loop. */
    return atomic_load_explicit(&storm->over, memory_order_relaxed) != 0;
}

/* Each timer has one starter. */
static void *start_some(void *arg)
{
    struct actor *actor = arg;
    struct storm *storm = actor->storm;

    while (!is_over(storm)) {
        uint64_t random = test_random(&actor->random);
        struct alarm *alarm =
            &storm->alarms[random % (TIMERS / STARTERS) * STARTERS + actor->number];

        /* acquire: the timer belongs to the starter again. */
        if (atomic_load_explicit(&alarm->ends, memory_order_acquire) != alarm->starts)
            continue;
        alarm->owned++;
        alarm->timer.executor = random >> 32 & 1 ? &storm->strand.executor : NULL;
        /* Up to 0.5 ms ahead, a quarter of them at once, some never. */
        int64_t delay_ns = random >> 40 & 3 ? (int64_t)(random >> 44 & 0x7ffff) : 0;
        if ((random >> 34 & 7) == 0)
            delay_ns = INT64_MAX;
        if (mag_timer_start_in(storm->sched, &alarm->timer, delay_ns) == 0)
            alarm->starts++;
        else
            alarm->owned--;
    }
    return NULL;
}

static void *cancel_some(void *arg)
{
    struct actor *actor = arg;
    struct storm *storm = actor->storm;

    while (!is_over(storm)) {
        struct alarm *alarm = &storm->alarms[test_random(&actor->random) % TIMERS];

        if (mag_timer_cancel(&alarm->timer))
            end(alarm);
    }
    return NULL;
}

static void check(struct storm *storm)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < TIMERS; i++) {
        struct alarm *alarm = &storm->alarms[i];
        /* relaxed: all threads are joined. */
        uint64_t ends = atomic_load_explicit(&alarm->ends, memory_order_relaxed);

        wrong += ends != alarm->starts || alarm->owned != 2 * ends;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(mag_strand_fini(&storm->strand), 0);
}

static void storm_once(struct storm *storm, uint64_t *random, uint32_t workers)
{
    enum mag_sched_stop mode =
        test_random(random) % 2 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    pthread_t threads[STARTERS + CANCELERS];
    struct actor actors[STARTERS + CANCELERS];

    *storm = (struct storm){.over = 0};
    storm->sched = test_sched_start(workers);
    mag_strand_init(&storm->strand, storm->sched);
    for (unsigned i = 0; i < TIMERS; i++)
        storm->alarms[i].timer.job.run = ring;
    for (unsigned i = 0; i < STARTERS + CANCELERS; i++) {
        actors[i] = (struct actor){
            .storm = storm, .number = i, .random = test_random(random) | 1};
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < STARTERS ? start_some : cancel_some,
                                        &actors[i]),
                         0);
    }
    (void)usleep((useconds_t)(test_random(random) % 8000));
    assert_int_equal(mag_sched_stop(storm->sched, mode, -1, hand_back, NULL), 0);
    /* relaxed: only ends a loop. */
    atomic_store_explicit(&storm->over, 1, memory_order_relaxed);
    for (unsigned i = 0; i < STARTERS + CANCELERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    check(storm);
    mag_sched_destroy(storm->sched);
}

static void every_start_ends_once(void **state)
{
    struct storm *storm = calloc(1, sizeof(*storm));
    uint64_t random = test_seed();
    (void)state;

    assert_non_null(storm);
    for (uint32_t round = 0; test_goes_on(round, test_rounds(300)); round++)
        storm_once(storm, &random, 1 + (uint32_t)(test_random(&random) % 4));
    free(storm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_start_ends_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
