/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/stack.h"

#include "base/space.h"

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

/* When the C library uses the stack of a thread that has ended again, so many bytes below
 * the first frames may hold that thread's pages. */
enum { KEPT_BELOW = 16 * 1024 };

/* The bytes so far below a frame hold nothing, even while a function without a large
 * frame is called. */
enum { UNUSED_BELOW = 4 * 1024 };

/* A distance between a thread's frame and its variables that shows that these do not lie
 * on its stack. */
enum { BROUGHT_MAX = 1 << 20 };

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

/* A page that automatic balancing of the kernel looks at cannot be moved before it is
 * touched again. */
static __attribute__((noinline)) void touch_below(void)
{
    volatile char unused[UNUSED_BELOW];

    unused[0] = unused[UNUSED_BELOW / 2] = unused[UNUSED_BELOW - 1] = 0;
}

/* The C library puts the thread's own data above its stack: first the thread-local
 * variables, or first its record of the thread, as the processor's rules say. */
void mag_os_stack_bring(uint32_t os_node)
{
    const char *here = __builtin_frame_address(0);
    uintptr_t record = (uintptr_t)pthread_self();
    uintptr_t variables = (uintptr_t)&bounds;
    uintptr_t end = record > variables ? record : variables;

    touch_below();
    mag_space_drop_below(here - UNUSED_BELOW, KEPT_BELOW - UNUSED_BELOW);
    if (end > (uintptr_t)here && end - (uintptr_t)here < BROUGHT_MAX)
        mag_space_bring(here - KEPT_BELOW, end - (uintptr_t)here + KEPT_BELOW + 1,
                        os_node);
}
