/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>

enum { JOBS = 1000 };

/* ----------------------------------------------------------------------- adding */

static void every_job_runs_once(void **state)
{
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
        _Atomic(uint64_t) runs[JOBS];

        for (uint32_t i = 0; i < JOBS; i++) {
            atomic_init(&runs[i], 0);
            assert_int_equal(mag_group_add(group, group_count, &runs[i]), 0);
        }
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
        for (uint32_t i = 0; i < JOBS; i++)
            assert_int_equal(test_read(&runs[i]), 1);
        struct mag_group_counts counts = group_counts(group);
        assert_int_equal(counts.ended, JOBS);
        assert_int_equal(counts.waiting + counts.running + counts.withdrawn, 0);
        assert_int_equal(mag_group_destroy(group), 0);
        mag_sched_destroy(sched);
    }
}

static void an_array_is_added_at_once(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct {
        _Atomic(uint64_t) runs;
        uint64_t other;
    } items[JOBS];
    (void)state;

    for (uint32_t i = 0; i < JOBS; i++)
        atomic_init(&items[i].runs, 0);
    assert_int_equal(mag_group_add_all(group, group_count, items, sizeof(items[0]), 0),
                     0);
    assert_int_equal(mag_group_add_all(group, group_count, items, sizeof(items[0]), JOBS),
                     0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    for (uint32_t i = 0; i < JOBS; i++)
        assert_int_equal(test_read(&items[i].runs), 1);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

struct branch {
    struct mag_group *group;
    _Atomic(uint64_t) *runs;
    uint32_t number; /* of a node of a binary tree; its children: 2n and 2n + 1 */
};

enum { NODES = 512 };

static struct branch branches[NODES];

/* A job that adds jobs to its own group. */
static int grow(void *arg)
{
    struct branch *branch = arg;
    int r = 0;

    (void)test_add(branch->runs, 1);
    for (uint32_t n = 2 * branch->number; n <= 2 * branch->number + 1 && n < NODES; n++) {
        branches[n] = *branch;
        branches[n].number = n;
        if (r == 0)
            r = mag_group_add(branch->group, grow, &branches[n]);
    }
    return r;
}

static void a_job_added_by_a_job_of_the_group_is_waited_for(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    _Atomic(uint64_t) runs = 0;
    (void)state;

    branches[1] = (struct branch){.group = group, .runs = &runs, .number = 1};
    assert_int_equal(mag_group_add(group, grow, &branches[1]), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(test_read(&runs), NODES - 1);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void adding_allocates_nothing_once_warm(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_BY_KEY);
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    uint64_t before = 0;
    (void)state;

    for (int round = 0; round < 3; round++) {
        before = test_allocations();
        group_hold_one(group, &gate);
        for (int i = 0; i < JOBS; i++) {
            struct mag_group_job job;

            assert_int_equal(mag_group_add_job(group, group_count, &runs, -i, &job), 0);
        }
        gate_open(&gate);
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    }
    assert_int_equal(test_allocations(), before);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

/* --------------------------------------------------------------- order and limit */

struct note {
    uint32_t *list;
    uint32_t *count;
    uint32_t number;
};

/* Jobs that run one at a time. */
static int write_down(void *arg)
{
    struct note *note = arg;

    note->list[(*note->count)++] = note->number;
    return 0;
}

static void jobs_begin_in_the_order_of_the_group(void **state)
{
    static const int64_t keys[] = {5, -1, 5, 0, INT64_MAX, INT64_MIN};
    static const uint32_t by_key[] = {5, 1, 3, 0, 2, 4};
    (void)state;

    for (int order = MAG_GROUP_FIFO; order <= MAG_GROUP_BY_KEY; order++) {
        struct mag_sched *sched = test_sched_start(2);
        struct mag_group *group = test_group(sched, 1, (enum mag_group_order)order);
        uint32_t list[6];
        uint32_t count = 0;
        struct note notes[6];
        struct gate gate;
        struct mag_group_job job;

        group_hold_one(group, &gate);
        for (uint32_t i = 0; i < 6; i++) {
            notes[i] = (struct note){.list = list, .count = &count, .number = i};
            assert_int_equal(
                mag_group_add_job(group, write_down, &notes[i], keys[i], &job), 0);
        }
        gate_open(&gate);
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
        for (uint32_t i = 0; i < 6; i++)
            assert_int_equal(list[i], order == MAG_GROUP_FIFO ? i : by_key[i]);
        assert_int_equal(mag_group_destroy(group), 0);
        mag_sched_destroy(sched);
    }
}

struct crowd {
    _Atomic(uint64_t) now;
    _Atomic(uint64_t) most;
};

static int join_crowd(void *arg)
{
    struct crowd *crowd = arg;
    uint64_t now = test_add(&crowd->now, 1) + 1;
    uint64_t most = test_read(&crowd->most);

    /* relaxed: a maximum, read after the wait. */
    while (now > most && !atomic_compare_exchange_weak_explicit(&crowd->most, &most, now,
                                                                memory_order_relaxed,
                                                                memory_order_relaxed)) {
        /* Another thread has raised it. */
    }
    for (int i = 0; i < 50; i++)
        test_pause();
    /* relaxed: a count. */
    (void)atomic_fetch_sub_explicit(&crowd->now, 1, memory_order_relaxed);
    return 0;
}

static void at_most_max_running_jobs_run_at_a_time(void **state)
{
    struct mag_sched *sched = test_sched_start(4);
    struct mag_group *group = test_group(sched, 2, MAG_GROUP_FIFO);
    struct crowd crowd = {.now = 0};
    (void)state;

    for (uint32_t i = 0; i < test_rounds(5000); i++)
        assert_int_equal(mag_group_add(group, join_crowd, &crowd), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_in_range(test_read(&crowd.most), 1, 2);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void a_raised_limit_lets_waiting_jobs_begin(void **state)
{
    struct mag_sched *sched = test_sched_start(3);
    struct mag_group *group = test_group(sched, 1, MAG_GROUP_FIFO);
    struct gate gates[3];
    (void)state;

    group_hold_one(group, &gates[0]);
    for (int i = 1; i < 3; i++) {
        gate_close(&gates[i]);
        assert_int_equal(mag_group_add(group, group_hold, &gates[i]), 0);
    }
    struct mag_group_counts counts = group_counts(group);
    assert_int_equal(counts.waiting, 2);
    assert_int_equal(counts.running, 1);
    assert_int_equal(mag_group_limit(group, 0), 0);
    for (int i = 1; i < 3; i++)
        assert_true(gate_is_reached(&gates[i]));
    counts = group_counts(group);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(counts.running, 3);
    assert_int_equal(mag_group_destroy(group), -EBUSY);
    for (int i = 0; i < 3; i++)
        gate_open(&gates[i]);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void jobs_of_groups_and_of_the_scheduler_take_turns(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group *other = test_group(sched, 0, MAG_GROUP_FIFO);
    uint32_t list[64];
    uint32_t count = 0;
    struct note notes[64];
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    for (uint32_t i = 0; i < 64; i++) {
        notes[i] = (struct note){.list = list, .count = &count, .number = i};
        assert_int_equal(mag_group_add(i < 32 ? group : other, write_down, &notes[i]), 0);
    }
    gate_open(&gate);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_wait(other, -1, NULL), 0);
    uint32_t first = 0;
    while (list[first] != 32)
        first++;
    /* Each of the three runners of the first group may have had two turns. */
    assert_in_range(first, 0, 6 * MAG_GROUP_BATCH);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_group_destroy(other), 0);
    mag_sched_destroy(sched);
}

static void groups_have_priorities(void **state)
{
    enum { EACH = 40 };
    struct mag_sched *sched = test_sched_start(1);
    struct holder holder;
    struct mag_group *groups[3];
    struct mag_group_config config;
    uint32_t list[3 * EACH];
    uint32_t last[3] = {0};
    uint32_t count = 0;
    struct note notes[3];
    (void)state;

    holder_begin(&holder, sched);
    for (uint32_t i = 0; i < 3; i++) {
        mag_group_config_init(&config);
        config.priority = (enum mag_priority)((int)i + MAG_PRIORITY_LOW);
        assert_int_equal(mag_group_create(sched, &config, &groups[i]), 0);
        notes[i] = (struct note){.list = list, .count = &count, .number = i};
        assert_int_equal(mag_group_add_all(groups[i], write_down, &notes[i], 0, EACH), 0);
    }
    holder_let_go(&holder);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(mag_group_wait(groups[i], -1, NULL), 0);
    for (uint32_t i = 0; i < 3 * EACH; i++)
        last[list[i]] = i;
    /* Each has its turns, and the higher one is done before the lower one. */
    assert_true(last[2] < last[1]);
    assert_true(last[1] < last[0]);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(mag_group_destroy(groups[i]), 0);
    assert_true(test_wait_for(&holder.over, 1));
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- one job */

static void a_job_that_has_not_begun_can_be_withdrawn_once(void **state)
{
    (void)state;

    for (int order = MAG_GROUP_FIFO; order <= MAG_GROUP_BY_KEY; order++) {
        struct mag_sched *sched = test_sched_start(1);
        struct mag_group *group = test_group(sched, 0, (enum mag_group_order)order);
        _Atomic(uint64_t) runs[3] = {0};
        struct mag_group_job jobs[3];
        struct gate gate;
        void *arg = NULL;

        group_hold_one(group, &gate);
        for (int i = 0; i < 3; i++)
            assert_int_equal(mag_group_add_job(group, group_count, &runs[i], i, &jobs[i]),
                             0);
        assert_int_equal(mag_group_state(group, jobs[1]), MAG_GROUP_WAITING);
        assert_int_equal(mag_group_withdraw(group, jobs[1], &arg), 0);
        assert_ptr_equal(arg, &runs[1]);
        assert_int_equal(mag_group_state(group, jobs[1]), MAG_GROUP_ENDED);
        assert_int_equal(mag_group_withdraw(group, jobs[1], &arg), -ENOENT);
        assert_int_equal(mag_group_move_to_front(group, jobs[1]), -ENOENT);
        gate_open(&gate);
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
        assert_int_equal(mag_group_withdraw(group, jobs[0], NULL), -ENOENT);
        assert_int_equal(test_read(&runs[0]) + test_read(&runs[2]), 2);
        assert_int_equal(test_read(&runs[1]), 0);
        struct mag_group_counts counts = group_counts(group);
        assert_int_equal(counts.ended, 3);
        assert_int_equal(counts.withdrawn, 1);
        assert_int_equal(mag_group_destroy(group), 0);
        mag_sched_destroy(sched);
    }
}

static void a_job_that_runs_cannot_be_withdrawn(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group_job job;
    struct gate gate;
    (void)state;

    gate_close(&gate);
    assert_int_equal(mag_group_add_job(group, group_hold, &gate, 0, &job), 0);
    assert_true(gate_is_reached(&gate));
    assert_int_equal(mag_group_state(group, job), MAG_GROUP_RUNNING);
    assert_int_equal(mag_group_withdraw(group, job, NULL), -EBUSY);
    assert_int_equal(mag_group_move_to_front(group, job), -EBUSY);
    gate_open(&gate);
    assert_int_equal(mag_group_wait_job(group, job, -1), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void a_job_moved_to_the_front_begins_next(void **state)
{
    (void)state;

    for (int order = MAG_GROUP_FIFO; order <= MAG_GROUP_BY_KEY; order++) {
        struct mag_sched *sched = test_sched_start(1);
        struct mag_group *group = test_group(sched, 1, (enum mag_group_order)order);
        static const uint32_t expected[] = {1, 3, 0, 2};
        uint32_t list[4];
        uint32_t count = 0;
        struct note notes[4];
        struct mag_group_job jobs[4];
        struct gate gate;

        group_hold_one(group, &gate);
        for (uint32_t i = 0; i < 4; i++) {
            notes[i] = (struct note){.list = list, .count = &count, .number = i};
            assert_int_equal(mag_group_add_job(group, write_down, &notes[i], i, &jobs[i]),
                             0);
        }
        assert_int_equal(mag_group_move_to_front(group, jobs[3]), 0);
        assert_int_equal(mag_group_move_to_front(group, jobs[1]), 0);
        gate_open(&gate);
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(list[i], expected[i]);
        assert_int_equal(mag_group_destroy(group), 0);
        mag_sched_destroy(sched);
    }
}

static void an_old_handle_fits_no_later_job(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group *other = test_group(sched, 0, MAG_GROUP_FIFO);
    _Atomic(uint64_t) runs = 0;
    struct mag_group_job old, job;
    struct mag_group_job none = {.entry = NULL};
    struct gate gate;
    (void)state;

    group_hold_one(other, &gate);
    assert_int_equal(mag_group_add_job(group, group_count, &runs, 0, &old), 0);
    assert_int_equal(mag_group_withdraw(group, old, NULL), 0);
    assert_int_equal(mag_group_add_job(other, group_count, &runs, 0, &job), 0);
    /* The thread's pool gives what it got last. */
    assert_ptr_equal(job.entry, old.entry);
    assert_int_equal(mag_group_state(group, old), MAG_GROUP_ENDED);
    assert_int_equal(mag_group_withdraw(group, old, NULL), -ENOENT);
    assert_int_equal(mag_group_withdraw(other, old, NULL), -ENOENT);
    assert_int_equal(mag_group_withdraw(group, job, NULL), -ENOENT);
    assert_int_equal(mag_group_wait_job(other, old, -1), 0);
    assert_int_equal(mag_group_state(group, none), -EINVAL);
    assert_int_equal(mag_group_withdraw(group, none, NULL), -EINVAL);
    assert_int_equal(mag_group_move_to_front(group, none), -EINVAL);
    assert_int_equal(mag_group_wait_job(group, none, 0), -EINVAL);
    gate_open(&gate);
    assert_int_equal(mag_group_wait(other, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_group_destroy(other), 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------ configuration */

static void a_wrong_configuration_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct {
        struct mag_group_config config;
        char newer[8];
    } larger = {.newer = {0}};
    struct mag_group *group = NULL;
    (void)state;

    mag_group_config_init(&larger.config);
    larger.config.size = 0;
    assert_int_equal(mag_group_create(sched, &larger.config, &group), -EINVAL);
    mag_group_config_init(&larger.config);
    larger.config.order = (enum mag_group_order)2;
    assert_int_equal(mag_group_create(sched, &larger.config, &group), -EINVAL);
    mag_group_config_init(&larger.config);
    larger.config.priority = (enum mag_priority)(MAG_PRIORITY_HIGH + 1);
    assert_int_equal(mag_group_create(sched, &larger.config, &group), -EINVAL);
    mag_group_config_init(&larger.config);
    larger.config.name = NULL;
    assert_int_equal(mag_group_create(sched, &larger.config, &group), -EINVAL);
    mag_group_config_init(&larger.config);
    larger.config.size = sizeof(larger);
    larger.newer[0] = 1;
    assert_int_equal(mag_group_create(sched, &larger.config, &group), -EINVAL);
    assert_null(group);
    larger.newer[0] = 0;
    assert_int_equal(mag_group_create(sched, &larger.config, &group), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_group_destroy(NULL), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(an_array_is_added_at_once),
        cmocka_unit_test(a_job_added_by_a_job_of_the_group_is_waited_for),
        cmocka_unit_test(adding_allocates_nothing_once_warm),
        cmocka_unit_test(jobs_begin_in_the_order_of_the_group),
        cmocka_unit_test(at_most_max_running_jobs_run_at_a_time),
        cmocka_unit_test(a_raised_limit_lets_waiting_jobs_begin),
        cmocka_unit_test(jobs_of_groups_and_of_the_scheduler_take_turns),
        cmocka_unit_test(groups_have_priorities),
        cmocka_unit_test(a_job_that_has_not_begun_can_be_withdrawn_once),
        cmocka_unit_test(a_job_that_runs_cannot_be_withdrawn),
        cmocka_unit_test(a_job_moved_to_the_front_begins_next),
        cmocka_unit_test(an_old_handle_fits_no_later_job),
        cmocka_unit_test(a_wrong_configuration_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
