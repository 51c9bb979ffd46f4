/*
 * numa.h - where things are: the machine, the part of it this process may use, and where
 * workers and memory are put on it.
 *
 * The model.  A topology is a read-only list of usable PUs (hardware threads) and NUMA
 * nodes, taken from this machine, from an hwloc XML file or from an hwloc synthetic
 * description.  A budget is how many workers this process should run, and why.  A plan is
 * a list of seats, one per worker, each on one PU.  All three are data: they can be made,
 * printed and tested without starting a thread.
 *
 * A machine without NUMA is a machine with one node, not an error.  Placement is a
 * preference: what was asked and what was obtained are both reported.
 *
 * Indices.  A PU or node index counts the usable ones of a topology from 0, in the order
 * of the machine's hierarchy; it is never an operating system number, `os_index` is.
 *
 * Threads.  Topologies, budgets and plans do not change once they are made: any number of
 * threads may read one, and any thread may free it when nobody reads it any more.
 *
 * Errors.  0 or a negative errno; see each function.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_NUMA_H
#define MAGPIE_NUMA_H

#include <magpie/base.h>

MAG_EXTERN_C_BEGIN

#define MAG_NONE UINT32_MAX /* no node, no PU, no worker */

/* ---------------------------------------------------------------- topology */

struct mag_topology;

enum mag_topology_kind {
    MAG_TOPOLOGY_MACHINE,   /* this machine, as this process may use it; no text */
    MAG_TOPOLOGY_XML,       /* the text is the path of an hwloc XML file */
    MAG_TOPOLOGY_SYNTHETIC, /* the text is a description such as "node:2 core:4 pu:2" */
};

/* One usable hardware thread.  Of `core`, `cache` and `package` only equality matters:
 * PUs with the same number share the thing, and stand together in the order of
 * indices. */
struct mag_pu {
    uint32_t os_index; /* the operating system's number */
    uint32_t core;     /* where the machine shows no cores, each PU is one */
    uint32_t cache;    /* the last-level cache; where there is none, the package */
    uint32_t node; /* index of the usable node nearest to it, or MAG_NONE: none is near */
    uint32_t package; /* socket */
    uint32_t kind;    /* on hybrid machines 0 is the slowest kind of core; else 0 */
};

/* One NUMA node that this process may use. */
struct mag_node {
    uint32_t os_index;
    uint32_t pus;          /* usable PUs whose node this is; 0: memory only (CXL, HBM) */
    uint64_t memory_bytes; /* local memory in bytes; 0: none, or unknown */
};

/*
 * Loads a topology.  Of this machine only what the cpuset of the process and the affinity
 * mask of the calling thread allow is usable; on a thread that mag_pin_self has pinned,
 * and on one that such a thread has created, the mask that was there before the pinning
 * counts, so that a worker sees more than its own PU.  A mask that the thread has set
 * itself since counts as it is.  Of a described machine everything is usable that the
 * description does not forbid.  Nothing is bound or changed.
 *
 * hwloc's environment variables hold as everywhere; where HWLOC_XMLFILE, HWLOC_SYNTHETIC
 * or HWLOC_FSROOT put another machine in the place of this one, that one is loaded and
 * mag_topology_is_this_machine says so.  A damaged XML file is refused; of one that is
 * well formed and senseless hwloc itself may complain on standard error, unless its
 * HWLOC_HIDE_ERRORS is 2.  Where /sys is not mounted each CPU is a core and there is one
 * node: that is all that can be known there.
 *
 *   text       a path or a description, see enum mag_topology_kind; NULL for this machine
 *   Thread     any; loads in several threads do not disturb each other; no cancellation
 *              point
 *   Blocks     for milliseconds: it reads a few files per PU of the machine
 *   Allocates  yes
 *   Returns    0; -ENOENT no such file; -EACCES a file that may not be read; -EINVAL no
 *              such kind, not a topology, one without a usable PU, a text where none
 *              belongs or none where one does; -ENOMEM; -EIO the system would not say
 *   Release    mag_topology_free
 */
MAG_API MAG_MUST_CHECK int mag_topology_load(enum mag_topology_kind kind,
                                             const char *text,
                                             struct mag_topology **ret_topology);

/*
 * Frees a topology; NULL is allowed.  Nothing that borrowed it may be in use.
 */
MAG_API void mag_topology_free(struct mag_topology *topology);

/*
 * How many usable PUs (at least 1), cores with such a PU (at least 1) and usable nodes
 * (0 only where no memory is near or allowed) there are.
 */
