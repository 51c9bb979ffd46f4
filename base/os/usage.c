/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

bool mag_os_usage(int32_t thread, struct mag_usage *ret_usage)
{
    char text[96];
    int64_t ran;
    int64_t waited;

    (void)snprintf(text, sizeof(text), "/proc/self/task/%" PRId32 "/schedstat", thread);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, sizeof(text) - 1);
    (void)close(file);
    if (length <= 0)
        return false;
    text[length] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it, and both fit. */
    if (sscanf(text, "%" SCNd64 " %" SCNd64, &ran, &waited) != 2)
        return false;
    *ret_usage = (struct mag_usage){.ran_ns = ran, .waited_ns = waited};
    return true;
}
