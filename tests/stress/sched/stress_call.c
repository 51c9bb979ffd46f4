/*
 * Threads submit functions one by one, to two schedulers that stop and start meanwhile,
 * and post jobs in between.  Each call that was accepted runs once, unless its scheduler
 * was canceled; calls of one thread run in their order on a scheduler of one worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/submit.h>

enum { THREADS = 4, ROUNDS = 20, CALLS = 3000, SCHEDS = 2 };

struct sender;

/* What one thread sends to one scheduler. */
struct lane {
    struct sender *sender;
    uint64_t sent; /* its thread's */
    shared ran;
    shared disorders; /* later calls that ran first */
};

struct sender {
    pthread_t thread;
    uint64_t random;
    struct lane lanes[SCHEDS];
    shared failed;
};

struct item {
    struct mag_job job; /* first */
    struct lane *lane;
    uint64_t number;
};

static struct mag_sched *scheds[SCHEDS];
static struct sender senders[THREADS];
static struct item items[THREADS][SCHEDS][CALLS];

/* The worker looks at its queue before its ring now and then, so a call may come before
 * those of the last batch: but never before more than one of the last 64 ones. */
static void run_item(void *arg)
{
    struct item *item = arg;
    uint64_t ran = add(&item->lane->ran, 1);

    if (item->number > ran + MAG_SCHED_FAIR_TICKS)
        (void)add(&item->lane->disorders, 1);
}

static void run_item_job(struct mag_job *job)
{
    run_item(job);
}

static int send(struct sender *sender, unsigned to, struct item *item)
{
    struct mag_submit_options named = {.name = "named"};

    switch (test_random_below(&sender->random, 40)) {
    case 0:
        item->job.run = run_item_job;
        return mag_sched_post(scheds[to], &item->job);
    case 1:
        return mag_submit_with(scheds[to], &named, run_item, item);
    case 2:
        (void)sched_yield();
        break;
    default:
        break;
    }
    return mag_submit(scheds[to], run_item, item);
}

static void *send_all(void *arg)
{
    struct sender *sender = arg;
    unsigned to = 0;

    for (unsigned i = 0; i < test_rounds(CALLS); i++) {
        if (test_random_below(&sender->random, 50) == 0)
            to = 1 - to;
        struct lane *lane = &sender->lanes[to];
        struct item *item = &items[sender - senders][to][lane->sent];
        *item = (struct item){.lane = lane, .number = lane->sent};
        int r = send(sender, to, item);
        if (r == 0)
            lane->sent++;
        else if (r != -ESHUTDOWN)
            (void)add(&sender->failed, 1);
    }
    return NULL;
}

static void begin_senders(uint64_t *random)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct sender *sender = &senders[i];

        *sender = (struct sender){.random = *random + i + 1};
        for (unsigned to = 0; to < SCHEDS; to++)
            sender->lanes[to].sender = sender;
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]),
                         0);
    *random += THREADS;
}

/* The first scheduler was drained, the second one perhaps canceled. */
static void check(bool canceled)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct lane *lanes = senders[i].lanes;

        assert_int_equal(look(&senders[i].failed), 0);
        assert_int_equal(look(&lanes[0].ran), lanes[0].sent);
        assert_int_equal(look(&lanes[0].disorders), 0);
        if (canceled)
            assert_true(look(&lanes[1].ran) <= lanes[1].sent);
        else
            assert_int_equal(look(&lanes[1].ran), lanes[1].sent);
    }
}

static void calls_run_once_and_in_the_order_of_their_thread(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned i = 0; i < test_rounds(ROUNDS); i++) {
        bool canceled = test_random_below(&random, 2) == 0;

        scheds[0] = test_sched_start(1);
        scheds[1] = test_sched_start(3);
        begin_senders(&random);
        if (test_random_below(&random, 2) == 0)
            test_sleep_ms((unsigned)test_random_below(&random, 4));
        /* While threads send. */
        assert_int_equal(mag_sched_stop(scheds[1],
                                        canceled ? MAG_SCHED_CANCEL : MAG_SCHED_DRAIN, -1,
                                        NULL, NULL),
                         0);
        for (unsigned t = 0; t < THREADS; t++)
            assert_int_equal(pthread_join(senders[t].thread, NULL), 0);
        for (unsigned to = 0; to < SCHEDS; to++)
            assert_int_equal(mag_sched_destroy(scheds[to]), 0);
        check(canceled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_run_once_and_in_the_order_of_their_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
