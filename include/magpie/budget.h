/*
 * budget.h - how many workers this process should run, and why.
 *
 * A budget is made from a topology and from the CPU quotas of the control groups around
 * this process.  It does not change once it is made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_BUDGET_H
#define MAGPIE_BUDGET_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

/* What decided the number of workers. */
enum mag_budget_reason {
    MAG_BUDGET_CORES,    /* no limit: every core of the machine has a worker */
    MAG_BUDGET_CPUSET,   /* the cpuset leaves fewer cores than the machine has */
    MAG_BUDGET_AFFINITY, /* the affinity mask leaves fewer cores than the cpuset */
    MAG_BUDGET_QUOTA,    /* the CPU quota of a control group is less than the cores */
};

enum mag_budget_rounding {
    MAG_BUDGET_UP,   /* a quota of 1.5 CPUs: 2 workers, sometimes throttled (default) */
    MAG_BUDGET_DOWN, /* a quota of 1.5 CPUs: 1 worker, never throttled */
};

/* The CPU limit of one control group, this process's own or one above it.  Later versions
 * may add fields at the end. */
struct mag_budget_level {
    const char *path;        /* of its files in the file system */
    double cpus;             /* quota / period in CPUs; 0: this group sets no limit */
    uint64_t throttled;      /* periods in which it was throttled so far */
    uint64_t throttled_usec; /* microseconds that its threads were held back so far */
    uint64_t quota_usec;     /* microseconds of CPU time in every period; 0: no limit */
    uint64_t period_usec;    /* 0: no limit */
    uint32_t version;        /* of the control groups: 1 or 2 */
    bool controlled; /* whether it has the CPU controller; if not, no number is known */
    bool counted;    /* whether `throttled` and `throttled_usec` could be read */
};

struct mag_budget;

/*
 * Finds out how many workers this process should run: one per usable core of `topology`,
 * but no more than the smallest quota of the control groups from the process's own up to
 * the root (cgroup v1, v2, or both), and at least 1.
 *
 *   root       the directory that holds /proc and /sys; NULL or "" in a program.  Tests
 *              pass a directory with files of their own
 *   Thread     any; no cancellation point
 *   Blocks     for as long as a few small files take to be read
 *   Allocates  yes
 *   Returns    0, also if there are no control groups or their files make no sense: a
 *              file that cannot be read sets no limit; -EINVAL no such rounding; -ENOMEM
 *   Release    mag_budget_free
 */
MAG_API MAG_MUST_CHECK int mag_budget_read(const struct mag_topology *topology,
                                           enum mag_budget_rounding rounding,
                                           const char *root,
                                           struct mag_budget **ret_budget);

/* Frees a budget; NULL is allowed.  A budget does not need its topology any more. */
MAG_API void mag_budget_free(struct mag_budget *budget);

/* How many workers to run, at least 1, and what decided it. */
MAG_API uint32_t mag_budget_workers(const struct mag_budget *budget);
MAG_API enum mag_budget_reason mag_budget_reason(const struct mag_budget *budget);

/*
 * How many of `wanted` workers the quota allows, at least 1: for a program that wants
 * another number of workers than that of the cores, such as one for each PU.
 */
MAG_API uint32_t mag_budget_cap(const struct mag_budget *budget, uint32_t wanted);

/* The reason's name, such as "quota"; NULL when there is no such reason. */
MAG_API const char *mag_budget_reason_name(enum mag_budget_reason reason);

/*
 * Writes both as an English sentence without an end of line, such as "2 workers: a quota
 * of 1.50 CPUs, rounded up, set by /sys/fs/cgroup/a".  As snprintf it writes at most
 * `size` bytes, the terminating zero included.
 *
 *   Returns    the length of the whole text without the zero
 */
MAG_API size_t mag_budget_format(const struct mag_budget *budget, char *buffer,
                                 size_t size);

/* The smallest quota in CPUs; 0: there is none. */
MAG_API double mag_budget_quota(const struct mag_budget *budget);

/* Index of the level that sets the smallest quota, the innermost of several; MAG_NONE:
 * there is none. */
MAG_API uint32_t mag_budget_tightest(const struct mag_budget *budget);

/* PUs of the machine that are online, whether or not this process may use them. */
MAG_API uint32_t mag_budget_online(const struct mag_budget *budget);

MAG_NAMESAKES_BEGIN
/*
 * The control groups around this process, except a root that cannot have a limit: those
 * of v2, then those of v1, each beginning with the process's own.  Valid as long as the
 * budget.
 *
 *   Returns    NULL when there is no such index
 */
MAG_API uint32_t mag_budget_levels(const struct mag_budget *budget);
MAG_API const struct mag_budget_level *mag_budget_level(const struct mag_budget *budget,
                                                        uint32_t level);
MAG_NAMESAKES_END

MAG_EXTERN_C_END

#endif
