/*
 * guest.h - what tests may do in a guest of tests/vm alone: nobody wants it on the
 * machine that builds the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_GUEST_H
#define TESTS_SUPPORT_NUMA_GUEST_H

#include "tests/support/cmocka.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline bool guest_is_here(void)
{
    return getenv("MAG_TEST_GUEST") != NULL;
}

static inline void guest_or_skip(void)
{
    if (!guest_is_here()) {
        print_message("skipped: this is no guest\n");
        skip();
    }
}

static inline bool guest_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

/* Switches a CPU, by the system's number, on or off. */
static inline bool guest_switch_cpu(uint32_t cpu, bool on)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
    return guest_write(path, on ? "1" : "0");
}

#endif
