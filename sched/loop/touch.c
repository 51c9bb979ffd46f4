/* SPDX-License-Identifier: Apache-2.0 */
#include "base/space.h"

#include <magpie/loop_affinity.h>

/* Touches the bytes at which pages begin, and the first of the range. */
static int touch(struct mag_range range, uint32_t slot, void *arg)
{
    volatile char *array = arg;
    size_t page = mag_space_page();
    size_t ahead = page - ((uintptr_t)arg + range.begin) % page;

    (void)slot;
    array[range.begin] = array[range.begin];
    for (size_t i = range.begin + ahead; i < range.end; i += page)
        array[i] = array[i];
    return 0;
}

int mag_for_touch(struct mag_sched *sched, struct mag_for_affinity *affinity, void *array,
                  size_t size)
{
    /* A part is one range: nobody else takes some of its pages. */
    struct mag_for_options options = {.grain = SIZE_MAX, .affinity = affinity};

    return mag_for_with(sched, &options, NULL, 0, size, touch, array);
}
