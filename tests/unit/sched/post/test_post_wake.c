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

/* The CPUs whose workers have been woken, as bits. */
static unsigned woken_cpus(void)
{
    unsigned cpus = 0;

    for (uint32_t i = 0; i < WORKERS; i++)
        cpus |= (unsigned)fake_is_woken(i) << machine_seat(&machine, i)->os_pu;
    return cpus;
}

/* The worker of CPU 0 is awake and the others are parked; it becomes the poster. */
static void begin_on_cpu_0(void)
{
    begin(MAG_PLACE_COMPACT);
    assert_int_equal(machine_seat(&machine, 0)->os_pu, 0);
    park_those_on("01111111");
    test_cpu = 0;
    mag_self_become(&fake.workers[0]);
}

static void end(void)
{
    mag_self_become(NULL);
    machine_end(&machine);
}

/* A burst of jobs for nodes, none of which is taken yet. */
static void each_job_for_a_node_wakes_a_worker_there_although_others_search(void **state)
{
    static const struct {
        uint32_t node;
        unsigned woken; /* all so far: CPUs as bits */
    } rows[] = {{1, 0x10}, {1, 0x30}, {0, 0x30}, {0, 0x32},
                {1, 0x72}, {1, 0xf2}, {1, 0xf2}};
    static struct mag_job jobs[sizeof(rows) / sizeof(rows[0])];
    (void)state;

    begin_on_cpu_0();
    assert_true(mag_idle_try_search(&fake.sched.idle));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(mag_sched_post_node(&fake.sched, &jobs[i], rows[i].node), 0);
        assert_int_equal(woken_cpus(), rows[i].woken);
    }
    end();
}

/* Anybody may take such a job, so one searcher is enough. */
static void a_job_for_nobody_wakes_nobody_while_others_search(void **state)
{
    static struct mag_job job;
    (void)state;

    begin_on_cpu_0();
    assert_true(mag_idle_try_search(&fake.sched.idle));
    assert_int_equal(mag_sched_post_any(&fake.sched, &job), 0);
    assert_int_equal(woken_cpus(), 0);
    end();
}

static void a_job_seen_in_the_queue_of_a_node_wakes_a_worker_there(void **state)
{
    static uint32_t order[NODES] = {0, 1};
    static struct mag_job jobs[2];
    (void)state;

    for (uint32_t node = 0; node < NODES; node++) {
        begin_on_cpu_0();
        fake.workers[0].paths = (struct mag_paths){.queues = order, .queue_count = NODES};
        mag_inject_push(&queues[mag_sched_inject(node, MAG_LEVEL_USUAL)], &jobs[node],
                        &jobs[node]);
        mag_sched_notify_seen(&fake.sched, &fake.workers[0]);
        assert_int_equal(woken_cpus(), node == 0 ? 0x02 : 0x10);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_from_outside_wakes_the_nearest_worker),
        cmocka_unit_test(a_job_for_one_worker_wakes_that_worker),
        cmocka_unit_test(what_a_worker_queues_wakes_its_neighbour),
        cmocka_unit_test(each_job_for_a_node_wakes_a_worker_there_although_others_search),
        cmocka_unit_test(a_job_for_nobody_wakes_nobody_while_others_search),
        cmocka_unit_test(a_job_seen_in_the_queue_of_a_node_wakes_a_worker_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
