/*
 * Storms in a channel: async functions and threads send and receive, another thread
 * cancels those who wait and closes the channel at random moments.  Every item whose send
 * succeeded is received once, and no other; each receiver sees the items of a sender in
 * their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>
#include <pthread.h>

enum { SIDE_MAX = 4, ACTORS = 2 * SIDE_MAX, CANCELS = 50, ITEMS = 400, ROUNDS = 300 };

struct item {
    uint32_t sender;
    uint32_t number; /* from 1 */
};

MAG_CHANNEL_DEFINE(items, struct item)

/* A sender or a receiver.  Its cancel objects are used one after the other; the thread
 * that cancels fires the one that is in use. */
struct actor {
    struct items *channel;
    uint32_t index;
    uint64_t random;
    bool tries; /* also by the functions that never wait */
    pthread_t thread;
    struct mag_cancel cancels[CANCELS];
    _Atomic(uint32_t) cancel; /* the one in use */
    uint64_t count[SIDE_MAX]; /* of items, by sender */
    uint64_t sum[SIDE_MAX];
    uint32_t last[SIDE_MAX];
    unsigned wrong;
};

static struct actor actors[ACTORS];
static _Atomic(uint64_t) ended;

static struct mag_cancel *cancel_of(struct actor *actor)
{
    /* relaxed: only this actor changes it. */
    uint32_t index = atomic_load_explicit(&actor->cancel, memory_order_relaxed);

    if (index < CANCELS && mag_cancel_has_fired(&actor->cancels[index])) {
        index++;
        /* relaxed: any thread may fire any of them. */
        atomic_store_explicit(&actor->cancel, index, memory_order_relaxed);
    }
    return index < CANCELS && test_random_below(&actor->random, 4) != 0
               ? &actor->cancels[index]
               : NULL;
}

static void note(struct actor *actor, uint32_t sender, uint32_t number)
{
    if (sender >= SIDE_MAX || number <= actor->last[sender]) {
        actor->wrong++;
        return;
    }
    actor->last[sender] = number;
    actor->count[sender]++;
    actor->sum[sender] += number;
}

/* ---------------------------------------------------------------- what actors do */

static mag_task begin_send(struct actor *actor, uint32_t number)
{
    struct item item = {actor->index, number};
    int r = -EAGAIN;

    if (actor->tries && test_random_below(&actor->random, 2) == 0)
        r = items_try_send(actor->channel, item);
    if (r == 0)
        return mag_task_done();
    return items_send_until(actor->channel, item, cancel_of(actor));
}

/* False: the channel is closed. */
static bool sent(struct actor *actor, uint32_t number, int r)
{
    if (r == 0)
        note(actor, actor->index, number);
    else if (r != -ECANCELED && r != MAG_CHANNEL_CLOSED)
        actor->wrong++;
    return r != MAG_CHANNEL_CLOSED;
}

static items_task begin_receive(struct actor *actor)
{
    struct item item;

    if (actor->tries && test_random_below(&actor->random, 2) == 0 &&
        items_try_receive(actor->channel, &item) == 0)
        return items_task_result(item);
    return items_receive_until(actor->channel, cancel_of(actor));
}

/* False: the channel has ended. */
static bool received(struct actor *actor, struct item item, int r)
{
    if (r == 0)
        note(actor, item.sender, item.number);
    else if (r != -ECANCELED && r != MAG_CHANNEL_END)
        actor->wrong++;
    return r != MAG_CHANNEL_END;
}

MAG_ASYNC(mag_task, send_all, (struct actor *, actor), uint32_t number; int r;)
{
    MAG_BEGIN(f);
    for (f->number = 1; f->number <= ITEMS; f->number++) {
        MAG_TRY_DONE(f, f->r, begin_send(f->actor, f->number));
        if (!sent(f->actor, f->number, f->r))
            break;
    }
    (void)test_add(&ended, 1);
    MAG_END(f);
}

MAG_ASYNC(mag_task, receive_all, (struct actor *, actor), struct item item; int r;)
{
    MAG_BEGIN(f);
    do {
        MAG_TRY(f, f->r, f->item, begin_receive(f->actor));
    } while (received(f->actor, f->item, f->r));
    (void)test_add(&ended, 1);
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, start_actor, struct actor *, actor)

static mag_task start_actor(struct actor *actor)
{
    return actor->index < SIDE_MAX ? send_all(actor) : receive_all(actor);
}

