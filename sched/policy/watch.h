/*
 * watch.h - which worker watches the running workers, and how long the watcher's naps
 * are.  Private to sched/.  Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_WATCH_H
#define SCHED_POLICY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* The watcher finds a job that a running worker keeps to itself within two naps. */
enum { MAG_WATCH_NAP_MIN_NS = 50000, MAG_WATCH_NAP_MAX_NS = 200000 };

/* Whether a worker that parks becomes the watcher: there is no watcher yet, and some
 * other worker is neither parked nor searching. */
static inline bool mag_watch_begins(bool watched, uint32_t resting, uint32_t workers)
{
    return !watched && resting < workers;
}

/* Whether a worker that stops searching leaves the running workers without a watcher:
 * there is none, and other workers run. */
static inline bool mag_watch_is_missing(bool watched, uint32_t parked, uint32_t workers)
{
    return !watched && workers - parked > 1;
}

/* The next nap, after one of `last_ns`: twice as long if the watcher saw nothing. */
static inline int64_t mag_watch_nap(int64_t last_ns, bool seen)
{
    if (seen)
        return MAG_WATCH_NAP_MIN_NS;
    return last_ns * 2 < MAG_WATCH_NAP_MAX_NS ? last_ns * 2 : MAG_WATCH_NAP_MAX_NS;
}

#endif
