/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/os.h"

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
static const int kept[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                           SIGTRAP, SIGABRT, SIGSYS, SIGPROF};

void mag_os_block_signals(sigset_t *ret_before)
{
    sigset_t blocked;

    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        (void)sigdelset(&blocked, kept[i]);
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
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        (void)sigaddset(&open, kept[i]);
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
