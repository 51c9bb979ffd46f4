/*
 * stand_in.h - how many threads stand in for blocked workers, and how often the relief
 * thread looks.  Private to sched/.  Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_STAND_IN_H
#define SCHED_POLICY_STAND_IN_H

#include <stdbool.h>
#include <stdint.h>

/* What the relief thread sees of a scheduler at one look. */
struct mag_strain {
    uint32_t announced; /* workers inside regions that were announced */
    uint32_t stuck;    /* workers that sleep in the kernel, in jobs that announced none */
    uint32_t standing; /* stand-ins that work or are on their way */
    bool resting;      /* some worker is parked or searches */
    bool waiting;      /* some job waits that any worker may take */
};

/* How the relief thread waits for its next look.  A higher pace includes lower ones. */
enum mag_pace {
    MAG_PACE_OFF,  /* not at all: no worker has announced a region for a while, and
                    * blocking that is not announced is of no concern */
    MAG_PACE_REST, /* until all workers run */
    MAG_PACE_SLOW, /* MAG_PACE_SLOW_NS, and longer while nothing is wrong */
    MAG_PACE_FAST, /* MAG_PACE_FAST_NS */
};

enum { MAG_PACE_FAST_NS = 1000000, MAG_PACE_SLOW_NS = 5000000 };

/* After so many looks at which nothing was wrong the pause has doubled as often as it
 * may; after one more the relief thread rests if some worker does. */
enum { MAG_PACE_CALM_MAX = 3 };

/* How many looks at the fast pace follow the last one that saw a region. */
enum { MAG_PACE_LINGER = 16 };

/* The most stand-ins that one look calls: for regions, and for workers that are stuck.
 * The kernel's word on a stuck worker is a hint, so they come one by one. */
enum { MAG_SUMMON_ANNOUNCED = 4, MAG_SUMMON_STUCK = 1 };

/* How many stand-ins to call.  None while some worker rests: that one takes what
 * waits. */
static inline uint32_t mag_stand_in_wanted(const struct mag_strain *strain)
{
    uint32_t blocked = strain->announced + strain->stuck;

    if (strain->resting || !strain->waiting || blocked <= strain->standing)
        return 0;
    uint32_t most =
        strain->announced > strain->standing ? MAG_SUMMON_ANNOUNCED : MAG_SUMMON_STUCK;
    return blocked - strain->standing < most ? blocked - strain->standing : most;
}

/* How many stand-ins are too many. */
static inline uint32_t mag_stand_in_surplus(const struct mag_strain *strain)
{
    uint32_t blocked = strain->announced + strain->stuck;

    return strain->standing > blocked ? strain->standing - blocked : 0;
}

/*
 * The pace after a look.
 *
 *   all      blocking that was not announced concerns the relief thread too
 *   linger   looks since a region was seen, at most MAG_PACE_LINGER
 *   calm     looks in a row at which nothing was wrong
 */
static inline enum mag_pace mag_stand_in_pace(const struct mag_strain *strain, bool all,
                                              uint32_t linger, uint32_t calm)
{
    bool regions = strain->announced != 0 || linger < MAG_PACE_LINGER;

    if (regions && !strain->resting)
        return MAG_PACE_FAST;
    if (strain->standing != 0 || (all && !strain->resting))
        return MAG_PACE_SLOW;
    if (all)
        return calm <= MAG_PACE_CALM_MAX ? MAG_PACE_SLOW : MAG_PACE_REST;
    return strain->announced != 0 ? MAG_PACE_REST : MAG_PACE_OFF;
}

/* Whether a look has seen something that the next one should not wait long for. */
static inline bool mag_stand_in_is_wrong(const struct mag_strain *strain)
{
    return strain->standing > strain->announced + strain->stuck ||
           (!strain->resting &&
            (strain->waiting || strain->announced + strain->stuck != 0));
}

/* The pause before the next look; negative: until an alarm. */
static inline int64_t mag_pace_pause(enum mag_pace pace, uint32_t calm)
{
    if (pace == MAG_PACE_FAST)
        return MAG_PACE_FAST_NS;
    if (pace == MAG_PACE_SLOW)
        return (int64_t)MAG_PACE_SLOW_NS
               << (calm < MAG_PACE_CALM_MAX ? calm : MAG_PACE_CALM_MAX);
    return -1;
}

#endif
