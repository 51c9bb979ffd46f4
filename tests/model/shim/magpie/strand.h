/*
 * strand.h - the parts of <magpie/strand.h> that the modeled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_STRAND_H
#define TESTS_MODEL_SHIM_MAGPIE_STRAND_H

#include <magpie/sched.h>

struct mag_strand {
    mag_job job;
    mag_sched *sched;
    _Atomic(struct mag_job *) last;
    _Atomic(struct mag_job *) first;
};

#endif
