/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker runs a job, on machines with several nodes: near the poster, on the node
 * that was asked for.  A worker that is about to sleep may look once more and take a job
 * that was meant for another; so most jobs are asked to be near, not all. */
#include "tests/support/cmocka.h"
#include "tests/support/numa/guest.h"
#include "tests/support/numa/several.h"

#include <magpie/pin.h>
#include <pthread.h>
#include <sched.h>

enum { POSTS = 8, SETTLE = 64 };

/* A job that notes who runs it. */
struct noted {
    struct mag_job job; /* first */
    uint32_t worker;
    _Atomic(uint64_t) done;
};

static void noted_run(struct mag_job *job)
{
    struct noted *noted = (struct noted *)(void *)job;

    noted->worker = mag_sched_worker();
    (void)test_add(&noted->done, 1);
}

static struct mag_sched *start(enum mag_placement placement)
{
    struct mag_sched_config config = several_config(placement);

    return test_sched_start_as(&config);
}

/* -------------------------------------------------------------------------- posts */

/* A thread that posts from each PU in turn. */
struct poster {
    struct mag_sched *sched;
    unsigned posts, near, failures;
};

static bool post_and_wait(struct mag_sched *sched, struct noted *noted)
{
    *noted = (struct noted){.job = {.run = noted_run}};
    return mag_sched_post(sched, &noted->job) == 0 && test_wait_for(&noted->done, 1);
}

/* The library remembers a poster's CPU for some posts. */
static void settle(struct poster *poster)
{
    struct noted noted;

    for (int i = 0; i < SETTLE; i++)
        poster->failures += !post_and_wait(poster->sched, &noted);
}

static void post_from(struct poster *poster, uint32_t pu)
{
    uint32_t home = mag_topology_pu(machine, pu)->node;
    enum mag_pinned pinned;
    struct noted noted;

    if (mag_pin_self(machine, pu, &pinned) != 0 || pinned != MAG_PINNED)
        poster->failures++;
    settle(poster);
    for (int i = 0; i < POSTS; i++) {
        poster->failures += !several_sleep(poster->sched);
        poster->failures += !post_and_wait(poster->sched, &noted);
        poster->posts++;
        poster->near += several_node(poster->sched, noted.worker) == home;
    }
}

/* Whether another PU of its node has a worker; its own is taken by the poster. */
static bool has_neighbour(uint32_t pu)
{
    const struct mag_node *node =
        mag_topology_node(machine, mag_topology_pu(machine, pu)->node);

    return node != NULL && node->pus > 1;
}

static void *post_from_all(void *arg)
{
    struct poster *poster = arg;

    for (uint32_t pu = 0; pu < mag_topology_pus(machine) && poster->failures == 0; pu++) {
        if (has_neighbour(pu))
            post_from(poster, pu);
    }
    return NULL;
}

static void a_post_wakes_a_near_worker_first(void **state)
{
    (void)state;
    several_or_skip();
    for (int placement = MAG_PLACE_COMPACT; placement <= MAG_PLACE_LIST; placement++) {
        struct poster poster = {.sched = start((enum mag_placement)placement)};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, post_from_all, &poster), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(mag_sched_destroy(poster.sched), 0);
        print_message("%s: %u of %u posts ran on the poster's node\n",
                      mag_placement_name((enum mag_placement)placement), poster.near,
                      poster.posts);
        assert_int_equal(poster.failures, 0);
        assert_true(4 * poster.near >= 3 * poster.posts);
    }
}

/* ------------------------------------------------------------- CPUs that come late */

/* A thread that posts from a CPU, by the system's number, which the scheduler does not
 * know. */
struct latecomer {
    struct poster poster;
    uint32_t cpu, home;
};

static void *post_from_late(void *arg)
{
    struct latecomer *late = arg;
    struct noted noted;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(late->cpu, &set);
    late->poster.failures += sched_setaffinity(0, sizeof(set), &set) != 0;
    settle(&late->poster);
    for (int i = 0; i < POSTS; i++) {
        late->poster.failures += !several_sleep(late->poster.sched);
        late->poster.failures += !post_and_wait(late->poster.sched, &noted);
        late->poster.near += several_node(late->poster.sched, noted.worker) == late->home;
    }
    return NULL;
}

/* With the machine as it is while the last CPU is off. */
static void post_from_the_last(struct latecomer *late)
{
    pthread_t thread;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &machine), 0);
    late->poster.sched = start(MAG_PLACE_COMPACT);
    mag_topology_free(machine);
    assert_true(guest_switch_cpu(late->cpu, true));
    assert_int_equal(pthread_create(&thread, NULL, post_from_late, late), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(mag_sched_destroy(late->poster.sched), 0);
}

static void a_post_from_a_cpu_that_came_late_runs_on_its_node(void **state)
{
    struct mag_topology *all = machine;
    uint32_t last = mag_topology_pus(machine) - 1;
    struct latecomer late = {.cpu = mag_topology_pu(machine, last)->os_index,
                             .home = mag_topology_pu(machine, last)->node};
    (void)state;

    several_or_skip();
    guest_or_skip();
    if (!has_neighbour(last)) {
        print_message("skipped: a node has one PU\n");
        skip();
    }
    assert_true(guest_switch_cpu(late.cpu, false));
    post_from_the_last(&late);
    machine = all;
    print_message("%u of %u posts ran on the poster's node\n", late.poster.near, POSTS);
    assert_int_equal(late.poster.failures, 0);
    assert_true(4 * late.poster.near >= 3 * POSTS);
}

/* -------------------------------------------------------------------------- hints */

static void a_job_for_a_node_runs_there(void **state)
{
    (void)state;
    several_or_skip();
    for (int placement = MAG_PLACE_COMPACT; placement <= MAG_PLACE_LIST; placement++) {
        struct mag_sched *sched = start((enum mag_placement)placement);
        unsigned posts = 0;
        unsigned there = 0;

        for (uint32_t node = 0; node < mag_topology_nodes(machine); node++) {
            for (int i = 0; i < POSTS && mag_topology_node(machine, node)->pus != 0;
                 i++) {
                struct noted noted = {.job = {.run = noted_run}};

                assert_true(several_sleep(sched));
                assert_int_equal(mag_sched_post_node(sched, &noted.job, node), 0);
                assert_true(test_wait_for(&noted.done, 1));
                posts++;
                there += several_node(sched, noted.worker) == node;
            }
        }
        print_message("%s: %u of %u ran on their node\n",
                      mag_placement_name((enum mag_placement)placement), there, posts);
        assert_true(4 * there >= 3 * posts);
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_wakes_a_near_worker_first),
        cmocka_unit_test(a_post_from_a_cpu_that_came_late_runs_on_its_node),
        cmocka_unit_test(a_job_for_a_node_runs_there),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
