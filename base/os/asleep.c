/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/asleep.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The kernel's number for the clock of a thread's time on CPUs (CPUCLOCK_SCHED and
 * CPUCLOCK_PERTHREAD_MASK in the kernel's posix-timers.h). */
static clockid_t clock_of(int32_t thread)
{
    return (clockid_t)(~(uint32_t)thread << 3 | 6U);
}

int64_t mag_os_ran_ns(int32_t thread)
{
    struct timespec time;

    if (clock_gettime(clock_of(thread), &time) != 0)
        return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The state's letter follows the name in brackets; the name may hold brackets. */
static enum mag_asleep judge(const char *stat)
{
    const char *end = strrchr(stat, ')');

    if (end == NULL || end[1] != ' ')
        return MAG_ASLEEP_UNKNOWN;
    switch (end[2]) {
    case 'S':
    case 'D':
        return MAG_ASLEEP;
    case 'R':
        return MAG_AWAKE;
    default:
        return MAG_ASLEEP_UNKNOWN;
    }
}

enum mag_asleep mag_os_asleep(int32_t thread)
{
    /* Numbers, a name of at most 64 bytes and the letter come first. */
    char text[128];
    char path[48];

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return MAG_ASLEEP_UNKNOWN;
    ssize_t length = read(file, text, sizeof(text) - 1);
    (void)close(file);
    if (length <= 0)
        return MAG_ASLEEP_UNKNOWN;
    text[length] = '\0';
    return judge(text);
}
