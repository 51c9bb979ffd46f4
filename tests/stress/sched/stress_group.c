/*
 * Jobs of two groups, added from threads and from jobs, withdrawn, moved, waited for one
 * by one and together, canceled, while the scheduler stops: each is run once, or was
 * withdrawn, or its add was refused, and never more run at a time than the group's limit
 * allows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { USERS = 3, GROUPS = 2, ROUNDS = 400, HANDLES = 8 };

struct lane {
    struct mag_group *group;
    uint32_t limit; /* 0: none */
    _Atomic(uint64_t) inside;
    _Atomic(uint64_t) too_many;
    _Atomic(uint64_t) added;
    _Atomic(uint64_t) runs;
    _Atomic(uint64_t) failures;
    _Atomic(uint64_t) withdrawn; /* by the hook */
    _Atomic(uint64_t) taken;     /* by mag_group_withdraw */
    _Atomic(uint64_t) odd;       /* results that cannot be */
};

struct storm {
    struct mag_sched *sched;
    struct lane lanes[GROUPS];
    _Atomic(uint64_t) random;
};

static struct storm storm;

static uint64_t next_random(void)
{
    uint64_t state = test_add(&storm.random, 0x9e3779b97f4a7c15ULL) | 1;

    (void)test_random(&state);
    return test_random(&state) >> 8;
}

static int work(void *arg);
static void wait_for(struct lane *lane, int64_t timeout_ns);

static void add_some(struct lane *lane)
{
    uint64_t count = next_random() % 8;
    int r;

    if (count == 0) {
        r = mag_group_add(lane->group, work, lane);
        count = 1;
    } else {
        r = mag_group_add_all(lane->group, work, lane, 0, count);
    }
    if (r == 0)
        (void)test_add(&lane->added, count);
    else if (r != -ECANCELED && r != -ESHUTDOWN)
        (void)test_add(&lane->odd, 1);
}

/* A job: adds, waits or fails now and then. */
static int work(void *arg)
{
    struct lane *lane = arg;
    uint64_t choice = next_random() % 64;
    int r = 0;

    if (choice == 0) {
        /* It lends its place to the jobs that it waits for. */
        (void)test_add(&lane->runs, 1);
        wait_for(lane, -1);
        return 0;
    }
    if (lane->limit != 0 && test_add(&lane->inside, 1) >= lane->limit)
        (void)test_add(&lane->too_many, 1);
    for (uint64_t pause = next_random() % 200; pause > 0; pause--)
        test_pause();
    if (choice < 8)
        add_some(lane);
    if (choice == 9)
        r = -EIO;
    (void)test_add(&lane->failures, r != 0);
    (void)test_add(&lane->runs, 1);
    if (lane->limit != 0)
        (void)test_add(&lane->inside, UINT64_MAX);
    if (choice == 10 && lane == &storm.lanes[0]) {
        add_some(&storm.lanes[1]);
        wait_for(&storm.lanes[1], 100000);
    }
    return r;
}

static void wait_for(struct lane *lane, int64_t timeout_ns)
{
    int r = mag_group_wait(lane->group, timeout_ns, NULL);

    if (r < 0 && r != -ETIMEDOUT && r != -ECANCELED && r != -ESHUTDOWN)
        (void)test_add(&lane->odd, 1);
}

static void add_one(struct lane *lane, struct mag_group_job *job)
{
    if (mag_group_add_job(lane->group, work, lane, (int64_t)(next_random() % 16), job) ==
        0)
        (void)test_add(&lane->added, 1);
}

static void use_one(struct lane *lane, struct mag_group_job job)
{
    int r = 0;

    if (job.entry == NULL)
        return;
    switch (next_random() % 4) {
    case 0:
        r = mag_group_withdraw(lane->group, job, NULL);
        (void)test_add(&lane->taken, r == 0);
        break;
    case 1:
        r = mag_group_move_to_front(lane->group, job);
        break;
    case 2:
        r = mag_group_wait_job(lane->group, job, (int64_t)(next_random() % 100000));
        break;
    default:
        r = mag_group_state(lane->group, job) < 0 ? -EINVAL : 0;
        break;
    }
    if (r != 0 && r != -EBUSY && r != -ENOENT && r != -ETIMEDOUT)
        (void)test_add(&lane->odd, 1);
}

static void *use_groups(void *arg)
{
    struct mag_group_job jobs[GROUPS][HANDLES] = {{{.entry = NULL}}};
    (void)arg;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t which = next_random() % GROUPS;
        struct lane *lane = &storm.lanes[which];
        struct mag_group_job *job = &jobs[which][next_random() % HANDLES];
        uint64_t choice = next_random() % 256;

        if (choice < 100)
            add_some(lane);
        else if (choice < 180)
            add_one(lane, job);
        else if (choice < 250)
            use_one(lane, *job);
        else if (choice < 254)
            wait_for(lane, choice == 250 ? -1 : (int64_t)(next_random() % 200000));
        else
            (void)mag_group_cancel(lane->group);
    }
    return NULL;
}

static void count_withdrawn(void *job_arg, void *hook_arg)
{
    (void)hook_arg;
    (void)test_add(&((struct lane *)job_arg)->withdrawn, 1);
}

static void make_lane(struct lane *lane, uint64_t *random)
{
    struct mag_group_config config;

    *lane = (struct lane){.limit = test_random_below(random, 4)};
    mag_group_config_init(&config);
    config.max_running = lane->limit;
    config.order = test_random_below(random, 2) ? MAG_GROUP_FIFO : MAG_GROUP_BY_KEY;
    config.cancel_on_error = test_random_below(random, 4) == 0;
    config.errors_max = 10;
    config.on_withdrawn = count_withdrawn;
    assert_int_equal(mag_group_create(storm.sched, &config, &lane->group), 0);
}

static void check(struct lane *lane)
{
    struct mag_group_counts counts = group_counts(lane->group);

    assert_int_equal(test_read(&lane->odd), 0);
    assert_int_equal(test_read(&lane->too_many), 0);
    assert_int_equal(counts.waiting + counts.running, 0);
    assert_int_equal(counts.ended, test_read(&lane->runs));
    assert_int_equal(counts.withdrawn,
                     test_read(&lane->withdrawn) + test_read(&lane->taken));
    assert_int_equal(counts.ended + counts.withdrawn, test_read(&lane->added));
    assert_int_equal(mag_group_destroy(lane->group), 0);
}

static void storm_once(uint64_t *random, uint32_t workers)
{
    enum mag_sched_stop mode =
        test_random_below(random, 2) ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    pthread_t threads[USERS];

    storm.sched = test_sched_start(workers);
    for (int i = 0; i < GROUPS; i++)
        make_lane(&storm.lanes[i], random);
    for (int i = 0; i < USERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_groups, NULL), 0);
    if (test_random_below(random, 2) != 0) {
        (void)usleep(test_random_below(random, 4000));
        assert_int_equal(mag_sched_stop(storm.sched, mode, -1, NULL, NULL), 0);
    }
    for (int i = 0; i < USERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(mag_sched_stop(storm.sched, mode, -1, NULL, NULL), 0);
    for (int i = 0; i < GROUPS; i++)
        check(&storm.lanes[i]);
    mag_sched_destroy(storm.sched);
}

static void no_job_of_a_group_is_lost_or_runs_twice(void **state)
{
    uint64_t random = test_seed();
    uint32_t rounds = test_rounds(400);
    (void)state;

    (void)test_add(&storm.random, random);
    for (uint32_t round = 0; test_goes_on(round, rounds); round++)
        storm_once(&random, round % 3 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_job_of_a_group_is_lost_or_runs_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