MAG_API uint32_t mag_topology_pus(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_cores(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_nodes(const struct mag_topology *topology);

/*
 * What was there before the affinity mask and the cpuset had their say: the PUs of the
 * machine that are online, and those of them that the cpuset allows.  In this order the
 * numbers only shrink: online, allowed, mag_topology_pus.
 */
MAG_API uint32_t mag_topology_online(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_allowed(const struct mag_topology *topology);

/*
 * One PU, one node.
 *
 *   Returns    NULL when there is no such index; else valid as long as the topology
 */
MAG_API const struct mag_pu *mag_topology_pu(const struct mag_topology *topology,
                                             uint32_t pu);
MAG_API const struct mag_node *mag_topology_node(const struct mag_topology *topology,
                                                 uint32_t node);

/*
 * Relative latency from one node's PUs to another node's memory, 10 for a node to itself,
 * as in ACPI's SLIT.
 *
 *   Returns    the machine's figure; where it has none, 10 for the same node and 20 for
 *              another; the same for indices that do not exist
 */
MAG_API uint32_t mag_topology_distance(const struct mag_topology *topology, uint32_t from,
                                       uint32_t to);

/*
 * Whether the topology is this machine's, so that threads and memory can be bound by it.
 */
MAG_API bool mag_topology_is_this_machine(const struct mag_topology *topology);

/* ------------------------------------------------------------------ budget */

/* What decided the number of workers. */
enum mag_budget_reason {
    MAG_BUDGET_CORES,    /* nothing: every core of the machine has a worker */
    MAG_BUDGET_CPUSET,   /* the cpuset: it leaves fewer cores */
    MAG_BUDGET_AFFINITY, /* the affinity mask: it leaves fewer cores than the cpuset */
    MAG_BUDGET_QUOTA,    /* the CPU quota of a control group: it is less than the cores */
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
    bool controlled; /* whether it has the CPU controller; without, no number is known */
    bool counted;    /* whether `throttled` and `throttled_usec` could be read */
};

struct mag_budget;

/*
 * Finds out how many workers this process should run: one per usable core of `topology`,
 * at most the smallest quota of all control groups from the process's own up to the root
 * (cgroup v1 and v2, side by side as well), at least 1.
 *
 *   root       where /proc and /sys are looked for; NULL or "" in a program.  Tests pass
 *              a directory with files of their own
 *   Thread     any; no cancellation point
 *   Blocks     for as long as a few small files take to be read
 *   Allocates  yes
 *   Returns    0, also where there are no control groups or their files make no sense:
 *              what cannot be read sets no limit; -EINVAL no such rounding; -ENOMEM
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
 * How many of `wanted` workers the quota allows, at least 1: for another number than that
 * of the cores, such as one worker for each PU.
 */
MAG_API uint32_t mag_budget_cap(const struct mag_budget *budget, uint32_t wanted);

/* The reason's name, such as "quota"; NULL when there is no such reason. */
MAG_API const char *mag_budget_reason_name(enum mag_budget_reason reason);

/*
 * Says both in an English sentence without an end of line, such as "2 workers: a quota of
 * 1.50 CPUs, rounded up, set by /sys/fs/cgroup/a".  As snprintf does: at most `size`
 * bytes with the terminating zero are written.
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
 * The control groups around this process, but for a root that cannot have a limit: of v2,
 * then of v1, the process's own first; valid as long as the budget.
 *
 *   Returns    NULL when there is no such index
 */
MAG_API uint32_t mag_budget_levels(const struct mag_budget *budget);
MAG_API const struct mag_budget_level *mag_budget_level(const struct mag_budget *budget,
                                                        uint32_t level);
MAG_NAMESAKES_END

/* ------------------------------------------------------------------- plans */

enum mag_placement {
    MAG_PLACE_PER_CORE, /* one PU of each core, neighbours first; then the others */
    MAG_PLACE_COMPACT,  /* every PU of a core, of its cache, of its node, then the next */
    MAG_PLACE_SCATTER,  /* far apart: packages in turn, then nodes, caches, cores */
    MAG_PLACE_PER_PU,   /* as compact; the default number of workers is that of PUs */
    MAG_PLACE_LIST,     /* the caller's list of operating system PU numbers, in order */
};

/* Where one worker sits. */
struct mag_seat {
    uint32_t pu;    /* index into the topology */
    uint32_t os_pu; /* the operating system's number of that PU */
    uint32_t core;  /* these four as in struct mag_pu */
    uint32_t cache;
    uint32_t node;
    uint32_t package;
};

/* How far two seats are apart, nearest first. */
enum mag_reach {
    MAG_REACH_CORE,  /* the same core */
    MAG_REACH_CACHE, /* the same last-level cache */
    MAG_REACH_NODE,  /* the same node; without one, the same package */
    MAG_REACH_FAR,   /* farther */
};

struct mag_plan;

/*
 * Lays workers over a topology.  The same input always gives the same plan.  When there
 * are more workers than PUs the seats are given out again from the first on.
 *
 *   workers      0: one per usable core; per PU for MAG_PLACE_PER_PU; one per entry for a
 *                list.  A budget is not looked at: pass mag_budget_workers() or
 *                mag_budget_cap() for that
 *   os_pus       for MAG_PLACE_LIST, os_pu_count entries; ignored otherwise
 *   Allocates    yes
 *   Returns      0; -EINVAL no such policy, an empty list, or a PU in it that is not
 *                usable; -ENOMEM
 *   Release      mag_plan_free
 */
MAG_API MAG_MUST_CHECK int mag_plan_make(const struct mag_topology *topology,
                                         enum mag_placement placement, uint32_t workers,
                                         const uint32_t *os_pus, uint32_t os_pu_count,
                                         struct mag_plan **ret_plan);

/* Frees a plan; NULL is allowed.  A plan does not need its topology any more. */
MAG_API void mag_plan_free(struct mag_plan *plan);

/* How many workers the plan seats. */
MAG_API uint32_t mag_plan_workers(const struct mag_plan *plan);

/*
 * The seat of one worker; valid as long as the plan.  NULL when there is no such worker.
 */
MAG_API const struct mag_seat *mag_plan_seat(const struct mag_plan *plan,
                                             uint32_t worker);

/* How far two seats of plans over one topology are apart; two workers on one PU share its
 * core. */
MAG_API enum mag_reach mag_seat_reach(const struct mag_seat *a, const struct mag_seat *b);

/*
 * Prints a plan, one line per worker, as snprintf does: at most `size` bytes with the
 * terminating zero are written.
 *
 *   Returns    the length of the whole text without the zero
 */
MAG_API size_t mag_plan_format(const struct mag_plan *plan, char *buffer, size_t size);

/* The policy's name, such as "per-core"; NULL when there is no such policy. */
MAG_API const char *mag_placement_name(enum mag_placement placement);

/* ------------------------------------------------- pinning and node memory */

enum mag_pinned {
    MAG_PINNED,      /* the thread runs on the PU that was asked for, and only there */
    MAG_PIN_REFUSED, /* the kernel said no (a filter, a cpuset); the mask is as before */
    MAG_PIN_FOREIGN, /* not asked: pinning is off, or it is not this machine's topology */
    MAG_PIN_LOST,    /* it was pinned, and may run elsewhere now: its PU went offline or
                      * out of the cpuset, or somebody has set its mask anew */
};

/*
 * Binds the calling thread to one PU.  It stays bound until its affinity mask is set
 * anew; threads and processes that it creates inherit the mask.  What the mask was before
 * is kept, see mag_topology_load; so that threads which this one creates can be told from
 * others, its timer slack (prctl(2)) becomes up to 256 nanoseconds longer.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Allocates  yes, for as long as the call
 *   Returns    0, and what was obtained; -EINVAL no such PU
 */
MAG_API int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                         enum mag_pinned *ret_obtained);

/*
 * Gives the calling thread the affinity mask back that was there before mag_pin_self:
 * before what it creates, so that this does not inherit the one PU.  The same for a
 * thread that a pinned thread has created.  <magpie/unpinned.h> does it for jobs.
 *
 *   Blocks     in the kernel, not for long
 *   Returns    the operating system's number of the PU that it was pinned to; MAG_NONE
 *              and nothing has changed: it is not pinned, its mask has been set anew
 *              since, or the kernel refuses
 */
MAG_API uint32_t mag_unpin_self(void);

/*
 * Pins the calling thread again, to the PU that mag_unpin_self has returned.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Returns    false: it was not pinned there before, or the kernel refuses
 */
MAG_API bool mag_repin_self(uint32_t os_pu);

enum mag_placed {
    MAG_PLACED,      /* the kernel has accepted the node */
    MAG_FIRST_TOUCH, /* it has not, or was not asked, as where there is one node: pages go
                      * where they are touched */
};

/*
 * Maps `size` bytes of zeroed pages, on a node if the kernel agrees.  The node is
 * preferred, not required: when its memory is full, pages come from elsewhere.
 *
 *   size       in bytes, need not be a multiple of the page's
 *   node       MAG_NONE: wherever they are first touched
 *   Blocks     in the kernel; not for hot paths
 *   Allocates  yes
 *   Returns    0, and what was obtained; -EINVAL no such node, or `size` is 0; -ENOMEM
 *   Release    mag_node_unmap with the same size, from any thread
 */
MAG_API MAG_MUST_CHECK int mag_node_map(const struct mag_topology *topology,
                                        uint32_t node, size_t size, void **ret_pages,
                                        enum mag_placed *ret_obtained);

/* Gives pages of mag_node_map back; NULL is allowed. */
MAG_API void mag_node_unmap(void *pages, size_t size);

/*
 * Whether this process may bind memory to nodes: false under a filter that refuses it,
 * or a kernel without NUMA.  It asks the kernel, and changes nothing; a filter that kills
 * whoever asks kills.  Nothing else asks on a machine with one node.
 *
 *   Blocks     in the kernel; not for hot paths
 */
MAG_API bool mag_node_binding_allowed(void);

MAG_EXTERN_C_END

#endif
