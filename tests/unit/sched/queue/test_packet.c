/*
 * Packets: calls come out of a queue in the order in which they went in; a packet that is
 * closed takes no more; and it goes back to its pool once nothing uses it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"

#include "sched/queue/inject.h"

enum { JOBS = 40 };

static struct mag_inject queue;
static struct mag_job jobs[2];
static int numbers[JOBS];

static void run(struct mag_job *job)
{
    (void)job;
}

static void function(void *arg)
{
    (void)arg;
}

static int begin(void **state)
{
    (void)state;
    mag_inject_init(&queue);
    jobs[0].run = jobs[1].run = run;
    return 0;
}

/* Pushes a packet with calls 0 to `count` - 1. */
static struct mag_packet *push_packet(uint32_t count)
{
    struct mag_packet *packet = NULL;

    assert_int_equal(mag_packet_new(&packet), 0);
    mag_packet_begin(packet, run, function, &numbers[0]);
    mag_inject_push(&queue, &packet->job, &packet->job);
    for (uint32_t i = 1; i < count; i++)
        assert_true(mag_packet_add(packet, i, run, function, &numbers[i]));
    return packet;
}

static void assert_call(struct mag_job *job, uint32_t number)
{
    struct mag_call *call = (struct mag_call *)(void *)job;

    assert_ptr_equal(job->run, run);
    assert_ptr_equal(call->arg, &numbers[number]);
}

/* As a worker that takes calls and is done with them. */
static void take_and_end(uint32_t room, uint32_t first, uint32_t count)
{
    struct mag_job *batch[JOBS];
    struct mag_packet_tab tab = {NULL, 0};

    assert_int_equal(mag_inject_take(&queue, batch, room), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_call(batch[i], first + i);
        mag_packet_note(&tab, mag_packet_of((struct mag_call *)(void *)batch[i]));
    }
    mag_packet_settle(&tab);
}

static void calls_come_out_in_the_order_in_which_they_were_added(void **state)
{
    struct mag_packet *packet = push_packet(MAG_PACKET_CALLS);
    (void)state;

    take_and_end(JOBS, 0, MAG_PACKET_CALLS);
    assert_false(mag_inject_waiting(&queue));
    mag_packet_release(packet, 1);
}

static void a_closed_packet_takes_no_more_calls(void **state)
{
    struct mag_packet *packet = push_packet(2);
    (void)state;

    take_and_end(JOBS, 0, 2);
    assert_false(mag_packet_add(packet, 2, run, function, &numbers[2]));
    assert_int_equal(packet->count, 2);
    mag_packet_release(packet, 1);
}

static void what_does_not_fit_stays_in_the_queue_for_the_next_one(void **state)
{
    struct mag_packet *packet = push_packet(5);
    (void)state;

    take_and_end(2, 0, 2);
    assert_true(mag_inject_waiting(&queue));
    take_and_end(1, 2, 1);
    take_and_end(JOBS, 3, 2);
    assert_false(mag_inject_waiting(&queue));
    mag_packet_release(packet, 1);
}

/* So that its thread can go on to add calls while the jobs run. */
static void jobs_before_a_packet_are_taken_alone(void **state)
{
    struct mag_job *batch[JOBS];
    struct mag_packet *packet;
    (void)state;

    mag_inject_push(&queue, &jobs[0], &jobs[0]);
    packet = push_packet(1);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 1);
    assert_ptr_equal(batch[0], &jobs[0]);
    assert_true(mag_packet_add(packet, 1, run, function, &numbers[1]));
    mag_inject_push(&queue, &jobs[1], &jobs[1]);
    take_and_end(JOBS, 0, 2);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 1);
    assert_ptr_equal(batch[0], &jobs[1]);
    mag_packet_release(packet, 1);
}

/* A push between its two steps: the queue's last job is another one, which is not linked
 * yet. */
static void an_empty_packet_stays_while_a_push_behind_it_is_under_way(void **state)
{
    struct mag_packet *packet = push_packet(1);
    struct mag_job *batch[JOBS];
    (void)state;

    /* relaxed, all: one thread. */
    atomic_store_explicit(&jobs[0].next, NULL, memory_order_relaxed);
    /* relaxed: as above. */
    struct mag_job *before =
        atomic_exchange_explicit(&queue.last, &jobs[0], memory_order_relaxed);
    take_and_end(JOBS, 0, 1);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 0);
    assert_true(mag_inject_waiting(&queue));
    /* relaxed: as above. */
    atomic_store_explicit(&before->next, &jobs[0], memory_order_relaxed);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 0);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 1);
    assert_ptr_equal(batch[0], &jobs[0]);
    mag_packet_release(packet, 1);
}

static uint32_t holds(struct mag_packet *packet)
{
    /* relaxed: one thread. */
    return atomic_load_explicit(&packet->holds, memory_order_relaxed);
}

/* The submitter, the queue and each call hold it; it is filled again only after all of
 * them have let go.  The group's end checks that each packet has been given back. */
static void a_packet_is_held_by_its_thread_and_by_calls_that_are_not_over(void **state)
{
    struct mag_packet_tab tabs[2] = {{NULL, 0}, {NULL, 0}};
    struct mag_packet *packet = push_packet(3);
    struct mag_job *batch[JOBS];
    (void)state;

    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 3);
    assert_int_equal(holds(packet), 4);
    for (unsigned i = 0; i < 3; i++)
        mag_packet_note(&tabs[i % 2], packet);
    assert_int_equal(holds(packet), 4);
    mag_packet_settle(&tabs[0]);
    assert_int_equal(holds(packet), 2);
    mag_packet_settle(&tabs[0]);
    assert_int_equal(holds(packet), 2);
    mag_packet_release(packet, 1);
    mag_packet_settle(&tabs[1]);
}

static void a_call_of_another_packet_settles_those_before_it(void **state)
{
    struct mag_packet_tab tab = {NULL, 0};
    struct mag_packet *first = push_packet(2);
    struct mag_packet *second = push_packet(1);
    struct mag_job *batch[JOBS];
    (void)state;

    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 2);
    assert_int_equal(mag_inject_take(&queue, batch + 2, JOBS - 2), 1);
    mag_packet_note(&tab, first);
    mag_packet_note(&tab, first);
    assert_int_equal(holds(first), 3);
    mag_packet_note(&tab, second);
    assert_int_equal(holds(first), 1);
    mag_packet_settle(&tab);
    assert_int_equal(holds(second), 1);
    mag_packet_release(first, 1);
    mag_packet_release(second, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_come_out_in_the_order_in_which_they_were_added),
        TEST(a_closed_packet_takes_no_more_calls),
        TEST(what_does_not_fit_stays_in_the_queue_for_the_next_one),
        TEST(jobs_before_a_packet_are_taken_alone),
        TEST(an_empty_packet_stays_while_a_push_behind_it_is_under_way),
        TEST(a_packet_is_held_by_its_thread_and_by_calls_that_are_not_over),
        TEST(a_call_of_another_packet_settles_those_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
