/*
 * machine.h - what a report says about the machine it was made on, and about the run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MACHINE_MACHINE_H
#define BENCH_MACHINE_MACHINE_H

#include <magpie/plan.h>
#include <magpie/topology.h>

enum { BENCH_COMMAND = 512, BENCH_NODE_ENDS = 256, BENCH_SEATED = 16 };

struct bench_machine {
    char cpu[128];
    char arch[32];
    char os[96];
    char kernel[96];
    char compiler[64];
    char version[32]; /* of Magpie */
    char date[32];    /* UTC, ISO 8601 */
    char command[BENCH_COMMAND];
    uint32_t packages; /* these five: usable by this process */
    uint32_t nodes;
    uint32_t caches;
    uint32_t cores;
    uint32_t pus;
    uint32_t online;     /* PUs of the machine */
    uint32_t workers;    /* that the budget allows, one for each core */
    uint32_t pu_workers; /* the same, one for each PU */
    double quota_cpus;   /* 0: none */
    uint64_t memory_kib;
    bool membarrier;
    double seconds;               /* that the whole run took */
    char placement[BENCH_SEATED]; /* of the workers of Magpie; "": not known */
    char pin[BENCH_SEATED];
    /* So many workers sit on fewer nodes than one more worker would. */
    uint32_t node_ends[BENCH_NODE_ENDS];
    uint32_t node_end_count;
};

/* Fills in what the system reports; other fields are empty.  Returns 0, or the error of
 * loading the topology. */
int bench_machine_read(struct bench_machine *machine);

/* Finds where nodes end for up to so many workers.  Returns 0, or the error of loading
 * the topology or of making a plan. */
int bench_machine_node_ends(struct bench_machine *machine, enum mag_placement placement,
                            uint32_t workers);

/* Packages and last-level caches with a usable PU. */
uint32_t bench_count_packages(const struct mag_topology *topology);
uint32_t bench_count_caches(const struct mag_topology *topology);

/* The setting that made hwloc load another machine, such as "HWLOC_XMLFILE"; NULL: the
 * topology is that of this machine. */
const char *bench_stand_in(const struct mag_topology *topology);

#endif