static void *send_from_thread(void *arg)
{
    struct actor *actor = arg;

    for (uint32_t number = 1; number <= ITEMS; number++) {
        if (!sent(actor, number, mag_task_wait(begin_send(actor, number))))
            break;
    }
    (void)test_add(&ended, 1);
    return NULL;
}

static void *receive_on_thread(void *arg)
{
    struct actor *actor = arg;
    struct item item = {0, 0};
    int r;

    do {
        r = items_task_wait(begin_receive(actor), &item);
    } while (received(actor, item, r));
    (void)test_add(&ended, 1);
    return NULL;
}

/* -------------------------------------------------------------------------- a storm */

struct storm {
    struct items *channel;
    uint32_t senders, receivers;
    uint64_t close_after; /* fires of cancel objects */
    mag_task tasks[ACTORS];
};

static void begin_actor(struct storm *storm, struct mag_sched *sched, uint32_t index,
                        uint64_t *random)
{
    struct actor *actor = &actors[index];

    memset(actor, 0, sizeof(*actor));
    actor->channel = storm->channel;
    actor->index = index;
    actor->random = test_random(random) | 1;
    actor->tries = test_random_below(random, 2) == 0;
    if (index % 2 == 0)
        storm->tasks[index] = start_actor_submit(sched, actor);
    else
        assert_int_equal(
            pthread_create(&actor->thread, NULL,
                           index < SIDE_MAX ? send_from_thread : receive_on_thread,
                           actor),
            0);
}

static void end_actor(struct storm *storm, uint32_t index)
{
    if (index % 2 == 0)
        assert_int_equal(mag_task_wait(storm->tasks[index]), 0);
    else
        assert_int_equal(pthread_join(actors[index].thread, NULL), 0);
    assert_int_equal(actors[index].wrong, 0);
}

/* Fires the cancel object that some actor uses. */
static void cancel_somebody(uint64_t *random)
{
    struct actor *actor = &actors[test_random_below(random, ACTORS)];
    /* relaxed: any one will do. */
    uint32_t index = atomic_load_explicit(&actor->cancel, memory_order_relaxed);

    if (index < CANCELS)
        (void)mag_cancel_fire(&actor->cancels[index]);
}

/* Cancels until the channel is to be closed, or all senders have ended. */
static void disturb(struct storm *storm, uint64_t *random)
{
    for (uint64_t i = 0; i < storm->close_after && test_read(&ended) < storm->senders;
         i++) {
        cancel_somebody(random);
        test_turn((unsigned)(i % 40));
    }
    if (test_random_below(random, 2) == 0)
        assert_true(test_wait_for(&ended, storm->senders));
    assert_true(items_close(storm->channel));
}

static void check(void)
{
    for (uint32_t sender = 0; sender < SIDE_MAX; sender++) {
        uint64_t count = 0, sum = 0;

        for (uint32_t i = SIDE_MAX; i < ACTORS; i++) {
            count += actors[i].count[sender];
            sum += actors[i].sum[sender];
        }
        assert_int_equal(count, actors[sender].count[sender]);
        assert_int_equal(sum, actors[sender].sum[sender]);
    }
}

static void run_storm(struct mag_sched *sched, uint64_t *random)
{
    static const size_t capacities[] = {0, 1, 2, 7, 64, MAG_CHANNEL_UNBOUNDED};
    struct storm storm = {.senders = 1 + test_random_below(random, SIDE_MAX),
                          .receivers = 1 + test_random_below(random, SIDE_MAX),
                          .close_after = test_random(random) % 2000};

    assert_int_equal(
        items_create(capacities[test_random_below(random, 6)], &storm.channel), 0);
    memset(actors, 0, sizeof(actors));
    /* relaxed: no actor runs. */
    atomic_store_explicit(&ended, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < storm.senders; i++)
        begin_actor(&storm, sched, i, random);
    for (uint32_t i = 0; i < storm.receivers; i++)
        begin_actor(&storm, sched, SIDE_MAX + i, random);
    disturb(&storm, random);
    for (uint32_t i = 0; i < storm.senders; i++)
        end_actor(&storm, i);
    for (uint32_t i = 0; i < storm.receivers; i++)
        end_actor(&storm, SIDE_MAX + i);
    check();
    items_destroy(storm.channel);
}

static void every_item_that_was_sent_is_received_once(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    uint64_t random = test_seed();
    uint64_t rounds = test_rounds(ROUNDS);
    (void)state;

    for (uint64_t i = 0; i < rounds && test_goes_on(i, rounds); i++)
        run_storm(sched, &random);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_that_was_sent_is_received_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
