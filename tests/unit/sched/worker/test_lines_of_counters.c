/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: what a worker counts, times and traces lies on lines that no other thread
 * writes, and that no other worker's lie on. */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/lines.h"
#include "tests/support/sched/start.h"

#include "sched/scheduler.h"
#include "sched/trace/trace.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <magpie/trace.h>
#include <stddef.h>
#include <stdint.h>

enum { POSTS = 4, WORKERS = 3 };

/* The lines that a worker counts on: up to what readers of times keep, and the note. */
enum {
    COUNTS = offsetof(struct mag_worker, counts),
    SHOWN = offsetof(struct mag_worker, times) + offsetof(struct mag_times, shown),
    NOTE = offsetof(struct mag_worker, note),
};

static struct mag_sched *sched;
static struct mag_job holder, posts[POSTS], nothing;
static struct gate gate;
static _Atomic(uint64_t) done;
static unsigned posted, failures;

static void do_nothing(struct mag_job *job)
{
    (void)job;
    (void)test_add(&done, 1);
}

/* Three jobs, two of them in the ring; then it waits. */
static void post_and_hold(struct mag_job *job)
{
    (void)job;
    for (posted = 0; posted < POSTS - 1; posted++)
        failures += mag_sched_post(sched, &posts[posted]) != 0;
    gate_pass(&gate);
}

static unsigned written_by_others(struct mag_worker *worker)
{
    return lines_written_in((char *)worker + COUNTS, SHOWN - COUNTS) +
           lines_written_in(&worker->note, sizeof(worker->note));
}

/* What others do to a worker, each once: post, look, steal, and wake it. */
static void disturb(struct mag_worker *worker, struct mag_job **ret_stolen)
{
    uint32_t count = 0;

    failures += mag_sched_post_worker(sched, &nothing, worker->index) != 0;
    (void)test_sched_counters(sched);
    failures += mag_runq_claim(&worker->ring, ret_stolen, 1, &count) != MAG_RUNQ_CLAIMED;
    mag_sched_wake_worker(sched, worker->index);
}

static void others_write_no_line_that_a_worker_counts_on(void **state)
{
    struct mag_job *stolen = NULL;
    (void)state;

    if (!lines_can_record())
        skip();
    sched = test_sched_start_alone(1);
    struct mag_worker *worker = mag_sched_at(sched, 0);
    gate_close(&gate);
    atomic_init(&done, 0);
    holder.run = post_and_hold;
    for (int i = 0; i < POSTS; i++)
        posts[i].run = do_nothing;
    nothing.run = do_nothing;
    assert_int_equal(mag_sched_post(sched, &holder), 0);
    assert_true(gate_is_reached(&gate));
    lines_forget();
    lines_watch(worker, sizeof(*worker));
    lines_begin();
    disturb(worker, &stolen);
    lines_end();
    assert_int_not_equal(lines_written_in(worker, sizeof(*worker)), 0);
    assert_int_equal(written_by_others(worker), 0);
    assert_non_null(stolen);
    stolen->run(stolen);
    gate_open(&gate);
    assert_true(test_wait_for(&done, POSTS));
    assert_int_equal(failures, 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ traces */

static uintptr_t line_of(const void *address)
{
    return (uintptr_t)address / MAG_CACHE_LINE;
}

/* The words of the rings lie one behind the other. */
static void each_worker_traces_on_lines_of_its_own(void **state)
{
    struct mag_trace_config config;
    (void)state;

    mag_trace_config_init(&config);
    config.events = 16;
    sched = test_sched_start_alone(WORKERS);
    assert_int_equal(mag_trace_start(sched, &config), 0);
    /* acquire: as mag_trace_put. */
    const struct mag_trace *trace =
        atomic_load_explicit(&sched->trace, memory_order_acquire);
    size_t words = trace->size * MAG_TRACE_WORDS;

    for (uint32_t i = 1; i < WORKERS; i++) {
        const struct mag_trace_ring *ring = &trace->rings[i];

        assert_true(line_of(ring) > line_of((const char *)ring - 1));
        assert_true(line_of(ring->words) > line_of(&ring[-1].words[words - 1]));
    }
    assert_int_equal(mag_trace_stop(sched), 0);
    mag_sched_destroy(sched);
}

static void the_words_that_others_write_are_on_other_lines(void **state)
{
    static const size_t others[] = {
        offsetof(struct mag_worker, ring),    offsetof(struct mag_worker, hand),
        offsetof(struct mag_worker, inbox),   offsetof(struct mag_worker, sleeper),
        offsetof(struct mag_worker, benched), SHOWN};
    static const size_t own[] = {COUNTS, COUNTS + sizeof(struct mag_worker_counts) - 1,
                                 offsetof(struct mag_worker, times), NOTE,
                                 offsetof(struct mag_worker, sched)};
    (void)state;

    assert_int_equal(sizeof(struct mag_worker) % MAG_CACHE_LINE, 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        for (size_t j = 0; j < sizeof(own) / sizeof(own[0]); j++)
            assert_int_not_equal(others[i] / MAG_CACHE_LINE, own[j] / MAG_CACHE_LINE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_write_no_line_that_a_worker_counts_on),
        cmocka_unit_test(the_words_that_others_write_are_on_other_lines),
        cmocka_unit_test(each_worker_traces_on_lines_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
