/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/operation.h>

#include <pthread.h>
#include <stdatomic.h>

/*
 * A queue of items in which readers wait.  Every other read can be canceled, and one
 * thread cancels while another writes.  Canceled waits stay in the queue as (object, key)
 * until the writer meets them: by then the object may be another read.
 */
struct item_queue {
    pthread_mutex_t lock;
    struct {
        struct mag_operation *read;
        uint64_t key;
    } waiting[64];
    uint32_t first, last;
};

struct read {
    struct mag_operation operation;
    struct mag_cancel_registration registration;
};

static struct mag_operation_type read_type =
    MAG_OPERATION_TYPE(struct read, MAG_CANCELABLE(registration));
static struct item_queue queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { LAPS = 64 };

/* The cancel of one of the latest reads; cancel_all fires the one that it is shown. */
static struct mag_cancel *_Atomic shown;
static _Atomic(bool) over;
static uint32_t reads;

/* True: the queue keeps the read.  False: the queue is full of canceled waits. */
static bool wait_for_item(struct mag_operation *read, uint64_t key)
{
    bool room;

    (void)pthread_mutex_lock(&queue.lock);
    room = queue.last - queue.first < LAPS;
    if (room) {
        queue.waiting[queue.last % LAPS].read = read;
        queue.waiting[queue.last++ % LAPS].key = key;
    }
    (void)pthread_mutex_unlock(&queue.lock);
    return room;
}

/* The next waiting read, or NULL. */
static struct mag_operation *next_reader(uint64_t *ret_key)
{
    struct mag_operation *read = NULL;

    (void)pthread_mutex_lock(&queue.lock);
    if (queue.first != queue.last) {
        read = queue.waiting[queue.first % LAPS].read;
        *ret_key = queue.waiting[queue.first++ % LAPS].key;
    }
    (void)pthread_mutex_unlock(&queue.lock);
    return read;
}

/* Delivers each item to the first read that still waits, or keeps it (VT-148). */
static void *write_all(void *arg)
{
    uint64_t item = 1, *ret_delivered = arg, delivered = 0;
    unsigned tries = 0;

    /* acquire: the readers have finished. */
    while (!atomic_load_explicit(&over, memory_order_acquire)) {
        uint64_t key;
        struct mag_operation *read = next_reader(&key);
        tries = read != NULL ? 0 : tries + 1;
        test_turn(tries);
        if (read != NULL && mag_operation_try_result(read, key, item)) {
            delivered += item;
            item++;
        }
    }
    *ret_delivered = delivered;
    return NULL;
}

/*
 * Edges: release end -> acquire end : what crosses
 *   shown   read_one (shown) -> cancel_all (shown) : the cancel
 *   hidden  cancel_all (busy) -> read_one (busy) : the firing is over
 */
static _Atomic(uint64_t) busy;

static void *cancel_all(void *arg)
{
    unsigned tries = 0;
    (void)arg;

    /* acquire: the readers have finished. */
    while (!atomic_load_explicit(&over, memory_order_acquire)) {
        test_turn(tries++);
        /* relaxed: taken by the swap below. */
        if (atomic_load_explicit(&shown, memory_order_relaxed) == NULL)
            continue;
        tries = 0;
        /* shown, acquire; release: nothing of this thread's crosses. */
        struct mag_cancel *cancel =
            atomic_exchange_explicit(&shown, NULL, memory_order_acq_rel);
        if (cancel == NULL)
            continue;
        (void)mag_cancel_fire(cancel);
        /* hidden, release: the cancel belongs to the reader again. */
        (void)atomic_fetch_add_explicit(&busy, 1, memory_order_release);
    }
    return NULL;
}

/* The reader takes its cancel back: no thread fires it from here on. */
static void hide(struct mag_cancel *cancel, uint64_t *fired)
{
    struct mag_cancel *expected = cancel;

    /* acquire, release on both: as in cancel_all; acquire on failure: likewise. */
    if (atomic_compare_exchange_strong_explicit(
            &shown, &expected, NULL, memory_order_acq_rel, memory_order_acquire))
        return;
    (*fired)++;
    /* hidden, acquire: the firing is over. */
    for (unsigned tries = 0; atomic_load_explicit(&busy, memory_order_acquire) != *fired;
         tries++)
        test_turn(tries);
}

struct tally {
    uint64_t sum, last, canceled, wrong, fired;
};

