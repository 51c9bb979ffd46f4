/*
 * kernel_nodes.c - what the kernel says of nodes that hwloc leaves out.
 *
 * hwloc has no object for a node without memory, and drops its distances.  Nodes whose
 * memory this process may not use are no nodes of a topology either.  The PUs of such a
 * node are near each other all the same, and at some distance from the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/machine/topology.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNEL_PATH = 4096, KERNEL_LIST = 1024, KERNEL_ROW = 8192 };

/* Reads the first line of a file.  False: there is none. */
static bool read_first_line(const char *path, char *line, int room)
{
    FILE *stream = fopen(path, "re");

    if (stream == NULL)
        return false;
    bool read = fgets(line, room, stream) != NULL;
    (void)fclose(stream);
    return read;
}

uint32_t mag_kernel_node(const char *root, uint32_t cpu)
{
    char path[KERNEL_PATH];
    uint32_t node = MAG_NONE;

    (void)snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u", root, cpu);
    DIR *entries = opendir(path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream. */
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (strncmp(entry->d_name, "node", 4) == 0 &&
            isdigit((unsigned char)entry->d_name[4]) != 0)
            node = (uint32_t)strtoul(entry->d_name + 4, NULL, 10);
    }
    if (entries != NULL)
        (void)closedir(entries);
    return node;
}

/* The number of nodes in a list such as "0-3,7" that come before `node`; MAG_NONE: it is
 * not in the list. */
static uint32_t position_in(const char *list, uint32_t node)
{
    uint32_t before = 0;
    char *at;

    for (const char *text = list; isdigit((unsigned char)*text) != 0; text = at + 1) {
        uint32_t first = (uint32_t)strtoul(text, &at, 10);
        uint32_t last = *at == '-' ? (uint32_t)strtoul(at + 1, &at, 10) : first;

        if (node >= first && node <= last)
            return before + (node - first);
        before += last - first + 1;
        if (*at != ',')
            break;
    }
    return MAG_NONE;
}

/* The number at this position of a line of numbers; 0: there is none. */
static uint32_t number_at(const char *line, uint32_t position)
{
    const char *at = line;
    char *end;

    for (uint32_t i = 0;; i++) {
        unsigned long value = strtoul(at, &end, 10);

        if (end == at || value > UINT32_MAX)
            return 0;
        if (i == position)
            return (uint32_t)value;
        at = end;
    }
}

void mag_kernel_distances(const char *root, const struct mag_node *nodes, uint32_t count,
                          uint32_t *distances)
{
    char path[KERNEL_PATH];
    char online[KERNEL_LIST];
    char row[KERNEL_ROW];

    (void)snprintf(path, sizeof(path), "%s/sys/devices/system/node/online", root);
    if (!read_first_line(path, online, sizeof(online)))
        return;
    for (uint32_t from = 0; from < count; from++) {
        (void)snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%u/distance",
                       root, nodes[from].os_index);
        if (!read_first_line(path, row, sizeof(row)))
            continue;
        for (uint32_t to = 0; to < count; to++) {
            uint32_t position = position_in(online, nodes[to].os_index);
            uint32_t value = position != MAG_NONE ? number_at(row, position) : 0;

            if (value != 0)
                distances[(size_t)from * count + to] = value;
        }
    }
}
