/*
 * waiter.h - somebody who waits in a line (detail/line.h): a pooled operation with links.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_WAITER_H
#define MAGPIE_DETAIL_WAITER_H

#include <magpie/detail/line.h>
#include <magpie/operation.h>

struct mag_line_kind;

/*
 * Ownership
 *   [I] immutable from the share on   [L] the thread that has the line's lock; after the
 *   waiter was taken out of the line, the thread that claimed it
 */
struct mag_line_waiter {
    struct mag_operation operation;   /* first */
    struct mag_line *line;            /* [I] */
    const struct mag_line_kind *kind; /* [I] */
    struct mag_line_waiter *next;     /* [L] */
    struct mag_line_waiter *prev;     /* [L] */
    uint64_t key;                     /* [I] of the operation */
    uint32_t wants;                   /* [I] */
    bool is_cancelable;               /* [I] a cancel object may claim it */
    bool is_in_line;                  /* [L] */
    struct mag_cancel_registration stop;
};

#endif
