/*
 * scope.c - scopes: a run of children on the fork stack, and one word for their
 * first error.
 *
 * Edges: release end -> acquire end : what crosses
 *   error   mag_scope_fail (error) -> mag_scope_canceled : a failing thread's last touch
 *           of the scope; what children have written crosses by their joins
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/fork/stack.h"

#include <errno.h>
#include <magpie/fork.h>
#include <stdatomic.h>

void mag_scope_open(struct mag_scope *scope, mag_fork w)
{
    scope->first = w.top;
    atomic_init(&scope->error, 0);
}

bool mag_scope_canceled(const struct mag_scope *scope)
{
    /* error, acquire: the last touch of the scope by a canceling thread is over. */
    return atomic_load_explicit(&scope->error, memory_order_acquire) != 0;
}

void mag_scope_fail(struct mag_scope *scope, int error)
{
    int none = 0;

    /* error, release: a thread that sees the error may end the scope, whose memory is
     * then used for something else.
     * On failure relaxed: an error was set before. */
    (void)atomic_compare_exchange_strong_explicit(
        &scope->error, &none, error, memory_order_release, memory_order_relaxed);
}

void mag_scope_cancel(struct mag_scope *scope)
{
    mag_scope_fail(scope, -ECANCELED);
}

int mag_scope_spawn(mag_fork *w, struct mag_scope *scope, mag_fork_body body,
                    const void *args, size_t size)
{
    uint64_t payload[MAG_FORK_PAYLOAD / 8];

    if (size > MAG_SCOPE_PAYLOAD)
        return MAG_E_SIZE;
    memcpy(payload, &scope, sizeof(scope));
    memcpy((char *)payload + sizeof(scope), args, size);
    /* A body that is called directly may fork as deep as the thread's own stack
     * allows. */
    if (!mag_fork_is_full(*w))
        return mag_fork_push(w, body, payload, sizeof(payload));
    body(*w, payload);
    return 0;
}

int mag_scope_join(mag_fork *w, struct mag_scope *scope)
{
    while (w->top > scope->first) {
        uint64_t payload[MAG_FORK_PAYLOAD / 8];
        /* relaxed: the owner wrote it. */
        mag_fork_body body = atomic_load_explicit(&w->top[-1].body, memory_order_relaxed);

        if (!mag_fork_pop(w))
            continue;
        memcpy(payload, w->top->payload, sizeof(payload));
        body(*w, payload);
    }
    /* relaxed: the children have been joined. */
    return atomic_load_explicit(&scope->error, memory_order_relaxed);
}
