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

/* The watcher finds a job that a running worker keeps to itself within two naps.  Where
 * no processor is free for it, the watcher would only hold up those who run, and a job
 * that it finds is not begun any sooner: the naps are longer. */
enum {
    MAG_WATCH_NAP_MIN_NS = 50000,
    MAG_WATCH_NAP_MAX_NS = 200000,
    MAG_WATCH_NAP_FULL_NS = 1600000,
};

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

/* The next nap, after one of `last_ns`: twice as long if the watcher saw nothing.
 * `full`: no processor is free, see mag_watch_is_full. */
static inline int64_t mag_watch_nap(int64_t last_ns, bool seen, bool full)
{
    int64_t most = full ? MAG_WATCH_NAP_FULL_NS : MAG_WATCH_NAP_MAX_NS;

    if (seen)
        return MAG_WATCH_NAP_MIN_NS;
    return last_ns * 2 < most ? last_ns * 2 : most;
}

/* Whether so many running workers and guests leave no processor to the watcher. */
static inline bool mag_watch_is_full(uint32_t running, uint32_t pus)
{
    return running >= pus;
}

#endif
