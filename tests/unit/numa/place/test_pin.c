/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <magpie/magpie.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int pin_to_each(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < mag_topology_pus(machine); i++) {
        enum mag_pinned obtained = MAG_PIN_FOREIGN;

        if (mag_pin_self(machine, i, &obtained) != 0 || obtained != MAG_PINNED)
            return 1;
        if ((uint32_t)sched_getcpu() != mag_topology_pu(machine, i)->os_index)
            return 2;
    }
    return 0;
}

static void a_pinned_thread_runs_on_its_pu(void **state)
{
    (void)state;
    assert_int_equal(test_in_child(pin_to_each, NULL), 0);
}

static uint32_t count_pus(void)
{
    struct mag_topology *seen;

    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &seen) != 0)
        return 0;
    uint32_t pus = mag_topology_pus(seen);
    mag_topology_free(seen);
    return pus;
}

static void *count_when_pinned(void *ret_pus)
{
    enum mag_pinned obtained;

    if (mag_pin_self(machine, 0, &obtained) == 0 && obtained == MAG_PINNED)
        *(uint32_t *)ret_pus = count_pus();
    return NULL;
}

static void *count_when_masked(void *ret_pus)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)mag_topology_pu(machine, 0)->os_index, &one);
    if (sched_setaffinity(0, sizeof(one), &one) == 0)
        *(uint32_t *)ret_pus = count_pus();
    return NULL;
}

