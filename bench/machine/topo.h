/*
 * topo.h - a machine and the seats of its workers, as text and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MACHINE_TOPO_H
#define BENCH_MACHINE_TOPO_H

#include <magpie/plan.h>
#include <stdio.h>

struct bench_topo {
    const struct mag_topology *topology;
    const struct mag_plan *plan;
    const char *source;    /* "this machine", or what it came from */
    const char *placement; /* the policy's name */
};

void bench_topo_draw(FILE *out, const struct bench_topo *topo);

/* Returns 0 or -ENOMEM.  The caller checks `out` for write errors. */
int bench_topo_json(FILE *out, const struct bench_topo *topo);

#endif
