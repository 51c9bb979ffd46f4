/*
 * Jobs posted to an event loop from threads and from its own jobs, while it runs and
 * while it closes: each runs once, in its poster's order, on the loop's thread; or it is
 * handed back, or refused.  And bodies that wait on workers while threads from outside
 * complete their operations: all of them resume on a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/magpie.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

enum { POSTERS = 3, JOBS = 3000, HOPS = 2 };

struct token {
    struct mag_job job;
    struct storm *storm;
    unsigned poster, number;
    unsigned hops; /* how often it will still post itself */
    unsigned ends; /* by the loop's thread, or by the poster that was refused */
};

struct storm {
    struct mag_event_loop loop;
    sem_t woken;
    struct token tokens[POSTERS][JOBS];
    unsigned next[POSTERS]; /* by the loop's thread: the next job expected of a poster */
    unsigned ended, wrong;  /* by the loop's thread */
    _Atomic(unsigned) refused;
};

static void wake(void *arg)
{
    (void)sem_post(arg);
}

static void hop(struct mag_job *job)
{
    struct token *token = (struct token *)(void *)job;
    struct storm *storm = token->storm;

    if (token->hops == HOPS && token->number != storm->next[token->poster]++)
        storm->wrong++;
    if (mag_executor_current() != &storm->loop.executor)
        storm->wrong++;
    if (token->hops-- == 0 || mag_event_loop_post(&storm->loop, job) != 0) {
        token->ends++;
        storm->ended++;
    }
}

static void hand_back(struct mag_job *job, void *arg)
{
    struct storm *storm = arg;

    ((struct token *)(void *)job)->ends++;
    storm->ended++;
}

static void *post_all(void *arg)
{
    struct token *tokens = arg;
    struct storm *storm = tokens->storm;

    for (unsigned i = 0; i < JOBS; i++) {
        if (mag_event_loop_post(&storm->loop, &tokens[i].job) != 0) {
            tokens[i].ends++;
            /* relaxed: read after all threads are joined. */
            (void)atomic_fetch_add_explicit(&storm->refused, 1, memory_order_relaxed);
        }
        if (i % 64 == 0)
            test_pause();
    }
    return NULL;
}

static void storm_init(struct storm *storm)
{
    memset((void *)storm, 0, sizeof(*storm));
    (void)sem_init(&storm->woken, 0, 0);
    mag_event_loop_init(&storm->loop, wake, &storm->woken);
    for (unsigned p = 0; p < POSTERS; p++) {
        for (unsigned i = 0; i < JOBS; i++)
            storm->tokens[p][i] = (struct token){
                .job.run = hop, .storm = storm, .poster = p, .number = i, .hops = HOPS};
    }
}

/* Sleeps until it is woken, as an event loop does, so that a lost wake hangs. */
static void run_until(struct storm *storm, unsigned ended)
{
    while (storm->ended < ended) {
        while (sem_wait(&storm->woken) != 0) {
            /* EINTR: a signal is no wake. */
        }
        (void)mag_event_loop_run(&storm->loop);
    }
}

static void storm_round(struct storm *storm, unsigned until)
{
    pthread_t threads[POSTERS];

    storm_init(storm);
    for (unsigned p = 0; p < POSTERS; p++)
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, storm->tokens[p]),
                         0);
    run_until(storm, until);
    mag_event_loop_close(&storm->loop, hand_back, storm);
    for (unsigned p = 0; p < POSTERS; p++)
        assert_int_equal(pthread_join(threads[p], NULL), 0);
    assert_int_equal(mag_event_loop_run(&storm->loop), 0);
    for (unsigned p = 0; p < POSTERS; p++) {
        for (unsigned i = 0; i < JOBS; i++)
            assert_int_equal(storm->tokens[p][i].ends, 1);
    }
    assert_int_equal(storm->wrong, 0);
    /* relaxed: the posters have been joined. */
    assert_int_equal(storm->ended +
                         atomic_load_explicit(&storm->refused, memory_order_relaxed),
                     POSTERS * JOBS);
    (void)sem_destroy(&storm->woken);
}

