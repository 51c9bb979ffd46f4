/*
 * kind.c - the list of all kinds of jobs.  A kind is added once and never removed.
 *
 * Ownership
 *   [I] immutable once added   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   kinds   mag_job_kind_add (kinds) -> first_kind (kinds) : the kinds' functions and
 *           links
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/kind.h"

#include <stdatomic.h>

static _Atomic(struct mag_job_kind *) kinds; /* [A], each [I] */

void mag_job_kind_add(struct mag_job_kind *kind)
{
    /* relaxed: a guess, which the swap below checks. */
    kind->next = atomic_load_explicit(&kinds, memory_order_relaxed);
    /* kinds, release: the kind and its link are written; the kinds behind it are part of
     * the release sequence.  On failure relaxed: again only a guess. */
    while (!atomic_compare_exchange_weak_explicit(
        &kinds, &kind->next, kind, memory_order_release, memory_order_relaxed)) {
        /* Another thread was first: `next` now points to that thread's kind. */
    }
}

static struct mag_job_kind *first_kind(void)
{
    /* kinds, acquire: the kinds' functions and links are visible. */
    return atomic_load_explicit(&kinds, memory_order_acquire);
}

static struct mag_job_kind *job_kind_of(const struct mag_job *job)
{
    struct mag_job_kind *kind = first_kind();

    while (kind != NULL && kind->run != job->run)
        kind = kind->next;
    return kind;
}

void mag_job_describe(const struct mag_job *job,
                      struct mag_job_description *ret_description)
{
    const struct mag_job_kind *kind = job_kind_of(job);

    *ret_description = (struct mag_job_description){.function = (void (*)(void))job->run};
    if (kind != NULL && kind->describe != NULL)
        kind->describe(job, ret_description);
}

void mag_job_hand_back(struct mag_job *job, const struct mag_job_stop *stop)
{
    const struct mag_job_kind *kind = job_kind_of(job);

    if (kind != NULL)
        kind->dropped(job, stop);
    else if (stop->on_dropped != NULL)
        stop->on_dropped(job, stop->arg);
}

void mag_job_kind_end(struct mag_sched *sched)
{
    for (struct mag_job_kind *kind = first_kind(); kind != NULL; kind = kind->next) {
        if (kind->ended != NULL)
            kind->ended(sched);
    }
}
