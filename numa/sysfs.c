/*
 * sysfs.c - whether hwloc can read this machine from /sys.
 *
 * Where it cannot, hwloc writes so to standard error at each load and leaves the machine
 * to what other parts of it know, the number of CPUs.  Its one way to be quiet is a
 * variable of the environment, which a library must not set; so that part is not asked.
 * It is asked all the same where its own variable names another root directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CPUS "/sys/devices/system/cpu"

/* The first CPU that is online; 0 if that is unknown. */
static unsigned first_online(void)
{
    char text[32] = "";
    FILE *stream = fopen(CPUS "/online", "re");

    if (stream == NULL)
        return 0;
    if (fgets(text, sizeof(text), stream) == NULL)
        text[0] = '\0';
    (void)fclose(stream);
    return (unsigned)strtoul(text, NULL, 10);
}

/* What hwloc looks for: the names of newer kernels, then those of older ones. */
static bool shows_cpu(unsigned cpu)
{
    static const char *const files[] = {"package_cpus", "core_cpus", "core_siblings",
                                        "thread_siblings"};
    char path[sizeof(CPUS) + 64];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), CPUS "/cpu%u/topology/%s", cpu, files[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

int mag_sysfs_check(hwloc_topology_t hwloc)
{
    if (shows_cpu(0) || shows_cpu(first_online()))
        return 0;
    /* A component of that name that is not there would not print anything either. */
    if (hwloc_topology_set_components(hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      "linux") != 0 &&
        errno == ENOMEM)
        return -ENOMEM;
    return 0;
}
