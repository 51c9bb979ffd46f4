/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"

#include <magpie/watchdog.h>

#include <inttypes.h>
#include <stdio.h>

enum { PART_ROOM = 128 };

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static double seconds_of(const struct mag_watchdog_report *report)
{
    return (double)report->ns / 1e9;
}

static void write_stuck(const struct mag_watchdog_report *report, char *text, size_t size)
{
    char name[PART_ROOM] = "a job";
    char waiting[PART_ROOM] = "";

    if (report->name != NULL)
        (void)snprintf(name, sizeof(name), "%s", report->name);
    else if (report->function != NULL)
        mag_os_symbol(report->function, name, sizeof(name));
    if (report->waiting != 0)
        (void)snprintf(waiting, sizeof(waiting), "; %" PRIu64 " job%s wait%s behind it",
                       report->waiting, plural(report->waiting),
                       report->waiting == 1 ? "s" : "");
    (void)snprintf(text, size, "worker %" PRIu32 " has run %s for %.3g s%s%s",
                   report->worker, name, seconds_of(report),
                   report->blocked ? ", and sleeps in it" : "", waiting);
}

void mag_watchdog_text(const struct mag_watchdog_report *report, char *text, size_t size)
{
    switch (report->finding) {
    case MAG_WATCHDOG_STUCK:
        write_stuck(report, text, size);
        break;
    case MAG_WATCHDOG_IDLE:
        (void)snprintf(text, size,
                       "at least %" PRIu64 " job%s wait%s for %.3g s beside %" PRIu32
                       " sleeping worker%s",
                       report->waiting, plural(report->waiting),
                       report->waiting == 1 ? "s" : "", seconds_of(report),
                       report->workers, plural(report->workers));
        break;
    case MAG_WATCHDOG_BLOCKED:
        (void)snprintf(text, size,
                       "all %" PRIu32 " workers have been stuck for %.3g s; at least "
                       "%" PRIu64 " job%s wait%s",
                       report->workers, seconds_of(report), report->waiting,
                       plural(report->waiting), report->waiting == 1 ? "s" : "");
        break;
    }
}
