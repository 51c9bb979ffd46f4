/*
 * channel.c - numbers through a channel: from one producer or four to one consumer or
 * four, with room for 64 items or without a limit.
 *
 * Producers and consumers are async functions of the scheduler.  The last producer to end
 * closes the channel, and the consumers then end.  The answer is the number of items if
 * the right ones have come out, by their sum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/magpie.h>

enum { ROOM = 64, SIDE_MAX = 4 };

MAG_CHANNEL_DEFINE(numbers, uint64_t)

/* What a consumer has received. */
struct tally {
    uint64_t sum;
    uint64_t count;
};

MAG_VTASK_DEFINE(tally_task, struct tally)

MAG_ASYNC(mag_task, produce, (struct numbers *, out, uint64_t, begin, uint64_t, end),
          uint64_t item;)
{
    MAG_BEGIN(f);
    for (f->item = f->begin; f->item < f->end; f->item++)
        MAG_AWAIT_DONE(f, numbers_send(f->out, f->item));
    return mag_task_done();
    MAG_END(f);
}

MAG_ASYNC(tally_task, consume, (struct numbers *, in), struct tally tally; uint64_t item;
          int error;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->error, f->item, numbers_receive(f->in));
        if (f->error == MAG_CHANNEL_END)
            return tally_task_result(f->tally);
        if (f->error != 0)
            MAG_FAIL(f, f->error);
        f->tally.sum += f->item;
        f->tally.count++;
    }
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, begin_producer, struct numbers *, out, uint64_t, begin,
                uint64_t, end)
MAG_SUBMIT_TASK(tally_task, begin_consumer, struct numbers *, in)

static mag_task begin_producer(struct numbers *out, uint64_t begin, uint64_t end)
{
    return produce(out, begin, end);
}

static tally_task begin_consumer(struct numbers *in)
{
    return consume(in);
}

static int wait_for_producers(struct numbers *channel, const mag_task *producers,
                              uint32_t count)
{
    int r = 0;

    for (uint32_t i = 0; i < count; i++) {
        int error = mag_task_wait(producers[i]);
        r = r == 0 ? error : r;
    }
    (void)numbers_close(channel);
    return r;
}

static int wait_for_consumers(const tally_task *consumers, uint32_t count,
                              struct tally *ret_all)
{
    int r = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct tally tally = {0, 0};
        int error = tally_task_wait(consumers[i], &tally);
        ret_all->sum += tally.sum;
        ret_all->count += tally.count;
        r = r == 0 ? error : r;
    }
    return r;
}

static int run_channel(struct bench_run *run, uint32_t senders, uint32_t receivers,
                       size_t capacity)
{
    struct numbers *channel;
    mag_task producers[SIDE_MAX];
    tally_task consumers[SIDE_MAX];
    struct tally all = {0, 0};
    uint64_t each = run->size / senders;
    int r = numbers_create(capacity, &channel);

    if (r != 0)
        return r;
    for (uint32_t i = 0; i < receivers; i++)
        consumers[i] = begin_consumer_submit(run->sched, channel);
    for (uint32_t i = 0; i < senders; i++)
        producers[i] = begin_producer_submit(
            run->sched, channel, i * each, i + 1 < senders ? (i + 1) * each : run->size);
    r = wait_for_producers(channel, producers, senders);
    int error = wait_for_consumers(consumers, receivers, &all);
    numbers_destroy(channel);
    run->answer = all.sum == run->size * (run->size - 1) / 2 ? all.count : 0;
    return r == 0 ? error : r;
}

#define CHANNEL(row, called, senders, receivers, capacity, text, tells) \
    static int run_##row(struct bench_run *run)                         \
    {                                                                   \
        return run_channel(run, (senders), (receivers), (capacity));    \
    }                                                                   \
    const struct bench_workload bench_channel_##row = {                 \
        .group = "channel",                                             \
        .name = (called),                                               \
        .summary = (text),                                              \
        .shows = (tells),                                               \
        .size_is = "items",                                             \
        .sizes = {1000000},                                             \
        .size_min = 4,                                                  \
        .size_max = UINT64_C(1000000000),                               \
        .per_operation = true,                                          \
        .workers_only = true,                                           \
        .run_magpie = run_##row,                                        \
    }

CHANNEL(1_1, "channel-1-1", 1, 1, ROOM, "a channel of 64, a producer, a consumer",
        "the cost of an item, from one sender to one receiver");
CHANNEL(4_1, "channel-4-1", 4, 1, ROOM, "a channel of 64, 4 producers, a consumer",
        "the cost of an item when senders meet at their end");
CHANNEL(1_4, "channel-1-4", 1, 4, ROOM, "a channel of 64, a producer, 4 consumers",
        "the cost of an item when receivers meet at their end");
CHANNEL(4_4, "channel-4-4", 4, 4, ROOM, "a channel of 64, 4 producers, 4 consumers",
        "the cost of an item when many meet at both ends");
CHANNEL(1_1_unbounded, "channel-1-1-unbounded", 1, 1, MAG_CHANNEL_UNBOUNDED,
        "an unbounded channel, a producer, a consumer",
        "the cost of an item, from one sender to one receiver, without a limit");
CHANNEL(4_1_unbounded, "channel-4-1-unbounded", 4, 1, MAG_CHANNEL_UNBOUNDED,
        "an unbounded channel, 4 producers, a consumer",
        "the cost of an item when senders meet at their end, without a limit");
CHANNEL(1_4_unbounded, "channel-1-4-unbounded", 1, 4, MAG_CHANNEL_UNBOUNDED,
        "an unbounded channel, a producer, 4 consumers",
        "the cost of an item when receivers meet at their end, without a limit");
CHANNEL(4_4_unbounded, "channel-4-4-unbounded", 4, 4, MAG_CHANNEL_UNBOUNDED,
        "an unbounded channel, 4 producers, 4 consumers",
        "the cost of an item when many meet at both ends, without a limit");
