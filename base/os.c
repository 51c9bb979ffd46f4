/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Room for as many CPUs as a kernel can be built for. */
enum { CPU_SETS = 8 };

/* Looks at a thread that is to be joined, before it is left alone for naps. */
enum { GONE_YIELDS = 16, GONE_NAP_NS = 200000 };

void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    struct timespec timeout = {
        .tv_sec = (time_t)(timeout_ns / 1000000000),
        .tv_nsec = (long)(timeout_ns % 1000000000),
    };

    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
                  timeout_ns < 0 ? NULL : &timeout, NULL, 0);
}

void mag_os_wake(_Atomic(uint32_t) *word, int count)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int64_t mag_os_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t mag_os_after_ns(int64_t delay_ns)
{
    int64_t now = mag_os_now_ns();

    return delay_ns < INT64_MAX - now ? now + delay_ns : INT64_MAX;
}

int64_t mag_os_left_ns(int64_t until_ns)
{
    if (until_ns == INT64_MAX)
        return -1;
    int64_t left = until_ns - mag_os_now_ns();
    return left > 0 ? left : 0;
}

void mag_os_nap(int64_t nap_ns)
{
    _Atomic(uint32_t) never;

    atomic_init(&never, 0);
    mag_os_wait(&never, 0, nap_ns);
}

bool mag_os_join(pthread_t thread, int64_t until_ns)
{
    if (pthread_equal(thread, pthread_self())) {
        (void)pthread_detach(thread);
        return true;
    }
    if (until_ns == INT64_MAX) {
        (void)pthread_join(thread, NULL);
        return true;
    }
    for (unsigned looks = 0; pthread_tryjoin_np(thread, NULL) == EBUSY; looks++) {
        if (mag_os_now_ns() >= until_ns)
            return false;
        if (looks < GONE_YIELDS)
            (void)sched_yield();
        else
            mag_os_nap(GONE_NAP_NS);
    }
    return true;
}

int mag_os_hold_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void mag_os_let_cancel(int before)
{
    (void)pthread_setcancelstate(before, NULL);
}

void mag_os_sleep_exactly(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

uint32_t mag_os_cpu(void)
{
    int cpu = sched_getcpu();

    return cpu < 0 ? UINT32_MAX : (uint32_t)cpu;
}

/* What a thread causes itself, and a profiler's. */
static const int kept_signals[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                   SIGTRAP, SIGABRT, SIGSYS, SIGPROF};

void mag_os_block_signals(sigset_t *ret_before)
{
    sigset_t blocked;

    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(kept_signals) / sizeof(kept_signals[0]); i++)
        (void)sigdelset(&blocked, kept_signals[i]);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
}

/* Those below SIGSYS that can be blocked tell enough: nobody else lets just these
 * through. */
bool mag_os_blocks_as_worker(const sigset_t *blocked)
{
    sigset_t open;
    bool same = true;

    (void)sigemptyset(&open);
    (void)sigaddset(&open, SIGKILL);
    (void)sigaddset(&open, SIGSTOP);
    for (size_t i = 0; i < sizeof(kept_signals) / sizeof(kept_signals[0]); i++)
        (void)sigaddset(&open, kept_signals[i]);
    for (int i = 1; same && i <= SIGSYS; i++)
        same = (sigismember(blocked, i) == 1) != (sigismember(&open, i) == 1);
    return same;
}

int32_t mag_os_thread(void)
{
    return (int32_t)syscall(SYS_gettid);
}

bool mag_os_is_bound(int32_t thread, uint32_t cpu)
{
    cpu_set_t sets[CPU_SETS];

    memset(sets, 0, sizeof(sets));
    if (sched_getaffinity(thread, sizeof(sets), sets) != 0)
        return true;
    return CPU_COUNT_S(sizeof(sets), sets) == 1 &&
           CPU_ISSET_S((size_t)cpu, sizeof(sets), sets);
}