/* Runs one read to its end. */
static void read_one(uint32_t number, struct tally *tally)
{
    struct mag_cancel cancel = {0};
    bool can_cancel = number % 2 != 0;
    void *object;
    uint64_t result = 0, detail = 0;

    if (mag_operation_rent(&read_type, &object) != 0) {
        tally->wrong++;
        return;
    }
    struct mag_operation *read = object;
    mag_vtask task = mag_operation_task(read);
    uint64_t key = mag_operation_share(read, can_cancel ? &cancel : NULL);
    if (!wait_for_item(read, key)) {
        /* The read may have been canceled already. */
        bool won = mag_operation_try_error(read, key, -EAGAIN, 0);
        (void)won;
    } else if (can_cancel) {
        /* shown, release: the cancel is ready. */
        atomic_store_explicit(&shown, &cancel, memory_order_release);
    }
    for (unsigned tries = 0; mag_vtask_status(task) == MAG_PENDING; tries++)
        test_turn(tries);
    int r = mag_vtask_get_value(task, &result, sizeof(result), &detail);
    if (r == 0) {
        tally->wrong += result <= tally->last;
        tally->last = result;
        tally->sum += result;
    } else if (r == -ECANCELED && can_cancel && detail == (uintptr_t)&cancel) {
        tally->canceled++;
    } else if (r != -EAGAIN) {
        tally->wrong++;
    }
    if (can_cancel && r != -EAGAIN)
        hide(&cancel, &tally->fired);
}

/* VT-148, VT-163 */
static void every_item_goes_to_one_read_while_others_are_canceled(void **state)
{
    struct tally tally = {0};
    uint64_t delivered = 0;
    pthread_t writer, canceler;
    (void)state;

    uint32_t rounds = test_rounds(100000);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &delivered), 0);
    assert_int_equal(pthread_create(&canceler, NULL, cancel_all, NULL), 0);
    for (reads = 0; test_goes_on(reads, rounds); reads++)
        read_one(reads, &tally);
    /* release: the reads are over. */
    atomic_store_explicit(&over, true, memory_order_release);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(pthread_join(canceler, NULL), 0);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.sum, delivered);
    print_message("%lu of %u reads were canceled\n", tally.canceled, reads);
}

/* ------------------------------------------------- many threads, immediate reuse */

enum { THREADS = 4 };

struct lane {
    pthread_t thread;
    uint64_t wrong;
};

/* Two completers race for each operation: the lane itself and its neighbor. */
static struct {
    pthread_mutex_t lock;
    struct mag_operation *operation;
    uint64_t key;
} offers[THREADS];
static struct lane lanes[THREADS];

static void offer(unsigned lane, struct mag_operation *operation, uint64_t key)
{
    (void)pthread_mutex_lock(&offers[lane].lock);
    offers[lane].operation = operation;
    offers[lane].key = key;
    (void)pthread_mutex_unlock(&offers[lane].lock);
}

/* Tries to complete the latest operation of a lane, which may have ended long ago. */
static void disturb(unsigned lane)
{
    (void)pthread_mutex_lock(&offers[lane].lock);
    struct mag_operation *operation = offers[lane].operation;
    uint64_t key = offers[lane].key;
    (void)pthread_mutex_unlock(&offers[lane].lock);
    bool won = operation != NULL && mag_operation_try_result(operation, key, 7);
    (void)won;
}

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    unsigned self = (unsigned)(lane - lanes);
    uint32_t rounds = test_rounds(50000);

    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        uint64_t result = 0;
        void *object;
        if (mag_operation_rent(&mag_operation_word, &object) != 0) {
            lane->wrong++;
            continue;
        }
        struct mag_operation *operation = object;
        mag_vtask task = mag_operation_task(operation);
        uint64_t key = mag_operation_share(operation, NULL);
        offer(self, operation, key);
        disturb((self + 1) % THREADS);
        bool mine = mag_operation_try_result(operation, key, 42 + i);
        for (unsigned tries = 0; mag_vtask_status(task) == MAG_PENDING; tries++)
            test_turn(tries);
        lane->wrong += mag_vtask_get(task, &result) != 0;
        lane->wrong += result != (mine ? 42 + (uint64_t)i : 7);
    }
    return NULL;
}

/* VT-173, VT-148, VT-200 */
static void results_never_cross_between_operations_of_many_threads(void **state)
{
    (void)state;

    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_mutex_init(&offers[i].lock, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        lanes[i].wrong = 0;
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(lanes[i].thread, NULL), 0);
        assert_int_equal(lanes[i].wrong, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_goes_to_one_read_while_others_are_canceled),
        cmocka_unit_test(results_never_cross_between_operations_of_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
