/*
 * The kinds of jobs that a stop does not hand back.
 *
 * Ownership
 *   [I] immutable once added   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   kinds   mag_job_kind_add (kinds) -> mag_job_drop (kinds) : what the kinds are
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/life/drop.h"

#include <stdatomic.h>

static _Atomic(struct mag_job_kind *) kinds; /* [A], each [I] */

void mag_job_kind_add(struct mag_job_kind *kind)
{
    /* relaxed: a guess, which the swap below checks. */
    kind->next = atomic_load_explicit(&kinds, memory_order_relaxed);
    /* kinds, release: the kind and its link are there; what is behind them is part of the
     * release sequence.  On failure relaxed: again only a guess. */
    while (!atomic_compare_exchange_weak_explicit(
        &kinds, &kind->next, kind, memory_order_release, memory_order_relaxed)) {
        /* Lost to another: `next` is that one. */
    }
}

bool mag_job_drop(struct mag_job *job)
{
    /* kinds, acquire: what they are is visible. */
    struct mag_job_kind *kind = atomic_load_explicit(&kinds, memory_order_acquire);

    while (kind != NULL && kind->run != job->run)
        kind = kind->next;
    if (kind == NULL)
        return false;
    kind->dropped(job);
    return true;
}
