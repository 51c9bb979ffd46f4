/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/stack.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Of the calling thread; both 0: unknown. */
struct bounds {
    bool known;
    uintptr_t low;
    uintptr_t high;
};

static _Thread_local struct bounds bounds;

static void find_bounds(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;

    bounds.known = true;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        bounds.low = (uintptr_t)low;
        bounds.high = bounds.low + size;
    }
    (void)pthread_attr_destroy(&attributes);
}

size_t mag_os_stack_left(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    if (!bounds.known)
        find_bounds();
    return here > bounds.low && here <= bounds.high ? here - bounds.low : 0;
}
