/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Places that are tried for a reserve: those of as many workers as there may be. */
enum { RESERVE_TRIES = 2 * 4096 };

/* Looks at a thread that is to be joined, before it is left alone for naps. */
enum { JOIN_YIELDS = 16, JOIN_NAP_NS = 200000 };

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
        if (looks < JOIN_YIELDS)
            (void)sched_yield();
        else
            mag_os_nap(JOIN_NAP_NS);
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

void mag_os_block_signals(sigset_t *ret_before)
{
    static const int kept[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                               SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    sigset_t blocked;

    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        (void)sigdelset(&blocked, kept[i]);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
}

/* Address space, without access. */
static void *map(void *at, size_t size, int flags)
{
    void *pages = mmap(at, size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

/* Unlocked before it can be written: in a process that locks what it will map (mlockall,
 * MCL_FUTURE) the kernel would back all of it at once. */
static bool open_up(void *pages, size_t size)
{
    (void)munlock(pages, size);
    return mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}

/* Where the kernel would put it, for a first guess; 0: nowhere. */
static uintptr_t find_room(size_t size)
{
    void *pages = map(NULL, size, 0);

    if (pages != NULL)
        (void)munmap(pages, size);
    return (uintptr_t)pages;
}

/* At that place and no other. */
static bool map_at(uintptr_t at, size_t size)
{
    void *place = (void *)at; /* NOLINT(performance-no-int-to-ptr) */
    void *pages = map(place, size, MAP_FIXED_NOREPLACE);

    /* Kernels before 4.17 do not know the flag, and choose a place. */
    if (pages != NULL && (uintptr_t)pages != at)
        (void)munmap(pages, size);
    return (uintptr_t)pages == at;
}

int mag_os_reserve(size_t size, size_t alignment, void **ret_pages)
{
    uintptr_t room = find_room(size);
    uintptr_t first = room & ~(alignment - 1);

    /* Further and further away, below and above in turn. */
    for (uintptr_t i = 0; room != 0 && i < RESERVE_TRIES; i++) {
        uintptr_t distance = (i + 1) / 2 * alignment;
        uintptr_t at = i % 2 != 0 ? first - distance : first + distance;

        if (!map_at(at, size))
            continue;
        void *pages = (void *)at; /* NOLINT(performance-no-int-to-ptr) */
        if (!open_up(pages, size)) {
            (void)munmap(pages, size);
            return -ENOMEM;
        }
        (void)madvise(pages, size, MADV_NOHUGEPAGE);
        *ret_pages = pages;
        return 0;
    }
    return -ENOMEM;
}

int mag_os_forbid(void *pages, size_t size)
{
    return mprotect(pages, size, PROT_NONE) == 0 ? 0 : -ENOMEM;
}

void mag_os_unreserve(void *pages, size_t size)
{
    (void)munmap(pages, size);
}
