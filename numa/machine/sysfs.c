/*
 * sysfs.c - whether hwloc can read this machine from /sys.
 *
 * If the CPUs are missing from /sys, hwloc prints a message to standard error at each
 * load and uses what its other components know: the number of CPUs.  hwloc can be
 * silenced only by an environment variable, which a library must not set.  If the folder
 * of the nodes exists but is empty, as a sandbox may leave it, hwloc ends the program.
 * In both cases hwloc's Linux component is switched off, unless one of hwloc's own
 * environment variables names another root directory.  It is also switched off where a
 * load has failed with it: a filter may refuse a call that only hwloc makes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/machine/topology.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPU_FOLDER  "/sys/devices/system/cpu"
#define NODE_FOLDER "/sys/devices/system/node"

enum { LIST_ROOM = 32 };

/* Reads the beginning of a list such as "0-3,7".  False: there is no such file. */
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

/* The first online CPU; 0 if unknown. */
static unsigned first_online(void)
{
    char list[LIST_ROOM];

    return read_list(CPU_FOLDER "/online", list) ? (unsigned)strtoul(list, NULL, 10) : 0;
}

/* Whether /sys shows at least one node.  True as well if it has no folder for nodes. */
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

/* Whether /sys has a file that hwloc looks for: the name in newer kernels, then in older
 * ones.  Asks as hwloc does: filters exist that allow access(2) and refuse faccessat2(2).
 */
static bool shows_cpu(unsigned cpu)
{
    static const char *const files[] = {"package_cpus", "core_cpus", "core_siblings",
                                        "thread_siblings"};
    char path[sizeof(CPU_FOLDER) + 64];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), CPU_FOLDER "/cpu%u/topology/%s", cpu,
                       files[i]);
        if (faccessat(AT_FDCWD, path, R_OK, 0) == 0)
            return true;
    }
    return false;
}

int mag_sysfs_check(hwloc_topology_t hwloc)
{
    if ((shows_cpu(0) || shows_cpu(first_online())) && shows_nodes())
        return 0;
    return mag_sysfs_avoid(hwloc);
}

int mag_sysfs_avoid(hwloc_topology_t hwloc)
{
    /* Ignore other errors: without a component of that name nothing is printed either. */
    if (hwloc_topology_set_components(hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      "linux") != 0 &&
        errno == ENOMEM)
        return -ENOMEM;
    return 0;
}
