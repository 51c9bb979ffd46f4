/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/clock.h"

#include <time.h>

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
