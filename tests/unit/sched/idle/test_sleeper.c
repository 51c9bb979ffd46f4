/*
 * White-box: workers that do not sleep on a futex, but in poll() on an eventfd.  They run
 * all posted jobs and end with their scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/worker/self.h"
#include "sched/worker/worker.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WORKERS = 2 };

/* A waker looks through all of it while another worker may still write its own. */
static struct mag_worker *_Atomic bed_of[WORKERS];
static int descriptors[WORKERS];
static shared sleeps;
static shared ran;

static int descriptor_of(const struct mag_sleeper *sleeper)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        /* seq_cst: the simplest order. */
        struct mag_worker *worker =
            atomic_load_explicit(&bed_of[i], memory_order_seq_cst);

        if (worker != NULL && sleeper == &worker->sleeper)
            return descriptors[i];
    }
    return -1;
}

static void sleep_in_poll(struct mag_sleeper *sleeper, int64_t timeout_ns)
{
    struct pollfd slot = {.fd = descriptor_of(sleeper), .events = POLLIN};
    uint64_t count;

    (void)add(&sleeps, 1);
    if (poll(&slot, 1, timeout_ns < 0 ? -1 : (int)(timeout_ns / 1000000) + 1) > 0)
        (void)!read(slot.fd, &count, sizeof(count));
}

static void wake_by_eventfd(struct mag_sleeper *sleeper)
{
    static const uint64_t one = 1;

    (void)!write(descriptor_of(sleeper), &one, sizeof(one));
}

static const struct mag_bed poll_bed = {.rest = sleep_in_poll, .wake = wake_by_eventfd};

/* Runs on the worker's own thread, before the worker can sleep. */
static void lie_down(uint32_t index, void *arg)
{
    (void)arg;
    /* seq_cst: the simplest order. */
    atomic_store_explicit(&bed_of[index], mag_self.worker, memory_order_seq_cst);
    mag_self.worker->sleeper.bed = &poll_bed;
}

static void count(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
}

static void workers_may_sleep_in_something_else_than_a_futex(void **state)
{
    enum { ROUNDS = 20 };
    struct mag_sched_config config = test_sched_config(WORKERS);
    struct mag_job jobs[ROUNDS];
    (void)state;

    for (unsigned i = 0; i < WORKERS; i++) {
        descriptors[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(descriptors[i] >= 0);
    }
    config.on_start = lie_down;
    struct mag_sched *sched = test_sched_start_as(&config);
    for (unsigned i = 0; i < ROUNDS; i++) {
        jobs[i] = (struct mag_job){.run = count};
        /* Now and then time enough to fall asleep. */
        test_sleep_ms(i % 4);
        assert_int_equal(i % 2 ? mag_sched_post_worker(sched, &jobs[i], i / 2 % WORKERS)
                               : mag_sched_post(sched, &jobs[i]),
                         0);
        assert_true(test_wait_for(&ran, i + 1));
    }
    assert_true(test_wait_for(&sleeps, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(look(&ran), ROUNDS);
    for (unsigned i = 0; i < WORKERS; i++)
        (void)close(descriptors[i]);
}

static void a_sleep_ends_by_its_time_or_by_a_wake(void **state)
{
    struct mag_worker worker;
    (void)state;

    mag_sleeper_init(&worker.sleeper);
    for (unsigned i = 0; i < 2; i++) {
        /* seq_cst: the simplest order. */
        atomic_store_explicit(&bed_of[0], &worker, memory_order_seq_cst);
        descriptors[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        worker.sleeper.bed = i == 0 ? NULL : &poll_bed;
        mag_sleeper_reset(&worker.sleeper);
        assert_false(mag_sleeper_sleep(&worker.sleeper, 1000000));
        mag_sleeper_wake(&worker.sleeper);
        assert_true(mag_sleeper_sleep(&worker.sleeper, -1));
        mag_sleeper_reset(&worker.sleeper);
        assert_false(mag_sleeper_sleep(&worker.sleeper, 0));
        (void)close(descriptors[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_may_sleep_in_something_else_than_a_futex),
        cmocka_unit_test(a_sleep_ends_by_its_time_or_by_a_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
