/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/barrier.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#if defined(__x86_64__) || defined(__aarch64__)

/* After this the kernel knows no membarrier. */
static bool refuse_membarrier(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
                                 .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void interrupt(int number)
{
    (void)number;
}

static int sleep_among_signals(void *arg)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct itimerval often = {{0, 100}, {0, 100}};
    (void)arg;

    if (!mag_barrier_is_asymmetric() || !refuse_membarrier())
        return 77;
    if (sigaction(SIGALRM, &action, NULL) != 0 ||
        setitimer(ITIMER_REAL, &often, NULL) != 0)
        return 1;
    for (unsigned i = 0; i < 5; i++) {
        double before = test_now();
        mag_barrier_heavy();
        /* A millisecond, less what the two clocks may be apart. */
        if (test_now() - before < 0.0009)
            return 2;
    }
    return 0;
}

static void a_barrier_that_must_sleep_sleeps_through_signals(void **state)
{
    (void)state;
    int failed = test_in_child(sleep_among_signals, NULL);
    if (failed == 77) {
        print_message("skipped: no filter can be installed here, or no membarrier\n");
        skip();
    }
    assert_int_equal(failed, 0);
}

#else

static void a_barrier_that_must_sleep_sleeps_through_signals(void **state)
{
    (void)state;
    print_message("skipped: the filter of this test is not written for this machine\n");
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_barrier_that_must_sleep_sleeps_through_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
