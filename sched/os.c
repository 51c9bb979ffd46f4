/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

void mag_os_sleep_exactly(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

uint32_t mag_os_cpu(void)
{
    int cpu = sched_getcpu();

    return cpu < 0 ? UINT32_MAX : (uint32_t)cpu;
}

int mag_os_reserve(size_t size, void **ret_pages)
{
    char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (pages == MAP_FAILED)
        return -ENOMEM;

    /* A multiple of the size lies in twice the size; what stands beside it goes back. */
    size_t before = -(uintptr_t)pages & (size - 1);
    if (before != 0)
        (void)munmap(pages, before);
    (void)munmap(pages + before + size, size - before);
    (void)madvise(pages + before, size, MADV_NOHUGEPAGE);
    *ret_pages = pages + before;
    return 0;
}

void mag_os_unreserve(void *pages, size_t size)
{
    (void)munmap(pages, size);
}
