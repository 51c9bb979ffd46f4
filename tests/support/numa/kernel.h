/*
 * kernel.h - where the kernel says that pages and CPUs are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_KERNEL_H
#define TESTS_SUPPORT_NUMA_KERNEL_H

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KERNEL_PAGE = 4096 };

/* The node of the page at `address`; a negative errno: it has no page, or the kernel does
 * not tell. */
static inline int kernel_page_node(const void *address)
{
    void *page = (void *)((uintptr_t)address & ~(uintptr_t)(KERNEL_PAGE - 1));
    int status = -EPERM;

    if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0) != 0)
        return -errno;
    return status;
}

/* The node of a CPU; -1: it has none. */
static inline int kernel_cpu_node(uint32_t cpu)
{
    char path[64];
    int node = -1;

    (void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cpu);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    for (struct dirent *entry; node < 0 && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "node", 4) == 0)
            node = (int)strtol(entry->d_name + 4, NULL, 10);
    }
    (void)closedir(folder);
    return node;
}

/* How many of the pages of a range lie elsewhere than on `node`; pages that nobody has
 * touched lie nowhere. */
static inline unsigned kernel_pages_elsewhere(const void *begin, size_t size, int node)
{
    const char *at = begin;
    unsigned elsewhere = 0;

    for (size_t i = 0; i < size; i += KERNEL_PAGE) {
        int there = kernel_page_node(at + i);

        elsewhere += there >= 0 && there != node;
    }
    return elsewhere;
}

#endif
