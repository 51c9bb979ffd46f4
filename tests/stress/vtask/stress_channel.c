/*
 * Storms in two channels: async functions and threads send and receive, one item or many,
 * as tasks or in the connected form, from one channel or from the first that has one;
 * another thread cancels those who wait and closes the channels at random moments.  Every
 * item whose send succeeded is received once, and no other; each receiver sees the items
 * of a sender in their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>
#include <pthread.h>
#include <string.h>

enum {
    SIDE_MAX = 4,
    ACTORS = 2 * SIDE_MAX,
    CANCELS = 50,
    ITEMS = 400,
    ROUNDS = 300,
    BATCH = 7,
};

struct item {
    uint32_t sender;
    uint32_t number; /* from 1 */
};

MAG_CHANNEL_DEFINE(items, struct item)

/* A sender or a receiver.  Its cancel objects are used one after the other; the thread
 * that cancels fires the one that is in use. */
struct actor {
    struct items *channels[2]; /* a select has two, the others the first */
    uint32_t index;
    uint64_t random;
    bool tries; /* also by the functions that never wait */
    struct item batch[BATCH];
    size_t tried; /* items of the batch that a try has sent */
    size_t sent;  /* and those behind them that were sent after it */
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
        r = items_try_send(actor->channels[0], item);
    if (r == 0)
        return mag_task_done();
    return items_send_until(actor->channels[0], item, cancel_of(actor));
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
        items_try_receive(actor->channels[0], &item) == 0)
        return items_task_result(item);
    return items_receive_until(actor->channels[0], cancel_of(actor));
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

/* Half of the sends and receives of one item are of the connected form.  Its state is the
 * function's own between two of them. */
static bool connects(struct actor *actor)
{
    return test_random_below(&actor->random, 2) == 0;
}

static void spoil(struct items_state *state)
{
    memset((void *)state, 0xff, sizeof(*state));
}

/* NOLINTNEXTLINE(readability-function-*): MAG_TRY is more than it looks. */
MAG_ASYNC(mag_task, send_all, (struct actor *, actor), uint32_t number;
          struct items_state state; int r;)
{
    MAG_BEGIN(f);
    for (f->number = 1; f->number <= ITEMS; f->number++) {
        if (connects(f->actor)) {
            MAG_CONNECT_TRY_DONE(
                f, f->r, items_send_until, &f->state, f->actor->channels[0],
                ((struct item){f->actor->index, f->number}), cancel_of(f->actor));
            spoil(&f->state);
        } else {
            MAG_TRY_DONE(f, f->r, begin_send(f->actor, f->number));
        }
        if (!sent(f->actor, f->number, f->r))
            break;
    }
    (void)test_add(&ended, 1);
    MAG_END(f);
}

/* A batch from `number` on. */
static mag_task begin_batch(struct actor *actor, uint32_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        actor->batch[i] = (struct item){actor->index, number + i};
    actor->tried = 0;
    actor->sent = 0;
    if (actor->tries && test_random_below(&actor->random, 2) == 0 &&
        items_try_send_many(actor->channels[0], actor->batch, count, &actor->tried) == 0)
        return mag_task_done();
    return items_send_many(actor->channels[0], actor->batch + actor->tried,
                           count - actor->tried, cancel_of(actor), &actor->sent);
}

/* False: the channel is closed. */
static bool sent_batch(struct actor *actor, uint32_t number, uint32_t count, int r)
{
    size_t sent_items = actor->tried + actor->sent;

    for (uint32_t i = 0; i < sent_items; i++)
        note(actor, actor->index, number + i);
    actor->wrong += sent_items > count || (r == 0 && sent_items != count);
    actor->wrong += r != 0 && r != -ECANCELED && r != MAG_CHANNEL_CLOSED;
    return r != MAG_CHANNEL_CLOSED;
}

MAG_ASYNC(mag_task, send_batches, (struct actor *, actor), uint32_t number;
          uint32_t count; int r;)
{
    MAG_BEGIN(f);
    for (f->number = 1; f->number <= ITEMS; f->number += f->count) {
        f->count = 1 + test_random_below(&f->actor->random, BATCH);
        if (f->count > ITEMS + 1 - f->number)
            f->count = ITEMS + 1 - f->number;
        MAG_TRY_DONE(f, f->r, begin_batch(f->actor, f->number, f->count));
        if (!sent_batch(f->actor, f->number, f->count, f->r))
            break;
    }
    (void)test_add(&ended, 1);
    MAG_END(f);
}

MAG_ASYNC(mag_task, receive_batches, (struct actor *, actor), size_t count; size_t i;
          int r;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->r, f->count,
                items_receive_many(f->actor->channels[0], f->actor->batch, BATCH,
                                   cancel_of(f->actor)));
        for (f->i = 0; f->r == 0 && f->i < f->count; f->i++)
            (void)received(f->actor, f->actor->batch[f->i], 0);
        if (f->r != 0 && !received(f->actor, f->actor->batch[0], f->r))
            break;
    }
    (void)test_add(&ended, 1);
    MAG_END(f);
}

