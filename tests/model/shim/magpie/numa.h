/*
 * numa.h - as much of it as the modelled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_NUMA_H
#define TESTS_MODEL_SHIM_MAGPIE_NUMA_H

#include <magpie/base.h>

#define MAG_NONE UINT32_MAX

enum mag_reach { MAG_REACH_CORE, MAG_REACH_CACHE, MAG_REACH_NODE, MAG_REACH_FAR };

enum mag_pinned { MAG_PINNED, MAG_PIN_REFUSED, MAG_PIN_FOREIGN, MAG_PIN_LOST };

struct mag_topology;
struct mag_plan;

#endif
