/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: two files are compiled into this test, which says on which CPU it runs.
 * Which worker a post wakes if the workers' numbers say nothing about where they sit. */
#include "tests/support/sched/fake.h"
#include "tests/support/sched/machine.h"

static uint32_t test_cpu;

#define mag_os_cpu() test_cpu
/* NOLINTNEXTLINE(bugprone-suspicious-include): mag_os_cpu is replaced above. */
#include "sched/post/post.c"
/* NOLINTNEXTLINE(bugprone-suspicious-include): mag_os_cpu is replaced above. */
#include "sched/worker/wake.c"
#undef mag_os_cpu

enum { WORKERS = 8, NODES = 2 };

static struct mag_inject queues[NODES * MAG_QUEUE_STRIDE];
static struct machine machine;

/* Two nodes of two cores of two PUs, with a worker on each PU. */
static void begin(enum mag_placement placement)
{
    static const uint32_t list[] = {7, 0, 5, 2, 1, 6, 3, 4};

    machine_begin(&machine, "node:2 core:2 pu:2", placement, WORKERS,
                  placement == MAG_PLACE_LIST ? list : NULL);
    fake_begin(WORKERS);
    fake.sched.routes = machine.routes;
    fake.sched.queue_count = NODES;
    fake.sched.queues = queues;
    for (uint32_t i = 0; i < NODES; i++)
        mag_inject_init(&queues[mag_sched_inject(i, MAG_LEVEL_USUAL)]);
    for (uint32_t i = 0; i < WORKERS; i++)
        fake.workers[i].rank = machine.routes.rank[i];
}

/* `cpus` has a 1 for each CPU whose worker is parked. */
static void park_those_on(const char *cpus)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (cpus[machine_seat(&machine, i)->os_pu] == '1')
            fake_park(i);
    }
}

/* The CPU of the only worker that has been woken. */
static uint32_t woken_cpu(void)
{
    uint32_t cpu = MAG_NONE;

    for (uint32_t i = 0; i < WORKERS; i++) {
        if (fake_is_woken(i)) {
            assert_int_equal(cpu, MAG_NONE);
            cpu = machine_seat(&machine, i)->os_pu;
        }
    }
    return cpu;
}

static const struct {
    const char *parked;
    uint32_t poster, woken; /* CPUs */
} posts[] = {
    {"11111111", 0, 1}, {"11111111", 5, 4}, {"10111111", 0, 2}, {"10001111", 0, 4},
    {"10000000", 0, 0}, {"00010001", 2, 3}, {"00010001", 5, 7}, {"10000000", 7, 0},
};

static void a_post_from_outside_wakes_the_nearest_worker(void **state)
{
    static struct mag_job job;
    (void)state;

    for (int placement = MAG_PLACE_PER_CORE; placement <= MAG_PLACE_LIST; placement++) {
        for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++) {
            begin((enum mag_placement)placement);
            park_those_on(posts[i].parked);
            test_cpu = posts[i].poster;
            mag_self.cpu_age = 0;
            mag_sched_post_queue_held(&fake.sched, &job,
                                      mag_sched_queue_near(&fake.sched));
            assert_int_equal(woken_cpu(), posts[i].woken);
            machine_end(&machine);
        }
    }
}

/* Wakes each worker in turn, whatever its rank is. */
static void a_job_for_one_worker_wakes_that_worker(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++) {
        begin(MAG_PLACE_SCATTER);
        park_those_on("11111111");
        mag_sched_wake_worker(&fake.sched, i);
        assert_true(fake_is_woken(i));
        assert_int_equal(woken_cpu(), machine_seat(&machine, i)->os_pu);
        machine_end(&machine);
    }
}

/* The second job is queued behind the first one, where all workers see it. */
static void what_a_worker_queues_wakes_its_neighbour(void **state)
{
    static struct mag_job jobs[2];
    (void)state;

    for (uint32_t i = 0; i < WORKERS; i++) {
        char parked[] = "11111111";

        begin(MAG_PLACE_SCATTER);
        uint32_t cpu = machine_seat(&machine, i)->os_pu;
        parked[cpu] = '0';
        park_those_on(parked);
        test_cpu = cpu;
        mag_self_become(&fake.workers[i]);
        assert_int_equal(mag_sched_post(&fake.sched, &jobs[0]), 0);
        assert_int_equal(mag_sched_post(&fake.sched, &jobs[1]), 0);
        mag_self_become(NULL);
        assert_int_equal(woken_cpu(), cpu ^ 1);
        machine_end(&machine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_from_outside_wakes_the_nearest_worker),
        cmocka_unit_test(a_job_for_one_worker_wakes_that_worker),
        cmocka_unit_test(what_a_worker_queues_wakes_its_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