/* Until both channels have ended; a channel that has ended is left out. */
MAG_ASYNC(mag_task, receive_from_both, (struct actor *, actor),
          struct mag_channel_case cases[2];
          size_t count; size_t which; int r;)
{
    MAG_BEGIN(f);
    f->cases[0] = items_case(f->actor->channels[0], &f->actor->batch[0]);
    f->cases[1] = items_case(f->actor->channels[1], &f->actor->batch[1]);
    f->count = 2;
    while (f->count != 0) {
        MAG_TRY(f, f->r, f->which, mag_select(f->cases, f->count, cancel_of(f->actor)));
        if (f->r == 0)
            (void)received(f->actor, *(const struct item *)f->cases[f->which].ret_item,
                           0);
        else if (!received(f->actor, f->actor->batch[0], f->r))
            f->cases[mag_async_detail(f)] = f->cases[--f->count];
    }
    (void)test_add(&ended, 1);
    MAG_END(f);
}

/* NOLINTNEXTLINE(readability-function-*): MAG_TRY is more than it looks. */
MAG_ASYNC(mag_task, receive_all, (struct actor *, actor), struct item item;
          struct items_state state; int r;)
{
    MAG_BEGIN(f);
    do {
        if (connects(f->actor)) {
            MAG_CONNECT_TRY(f, f->r, f->item, items_receive_until, &f->state,
                            f->actor->channels[0], cancel_of(f->actor));
            spoil(&f->state);
        } else {
            MAG_TRY(f, f->r, f->item, begin_receive(f->actor));
        }
    } while (received(f->actor, f->item, f->r));
    (void)test_add(&ended, 1);
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, start_actor, struct actor *, actor)

static mag_task start_actor(struct actor *actor)
{
    bool batches = test_random_below(&actor->random, 2) == 0;

    if (actor->channels[1] != NULL)
        return receive_from_both(actor);
    if (actor->index < SIDE_MAX)
        return batches ? send_batches(actor) : send_all(actor);
    return batches ? receive_batches(actor) : receive_all(actor);
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
    struct items *channels[2];
    uint32_t senders, receivers;
    uint64_t close_after; /* fires of cancel objects */
    mag_task tasks[ACTORS];
};

static void begin_actor(struct storm *storm, struct mag_sched *sched, uint32_t index,
                        uint64_t *random)
{
    struct actor *actor = &actors[index];

    memset(actor, 0, sizeof(*actor));
    actor->channels[0] = storm->channels[test_random_below(random, 2)];
    /* The first receiver takes from both, so that each channel has one. */
    if (index == SIDE_MAX ||
        (index > SIDE_MAX && index % 2 == 0 && test_random_below(random, 2) == 0)) {
        actor->channels[0] = storm->channels[0];
        actor->channels[1] = storm->channels[1];
    }
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
    for (unsigned i = 0; i < 2; i++) {
        assert_true(items_close(storm->channels[i]));
        cancel_somebody(random);
    }
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
        items_create(capacities[test_random_below(random, 6)], &storm.channels[0]), 0);
    assert_int_equal(
        (test_random_below(random, 3) == 0 ? items_create_ordered : items_create)(
            capacities[test_random_below(random, 6)], &storm.channels[1]),
        0);
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
    items_destroy(storm.channels[0]);
    items_destroy(storm.channels[1]);
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

/* ------------------------------------------------------------------- no allocation */

enum { QUIET_ROUNDS = 200, TRIES_MAX = 20 };

/* Four senders and four receivers; the answer is the number of items. */
static uint64_t transfer(struct mag_sched *sched, struct items *channel)
{
    mag_task tasks[ACTORS];
    uint64_t count = 0;

    memset(actors, 0, sizeof(actors));
    for (uint32_t i = 0; i < ACTORS; i++) {
        actors[i].channels[0] = channel;
        actors[i].index = i;
        actors[i].random = i + 1;
        /* relaxed: no cancel object is used. */
        atomic_store_explicit(&actors[i].cancel, CANCELS, memory_order_relaxed);
        tasks[i] = start_actor_submit(sched, &actors[i]);
    }
    for (uint32_t i = 0; i < SIDE_MAX; i++)
        assert_int_equal(mag_task_wait(tasks[i]), 0);
    assert_true(items_close(channel));
    for (uint32_t i = SIDE_MAX; i < ACTORS; i++) {
        assert_int_equal(mag_task_wait(tasks[i]), 0);
        for (uint32_t sender = 0; sender < SIDE_MAX; sender++)
            count += actors[i].count[sender];
    }
    return count;
}

/* Allocations while items go through a few channels, which exist already. */
static uint64_t allocations_of(struct mag_sched *sched, size_t capacity, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        struct items *channel = NULL;
        assert_int_equal(items_create(capacity, &channel), 0);
        uint64_t before = test_allocations();
        assert_int_equal(transfer(sched, channel), SIDE_MAX * ITEMS);
        sum += test_allocations() - before;
        items_destroy(channel);
    }
    return sum;
}

/* Threads keep a bounded number of objects of each pool; when they have them, nothing is
 * allocated any more.  A few tries, as the threads may take turns in any way before. */
static void nothing_is_allocated_between_threads_after_warm_up(void **state)
{
    static const size_t capacities[] = {0, 1, 64, MAG_CHANNEL_UNBOUNDED};
    struct mag_sched *sched = test_sched_start(2);
    uint32_t rounds = test_rounds(QUIET_ROUNDS);
    (void)state;

    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        uint64_t allocated = 1;
        for (unsigned i = 0; i < TRIES_MAX && allocated != 0; i++)
            allocated = allocations_of(sched, capacities[c], rounds);
        assert_int_equal(allocated, 0);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_that_was_sent_is_received_once),
        cmocka_unit_test(nothing_is_allocated_between_threads_after_warm_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