static void every_job_of_a_loop_runs_once_in_its_posters_order(void **state)
{
    struct storm *storm = malloc(sizeof(*storm));
    (void)state;

    assert_non_null(storm);
    for (uint32_t round = 0; round < test_rounds(20); round++) {
        storm_round(storm, POSTERS * JOBS);
        /* relaxed: as above. */
        assert_int_equal(atomic_load_explicit(&storm->refused, memory_order_relaxed), 0);
    }
    free(storm);
}

static void a_loop_that_closes_under_posts_loses_none(void **state)
{
    struct storm *storm = malloc(sizeof(*storm));
    uint64_t random = test_seed();
    (void)state;

    assert_non_null(storm);
    for (uint32_t round = 0; round < test_rounds(60); round++)
        storm_round(storm, (unsigned)(test_random(&random) % (POSTERS * JOBS)));
    free(storm);
}

/* ------------------------------------------------- resuming, completed by other
 * threads */

enum { BODIES = 64, AWAITS = 200 };

static struct {
    _Atomic(struct mag_core *) pending[BODIES];
    _Atomic(uint64_t) over;
    _Atomic(uint64_t) strange; /* resumed elsewhere */
    _Atomic(bool) end;
    struct mag_sched *sched;
} house;

static long_task begin(unsigned body)
{
    void *object = NULL;
    int r = mag_operation_rent(&mag_operation_word, &object);

    if (r != 0)
        return long_task_of(mag_vtask_failed(r, 0));
    struct mag_operation *operation = object;
    long_task task = long_task_of(mag_operation_task(operation));
    /* release: the operation is ready to be completed. */
    atomic_store_explicit(&house.pending[body], &operation->core, memory_order_release);
    return task;
}

MAG_ASYNC(long_task, wait_often, (unsigned, body), unsigned i; long item, sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < AWAITS; f->i++) {
        MAG_AWAIT(f, f->item, begin(f->body));
        f->sum += f->item;
        if (mag_sched_self() != house.sched) {
            /* relaxed: read after all have ended. */
            (void)atomic_fetch_add_explicit(&house.strange, 1, memory_order_relaxed);
        }
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

struct dweller {
    struct mag_job job;
    unsigned body;
    long_task task;
};

static void dwell(struct mag_job *job)
{
    struct dweller *dweller = (struct dweller *)(void *)job;

    dweller->task = wait_often(dweller->body);
    /* release: the task is visible to the thread that waits for the count. */
    (void)atomic_fetch_add_explicit(&house.over, 1, memory_order_release);
}

static void *complete_all(void *arg)
{
    (void)arg;
    /* relaxed: only a sign. */
    while (!atomic_load_explicit(&house.end, memory_order_relaxed)) {
        for (unsigned i = 0; i < BODIES; i++) {
            /* acquire: the operation is ready. */
            struct mag_core *core =
                atomic_exchange_explicit(&house.pending[i], NULL, memory_order_acquire);
            if (core != NULL)
                (void)!mag_core_set_result(core, 1);
        }
        test_pause();
    }
    return NULL;
}

static void every_body_comes_home_from_any_completer(void **state)
{
    static struct dweller dwellers[BODIES];
    pthread_t threads[2];
    (void)state;

    for (uint32_t round = 0; round < test_rounds(10); round++) {
        memset((void *)&house, 0, sizeof(house));
        house.sched = test_sched_start(2);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, complete_all, NULL), 0);
        for (unsigned i = 0; i < BODIES; i++) {
            dwellers[i] = (struct dweller){.job.run = dwell, .body = i};
            assert_int_equal(mag_sched_post(house.sched, &dwellers[i].job), 0);
        }
        assert_true(test_wait_for(&house.over, BODIES));
        for (unsigned i = 0; i < BODIES; i++) {
            long sum = 0;
            assert_int_equal(long_task_wait(dwellers[i].task, &sum), 0);
            assert_int_equal(sum, AWAITS);
        }
        /* relaxed: only a sign. */
        atomic_store_explicit(&house.end, true, memory_order_relaxed);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        /* relaxed: all has ended. */
        assert_int_equal(atomic_load_explicit(&house.strange, memory_order_relaxed), 0);
        mag_sched_destroy(house.sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_of_a_loop_runs_once_in_its_posters_order),
        cmocka_unit_test(a_loop_that_closes_under_posts_loses_none),
        cmocka_unit_test(every_body_comes_home_from_any_completer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
