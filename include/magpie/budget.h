/*
 * budget.h - how many workers this process should run, and why.
 *
 *     #include <magpie/budget.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         struct mag_topology *topology;
 *         struct mag_budget *budget;
 *         char text[300];
 *
 *         if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
 *             return 1;
 *         if (mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget) != 0)
 *             return 1;
 *         mag_topology_free(topology);
 *         (void)mag_budget_format(budget, text, sizeof(text));
 *         puts(text); // "2 workers: a quota of 1.50 CPUs, rounded up, set by ..."
 *         mag_budget_free(budget);
 *         return 0;
 *     }
 *
 * The model.  A budget is made from a topology (topology.h) and from the CPU quotas of
 * the control groups around this process.  It does not change once it is made.
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

/* The CPU limit of one control group: this process's own, or one above it.  Later
 * versions may add fields at the end. */
struct mag_budget_level {
    const char *path;        /* the directory with its files */
    double cpus;             /* quota / period in CPUs; 0: this group sets no limit */
    uint64_t throttled;      /* periods in which the group was throttled so far */
    uint64_t throttled_usec; /* microseconds that its threads were held back so far */
    uint64_t quota_usec;     /* microseconds of CPU time in each period; 0: no limit */
    uint64_t period_usec;    /* the period in microseconds; 0: no limit */
    uint32_t version;        /* of the control groups: 1 or 2 */
    bool controlled;         /* false: the group has no CPU controller, so no numbers */
    bool counted;            /* whether `throttled` and `throttled_usec` could be read */
};

struct mag_budget;

/*
 * Finds out how many workers this process should run: one per usable core of `topology`,
 * but at most the smallest quota of the control groups from the process's own up to the
 * root group (cgroup v1, v2, or both), and at least 1.
 *
 *   root       the directory that holds /proc and /sys: pass NULL.  A test may pass a
 *              directory with files of its own
 *   Thread     any; no cancellation point
 *   Blocks     while it reads a few small files
 *   Allocates  yes
 *   Returns    0, also if there are no control groups: a file that is missing or makes no
 *              sense sets no limit; -EINVAL no such rounding; -ENOMEM
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
 * How many of `wanted` workers the quota allows, at least 1.  For a program that wants
 * another number of workers than one for each core, such as one for each PU.
 */
MAG_API uint32_t mag_budget_cap(const struct mag_budget *budget, uint32_t wanted);

/* The name of a reason, such as "quota"; NULL: no such reason. */
MAG_API const char *mag_budget_reason_name(enum mag_budget_reason reason);

/*
 * Writes the number of workers and the reason in English, without an end of line: "2
 * workers: a quota of 1.50 CPUs, rounded up, set by /sys/fs/cgroup/a".  Like snprintf it
 * writes at most `size` bytes, the terminating zero included.
 *
 *   Returns    the length of the whole text, without the zero
 */
MAG_API size_t mag_budget_format(const struct mag_budget *budget, char *buffer,
                                 size_t size);

/* The smallest quota, in CPUs; 0: there is no quota. */
MAG_API double mag_budget_quota(const struct mag_budget *budget);

/* The index of the level that sets the smallest quota; of several, the innermost one.
 * MAG_NONE: there is no quota. */
MAG_API uint32_t mag_budget_tightest(const struct mag_budget *budget);

/* PUs of the machine that are online, whether or not this process may use them. */
MAG_API uint32_t mag_budget_online(const struct mag_budget *budget);

MAG_NAMESAKES_BEGIN
/*
 * How many control groups there are around this process, and one of them by its index.
 * First come the groups of v2, then those of v1, each from the process's own group
 * outwards.  A root group that cannot have a limit is left out.
 *
 *   Returns    the level, valid as long as the budget; NULL: no such index
 */
MAG_API uint32_t mag_budget_levels(const struct mag_budget *budget);
MAG_API const struct mag_budget_level *mag_budget_level(const struct mag_budget *budget,
                                                        uint32_t level);
MAG_NAMESAKES_END

MAG_EXTERN_C_END

#endif
