/*
 * wide.h - results that do not fit into a task, and a core with such a result.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_WIDE_H
#define TESTS_SUPPORT_VTASK_WIDE_H

#include <magpie/source.h>

struct large {
    uint64_t words[9];
};

struct wide {
    struct mag_core core; /* first */
    struct large large;
};

static const struct mag_core_type wide_type = {
    .result_offset = offsetof(struct wide, large),
    .result_size = sizeof(struct large),
};

#endif
