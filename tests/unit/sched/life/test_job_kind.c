/*
 * Kinds of jobs: a stop hands a job of a kind to that kind and not to its caller.  This
 * also holds for a job that waits in another job.  Every kind learns of the end of a
 * thread in a job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/exit.h"

#include <magpie/job_kind.h>

/* A job that carries other jobs. */
struct carrier {
    struct mag_job job; /* first */
    struct mag_job *carried[2];
};

static shared carriers_dropped;
static shared leaves_dropped;
static shared ends;
static struct mag_sched *ended_in;
static pthread_t ended_thread;

static void run_carrier(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
}

static void drop_carrier(struct mag_job *job, const struct mag_job_stop *how)
{
    struct carrier *carrier = (struct carrier *)(void *)job;

    (void)add(&carriers_dropped, 1);
    for (unsigned i = 0; i < 2; i++) {
        if (carrier->carried[i] != NULL)
            mag_job_hand_back(carrier->carried[i], how);
    }
}

static void run_leaf(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
}

static void drop_leaf(struct mag_job *job, const struct mag_job_stop *how)
{
    (void)job;
    (void)how;
    (void)add(&leaves_dropped, 1);
}

static void see_end(struct mag_sched *where)
{
    ended_in = where;
    ended_thread = pthread_self();
    (void)add(&ends, 1);
}

static struct mag_job_kind carrier_kind = {
    .run = run_carrier, .dropped = drop_carrier, .ended = see_end};
static struct mag_job_kind leaf_kind = {.run = run_leaf, .dropped = drop_leaf};

static int add_kinds(void **state)
{
    (void)state;
    mag_job_kind_add(&carrier_kind);
    mag_job_kind_add(&leaf_kind);
    return 0;
}

/* ------------------------------------------------------------------------- drops */

static struct mag_job *handed_back[4];
static unsigned handed;

static void take_back(struct mag_job *job, void *arg)
{
    (void)arg;
    assert_true(handed < 4);
    handed_back[handed++] = job;
}

static shared let_go;

static void stay(struct mag_job *job)
{
    (void)job;
    (void)add(&begun, 1);
    (void)test_wait_for(&let_go, 1);
}

static struct carrier outer, inner;
static struct mag_job leaf, plain, last;

static void fill(void)
{
    leaf.run = run_leaf;
    plain.run = count;
    last.run = count;
    inner = (struct carrier){{.run = run_carrier}, {&leaf, &plain}};
    outer = (struct carrier){{.run = run_carrier}, {&inner.job, &last}};
}

static void stop_with(void (*on_dropped)(struct mag_job *job, void *arg))
{
    struct mag_job busy = {.run = stay};

    set(&carriers_dropped, 0);
    set(&leaves_dropped, 0);
    set(&let_go, 0);
    handed = 0;
    start(1);
    fill();
    assert_int_equal(mag_sched_post(sched, &busy), 0);
    assert_true(test_wait_for(&begun, 1));
    assert_int_equal(mag_sched_post(sched, &outer.job), 0);
    /* The first stop only makes sure that no further job begins. */
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, on_dropped, NULL),
                     -ETIMEDOUT);
    set(&let_go, 1);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, on_dropped, NULL), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(look(&carriers_dropped), 2);
    assert_int_equal(look(&leaves_dropped), 1);
}

static void a_job_of_a_kind_goes_to_it_and_what_it_carries_to_its_own(void **state)
{
    (void)state;
    stop_with(take_back);
    assert_int_equal(handed, 2);
    assert_ptr_equal(handed_back[0], &plain);
    assert_ptr_equal(handed_back[1], &last);
}

static void kinds_are_told_also_of_a_stop_that_wants_nothing_back(void **state)
{
    (void)state;
    stop_with(NULL);
    assert_int_equal(handed, 0);
}

/* -------------------------------------------------------------------------- ends */

static pthread_t worker_thread;

static void end_here(struct mag_job *job)
{
    worker_thread = pthread_self();
    end_thread(job);
}

static void every_kind_learns_that_a_thread_ends_in_a_job(void **state)
{
    struct mag_job job = {.run = end_here};
    (void)state;

    set(&ends, 0);
    start(1);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&ends), 1);
    assert_ptr_equal(ended_in, sched);
    assert_true(pthread_equal(ended_thread, worker_thread));
    assert_int_equal(ended_threads(), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_thread_that_ends_by_itself_is_no_end_in_a_job(void **state)
{
    (void)state;
    set(&ends, 0);
    start(2);
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(look(&ends), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_of_a_kind_goes_to_it_and_what_it_carries_to_its_own),
        cmocka_unit_test(kinds_are_told_also_of_a_stop_that_wants_nothing_back),
        cmocka_unit_test(every_kind_learns_that_a_thread_ends_in_a_job),
        cmocka_unit_test(a_thread_that_ends_by_itself_is_no_end_in_a_job),
    };

    return cmocka_run_group_tests(tests, add_kinds, NULL);
}
