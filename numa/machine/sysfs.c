/*
 * sysfs.c - whether hwloc can read this machine from /sys.
 *
 * Where the CPUs are missing, hwloc writes so to standard error at each load and leaves
 * the machine to what other parts of it know, the number of CPUs.  Its one way to be
 * quiet is a variable of the environment, which a library must not set.  Where the folder
 * of the nodes is there and empty, as a sandbox may leave it, hwloc ends the program.  So
 * that part of it is not asked then, unless a variable of hwloc's own names another root
 * directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/machine/topology.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPU_FOLDER  "/sys/devices/system/cpu"
#define NODE_FOLDER "/sys/devices/system/node"

enum { LIST_ROOM = 32 };

/* The beginning of a list such as "0-3,7"; false: there is no such file. */
static bool read_list(const char *path, char list[LIST_ROOM])
{
    FILE *stream = fopen(path, "re");

    list[0] = '\0';
    if (stream == NULL)
        return false;
    if (fgets(list, LIST_ROOM, stream) == NULL)
        list[0] = '\0';
    (void)fclose(stream);
    return true;
}

/* The first CPU that is online; 0 if that is unknown. */
static unsigned first_online(void)
{
    char list[LIST_ROOM];

    return read_list(CPU_FOLDER "/online", list) ? (unsigned)strtoul(list, NULL, 10) : 0;
}

/* Whether there are nodes where there is a folder for them. */
static bool shows_nodes(void)
{
    char list[LIST_ROOM];

    if (read_list(NODE_FOLDER "/online", list))
        return isdigit((unsigned char)list[0]) != 0;

    DIR *nodes = opendir(NODE_FOLDER);
    bool found = nodes == NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream. */
    for (struct dirent *entry; !found && (entry = readdir(nodes)) != NULL;)
        found = strncmp(entry->d_name, "node", 4) == 0 &&
                isdigit((unsigned char)entry->d_name[4]) != 0;
    if (nodes != NULL)
        (void)closedir(nodes);
    return found;
}

/* What hwloc looks for: the names of newer kernels, then those of older ones. */
static bool shows_cpu(unsigned cpu)
{
    static const char *const files[] = {"package_cpus", "core_cpus", "core_siblings",
                                        "thread_siblings"};
    char path[sizeof(CPU_FOLDER) + 64];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), CPU_FOLDER "/cpu%u/topology/%s", cpu,
                       files[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

int mag_sysfs_check(hwloc_topology_t hwloc)
{
    if ((shows_cpu(0) || shows_cpu(first_online())) && shows_nodes())
        return 0;
    /* A component of that name that is not there would not print anything either. */
    if (hwloc_topology_set_components(hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      "linux") != 0 &&
        errno == ENOMEM)
        return -ENOMEM;
    return 0;
}
