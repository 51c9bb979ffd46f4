/*
 * White-box: a job whose poster has lost its CPU between the two steps of a push.  A
 * worker that waits for the second step sleeps, so that a poster of a lower real-time
 * priority runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/scheduler.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <magpie/strand.h>

#include <stdint.h>

static _Atomic(uint64_t) naps;

/* The linker sends the library's naps here. */
void __real_mag_os_nap(int64_t nap_ns);
void __wrap_mag_os_nap(int64_t nap_ns);

void __wrap_mag_os_nap(int64_t nap_ns)
{
    if (mag_sched_self() != NULL) {
        /* relaxed: a counter. */
        (void)atomic_fetch_add_explicit(&naps, 1, memory_order_relaxed);
    }
    __real_mag_os_nap(nap_ns);
}

static void wait_for_naps(void)
{
    /* relaxed: a counter. */
    atomic_store_explicit(&naps, 0, memory_order_relaxed);
    assert_true(test_wait_for(&naps, 3));
}

/* The first step of a push: the job is the last one, but cannot be reached yet. */
static void push_half(_Atomic(struct mag_job *) *last, struct counted *work)
{
    atomic_init(&work->job.next, NULL);
    /* seq_cst: as in the push. */
    assert_null(atomic_exchange_explicit(last, &work->job, memory_order_seq_cst));
}

static void link_first(_Atomic(struct mag_job *) *first, struct counted *work)
{
    /* release: as in the push. */
    atomic_store_explicit(first, &work->job, memory_order_release);
    assert_true(test_wait_for(&work->runs, 1));
}

static void a_worker_sleeps_while_a_post_to_its_node_is_half_done(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted work = counted_make();
    (void)state;

    push_half(&sched->queues[0].last, &work);
    mag_sched_notify(sched, 0);
    wait_for_naps();
    link_first(&sched->queues[0].first, &work);
    mag_sched_destroy(sched);
}

static void a_worker_sleeps_while_a_post_to_it_is_half_done(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted work = counted_make();
    struct mag_inject *inbox = &mag_sched_at(sched, 0)->inbox;
    (void)state;

    push_half(&inbox->last, &work);
    mag_sched_wake_worker(sched, 0);
    wait_for_naps();
    link_first(&inbox->first, &work);
    mag_sched_destroy(sched);
}

static void a_worker_sleeps_while_a_post_to_a_strand_is_half_done(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted work = counted_make();
    struct mag_strand strand;
    (void)state;

    mag_strand_init(&strand, sched);
    push_half(&strand.last, &work);
    assert_int_equal(mag_sched_post(sched, &strand.job), 0);
    wait_for_naps();
    link_first(&strand.first, &work);
    mag_sched_destroy(sched);
    assert_int_equal(mag_strand_fini(&strand), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_sleeps_while_a_post_to_its_node_is_half_done),
        cmocka_unit_test(a_worker_sleeps_while_a_post_to_it_is_half_done),
        cmocka_unit_test(a_worker_sleeps_while_a_post_to_a_strand_is_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
