/*
 * Blocks of large children: those beside the fork stack, those from the heap, and the
 * case that there is room for neither.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/maps.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

/* More children than a worker has room for beside its stack; and more than the least
 * room. */
enum { MANY = 4200, SOME = 2 * MAG_FORK_BLOCKS_MAX / MIB };

struct large {
    unsigned char bytes[MIB];
};

MAG_FORKABLE(struct large, fill, unsigned, number)
static struct large fill(mag_fork w, unsigned number)
{
    struct large value;

    (void)w;
    memset(&value, (int)(number % 251), sizeof(value));
    return value;
}

static bool is_filled(const struct large *value, unsigned number)
{
    return value->bytes[0] == number % 251 && value->bytes[MIB / 2] == number % 251 &&
           value->bytes[MIB - 1] == number % 251;
}

/* How many children did not arrive complete. */
MAG_FORKABLE(unsigned, fill_all, unsigned, children)
static unsigned fill_all(mag_fork w, unsigned children)
{
    struct fill_child child = {0};
    unsigned wrong = 0;

    for (unsigned i = 0; i < children; i++)
        child = fill_fork(&w, i);
    for (unsigned i = children; i-- > 0;) {
        struct large value = fill_join(&w, child);
        wrong += is_filled(&value, i) ? 0 : 1;
    }
    return wrong;
}

static struct mag_sched *start(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.stack_size = (size_t)16 * MIB;
    return test_sched_try_as(&config);
}

static void blocks_beyond_the_room_beside_the_stack_arrive_whole(void **state)
{
    struct mag_sched *sched = start(1);
    unsigned wrong = 1;
    (void)state;

    assert_non_null(sched);
    int64_t live = test_live_allocations();
    assert_int_equal(fill_all_run(sched, &wrong, MANY), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(test_live_allocations(), live);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- little address space */

/* Forks on one worker until its room is full, and once more without room. */
MAG_FORKABLE(int, fill_room, unsigned, unused)
static int fill_room(mag_fork w, unsigned unused)
{
    char *all = mag_fork_spill(w, MAG_FORK_BLOCKS_MAX);

    (void)unused;
    memset(all, 1, MAG_FORK_BLOCKS_MAX);
    char *more = mag_fork_spill(w, MAG_FORK_BLOCKS_MAX);
    memset(more, 2, MAG_FORK_BLOCKS_MAX);
    bool whole = all[0] == 1 && all[MAG_FORK_BLOCKS_MAX - 1] == 1;
    mag_fork_unspill(w, more);
    mag_fork_unspill(w, all);
    bool again = mag_fork_spill(w, 1) == all;
    mag_fork_unspill(w, all);
    return whole && again ? 0 : 1;
}

/* In a child process: 0, or the check that failed. */
static int runs_in_little_space(void *arg)
{
    unsigned wrong = 1;
    int failed = 1;
    (void)arg;

    if (!test_limit_space((size_t)3072 * MIB))
        return 1;
    struct mag_sched *sched = start(2);
    if (sched == NULL)
        return 2;
    if (fill_room_run(sched, &failed, 0) != 0 || failed != 0)
        return 3;
    for (unsigned i = 0; i < 5; i++) {
        if (fill_all_run(sched, &wrong, SOME) != 0 || wrong != 0)
            return 4;
    }
    mag_sched_destroy(sched);
    return 0;
}

static void blocks_arrive_whole_in_little_address_space(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(runs_in_little_space, NULL), 0);
}

/* ------------------------------------------------------------------ no memory */

/* Exit codes of a child process that was not stopped. */
enum { NOT_STARTED = 101, NOT_STOPPED = 102 };

MAG_FORKABLE(int, ask_for_too_much, size_t, bytes)
static int ask_for_too_much(mag_fork w, size_t bytes)
{
    test_fail_allocation(1);
    return mag_fork_spill(w, bytes) == NULL;
}

static int forks_without_memory(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct mag_sched *sched = start(1);
    int result;

    /* Removes the handler of cmocka. */
    if (sched == NULL || signal(SIGSEGV, SIG_DFL) == SIG_ERR ||
        setrlimit(RLIMIT_CORE, &none) != 0)
        return NOT_STARTED;
    return ask_for_too_much_run(sched, &result, (size_t)3072 * MIB) == 0 ? NOT_STOPPED
                                                                         : NOT_STARTED;
}

static void a_block_that_no_memory_holds_stops_at_the_guard(void **state)
{
    int status = 0;
    (void)state;

    test_skip_without_child_threads();
    pid_t child = fork();
    if (child == 0)
        _exit(forks_without_memory());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
#ifdef __SANITIZE_ADDRESS__
    /* The sanitizer catches the signal, and exits in its own way. */
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) < NOT_STARTED);
#else
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First the tests in child processes, while this process is small. */
        cmocka_unit_test(blocks_arrive_whole_in_little_address_space),
        cmocka_unit_test(a_block_that_no_memory_holds_stops_at_the_guard),
        cmocka_unit_test(blocks_beyond_the_room_beside_the_stack_arrive_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