/* What a thread of its own counts; 0 if something failed. */
static uint32_t count_in_thread(void *(*count)(void *))
{
    pthread_t thread;
    uint32_t pus = 0;

    assert_int_equal(pthread_create(&thread, NULL, count, &pus), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return pus;
}

/* Otherwise a scheduler that a worker of another scheduler starts would have only one
 * worker. */
static void a_thread_that_we_pinned_sees_what_the_process_may_use(void **state)
{
    (void)state;
    assert_int_equal(count_in_thread(count_when_pinned), mag_topology_pus(machine));
}

static void a_thread_with_a_mask_of_its_own_sees_that(void **state)
{
    (void)state;
    assert_int_equal(count_in_thread(count_when_masked), 1);
}

static void pinning_by_a_described_machine_does_nothing(void **state)
{
    struct mag_topology *described;
    enum mag_pinned obtained = MAG_PINNED;
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:2 pu:1", &described), 0);
    assert_int_equal(mag_pin_self(described, 3, &obtained), 0);
    assert_int_equal(obtained, MAG_PIN_FOREIGN);
    obtained = MAG_PINNED;
    assert_int_equal(mag_pin_self(described, 4, &obtained), -EINVAL);
    assert_int_equal(obtained, MAG_PINNED);
    mag_topology_free(described);
}

static void mapped_pages_are_zero_and_can_be_written(void **state)
{
    enum { SIZE = 100000 };
    enum mag_placed placed;
    void *pages = NULL;
    (void)state;

    for (uint32_t node = 0; node <= mag_topology_nodes(machine); node++) {
        uint32_t wanted = node < mag_topology_nodes(machine) ? node : MAG_NONE;

        assert_int_equal(mag_node_map(machine, wanted, SIZE, &pages, &placed), 0);
        for (size_t i = 0; i < SIZE; i += 512)
            assert_int_equal(((char *)pages)[i], 0);
        memset(pages, 1, SIZE);
        if (wanted == MAG_NONE)
            assert_int_equal(placed, MAG_FIRST_TOUCH);
        mag_node_unmap(pages, SIZE);
    }
    assert_int_equal(mag_node_map(machine, 1000, SIZE, &pages, &placed), -EINVAL);
    assert_int_equal(mag_node_map(machine, 0, 0, &pages, &placed), -EINVAL);
    test_fail_allocation(1);
    assert_int_equal(mag_node_map(machine, 0, SIZE, &pages, &placed), -ENOMEM);
    test_fail_allocation(0);
    mag_node_unmap(NULL, SIZE);
}

/* The node of the page; -1: the kernel does not report it. */
static int node_of(void *page)
{
    enum { NODE_OF_ADDRESS = 3 }; /* MPOL_F_NODE | MPOL_F_ADDR */
    int node = -1;

    return syscall(SYS_get_mempolicy, &node, NULL, 0, page, NODE_OF_ADDRESS) == 0 ? node
                                                                                  : -1;
}

static void pages_lie_on_the_node_that_was_asked_for(void **state)
{
    (void)state;
    if (!mag_node_binding_allowed()) {
        print_message("skipped: memory cannot be bound here\n");
        skip();
    }
    for (uint32_t i = 0; i < mag_topology_nodes(machine); i++) {
        const struct mag_node *node = mag_topology_node(machine, i);
        enum mag_placed placed;
        void *page;

        if (node->memory_bytes == 0)
            continue;
        assert_int_equal(mag_node_map(machine, i, 1, &page, &placed), 0);
        /* Placement is not requested on a machine with one node. */
        assert_int_equal(placed,
                         mag_topology_nodes(machine) > 1 ? MAG_PLACED : MAG_FIRST_TOUCH);
        *(char *)page = 1;
        assert_int_equal(node_of(page), node->os_index);
        mag_node_unmap(page, 1);
    }
}

/* ------------------------------------------- under a filter, as in a container */

#if defined(__x86_64__) || defined(__aarch64__)

#    define REFUSE(call)                                       \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static bool install_filter(struct sock_filter *filter, size_t length)
{
    struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool refuse_binding(void)
{
    struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(mbind),
        REFUSE(set_mempolicy),
        REFUSE(get_mempolicy),
        REFUSE(sched_setaffinity),
        REFUSE(membarrier),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return install_filter(refuse, sizeof(refuse) / sizeof(refuse[0]));
}

static int load_or_die(void *arg)
{
    struct sock_filter kill[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct mag_topology *topology;
    (void)arg;

    if (!install_filter(kill, sizeof(kill) / sizeof(kill[0])))
        return 77;
    return mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) == 0 ? 0 : 1;
}

static void loading_never_moves_the_calling_thread(void **state)
{
    (void)state;
    int failed = test_in_child(load_or_die, NULL);
    if (failed == 77) {
        print_message("skipped: no filter can be installed here\n");
        skip();
    }
    assert_int_equal(failed, 0);
}

static int work_under_filter(void *arg)
{
    struct mag_sched_counters counters;
    struct counted counted = counted_make();
    struct mag_sched *sched;
    enum mag_pinned pinned;
    enum mag_placed placed;
    void *pages;
    (void)arg;

    if (!refuse_binding())
        return 77;
    if (mag_pin_self(machine, 0, &pinned) != 0 || pinned != MAG_PIN_REFUSED)
        return 1;
    if (mag_node_map(machine, 0, 4096, &pages, &placed) != 0 || placed != MAG_FIRST_TOUCH)
        return 2;
    if (mag_node_binding_allowed() || mag_barrier_is_asymmetric())
        return 3;
    struct mag_sched_config config = test_sched_config(2);
    if (mag_sched_start(&config, &sched) != 0)
        return 4;
    atomic_init(&counted.runs, 0);
    if (mag_sched_post(sched, &counted.job) != 0 || !test_wait_for(&counted.runs, 1))
        return 5;
    if (mag_sched_counters(sched, 0, &counters) != 0 ||
        counters.pinned != MAG_PIN_REFUSED)
        return 6;
    mag_sched_destroy(sched);
    return 0;
}

static void a_filter_that_refuses_everything_stops_nothing(void **state)
{
    (void)state;
#    ifdef TEST_UNDER_TSAN
    test_skip_without_child_threads();
#    endif
    int failed = test_in_child(work_under_filter, NULL);
    if (failed == 77) {
        print_message("skipped: no filter can be installed here\n");
        skip();
    }
    assert_int_equal(failed, 0);
}

#else

static void loading_never_moves_the_calling_thread(void **state)
{
    (void)state;
    print_message("skipped: no filter is written for this processor\n");
    skip();
}

static void a_filter_that_refuses_everything_stops_nothing(void **state)
{
    (void)state;
    print_message("skipped: no filter is written for this processor\n");
    skip();
}

#endif

static void a_worker_floats_when_pinning_is_off(void **state)
{
    struct mag_sched_counters counters;
    struct mag_sched *sched;
    struct mag_sched_config config = test_sched_config(1);

    (void)state;
    config.pin = MAG_PIN_NEVER;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_int_equal(mag_sched_counters(sched, 0, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PIN_FOREIGN);
    mag_sched_destroy(sched);
}

struct loosening {
    struct mag_job job;
    cpu_set_t mask; /* the mask that the worker is to get */
    _Atomic(uint64_t) done;
};

static void loosen(struct mag_job *job)
{
    struct loosening *loosening = (struct loosening *)(void *)job;

    if (sched_setaffinity(0, sizeof(loosening->mask), &loosening->mask) == 0)
        /* release: seen by the thread that waits. */
        atomic_store_explicit(&loosening->done, 1, memory_order_release);
}

static void a_worker_whose_mask_was_set_anew_is_not_called_pinned(void **state)
{
    struct loosening loosening = {.job = {.run = loosen}};
    struct mag_sched_counters counters;
    struct mag_sched *sched;
    (void)state;

    assert_int_equal(sched_getaffinity(0, sizeof(loosening.mask), &loosening.mask), 0);
    if (CPU_COUNT(&loosening.mask) < 2) {
        print_message("skipped: there is one processor\n");
        skip();
    }
    struct mag_sched_config config = test_sched_config(0);
    config.pin = MAG_PIN_ALWAYS; /* others may be busy here */
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_int_equal(mag_sched_counters(sched, 0, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PINNED);
    assert_int_equal(mag_sched_post_worker(sched, &loosening.job, 0), 0);
    assert_true(test_wait_for(&loosening.done, 1));
    assert_int_equal(mag_sched_counters(sched, 0, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PIN_LOST);
    mag_sched_destroy(sched);
}

static uint32_t unpinned_from;
static uint32_t repinned_to;

static void *pin_and_unpin(void *ret_pus)
{
    enum mag_pinned obtained;
    cpu_set_t mask;

    if (mag_pin_self(machine, 0, &obtained) != 0 || mag_repin_self(MAG_NONE))
        return NULL;
    unpinned_from = mag_unpin_self();
    if (mag_unpin_self() != MAG_NONE) /* it is no longer pinned */
        return NULL;
    *(uint32_t *)ret_pus = count_pus();
    if (!mag_repin_self(unpinned_from) || sched_getaffinity(0, sizeof(mask), &mask) != 0)
        return NULL;
    repinned_to = CPU_COUNT(&mask) == 1 ? (uint32_t)sched_getcpu() : MAG_NONE;
    return NULL;
}

static void a_pin_is_given_up_and_taken_up_again(void **state)
{
    uint32_t os_index = mag_topology_pu(machine, 0)->os_index;
    (void)state;

    assert_int_equal(mag_unpin_self(), MAG_NONE);
    assert_false(mag_repin_self(os_index));
    assert_int_equal(count_in_thread(pin_and_unpin), mag_topology_pus(machine));
    assert_int_equal(unpinned_from, os_index);
    assert_int_equal(repinned_to, os_index);
}

static void a_described_machine_of_many_nodes_runs_jobs(void **state)
{
    struct mag_topology *described;
    struct mag_sched *sched;
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:4 core:2 pu:1", &described), 0);
    struct mag_sched_config config = test_sched_config(0);
    config.topology = described;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_int_equal(mag_sched_workers(sched), 8);
#if defined(__x86_64__) || defined(__aarch64__)
    static struct counted counted[64];
    for (unsigned i = 0; i < 64; i++) {
        counted[i] = counted_make();
        assert_int_equal(mag_sched_post_node(sched, &counted[i].job, i % 4), 0);
    }
    for (unsigned i = 0; i < 64; i++)
        assert_true(test_wait_for(&counted[i].runs, 1));
#endif
    mag_sched_destroy(sched);
    mag_topology_free(described);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pinned_thread_runs_on_its_pu),
        cmocka_unit_test(a_thread_that_we_pinned_sees_what_the_process_may_use),
        cmocka_unit_test(a_thread_with_a_mask_of_its_own_sees_that),
        cmocka_unit_test(loading_never_moves_the_calling_thread),
        cmocka_unit_test(pinning_by_a_described_machine_does_nothing),
        cmocka_unit_test(mapped_pages_are_zero_and_can_be_written),
        cmocka_unit_test(pages_lie_on_the_node_that_was_asked_for),
        /* Must run before the form of the barriers is decided in this process. */
        cmocka_unit_test(a_filter_that_refuses_everything_stops_nothing),
        cmocka_unit_test(a_worker_floats_when_pinning_is_off),
        cmocka_unit_test(a_worker_whose_mask_was_set_anew_is_not_called_pinned),
        cmocka_unit_test(a_pin_is_given_up_and_taken_up_again),
        cmocka_unit_test(a_described_machine_of_many_nodes_runs_jobs),
    };
    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
