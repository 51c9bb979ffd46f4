/*
 * line_place.h - a place in a line (detail/line.h), and the state of a wait that lies in
 * the frame of who waits (connected.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LINE_PLACE_H
#define MAGPIE_DETAIL_LINE_PLACE_H

#include <magpie/cancel.h>
#include <magpie/detail/line.h>

struct mag_line_kind;
struct mag_waiter;

/*
 * Both forms of a wait have one: so they stand in one line, in the order of arrival.
 *
 * Ownership
 *   [I] immutable while the wait lasts   [L] the thread that has the line's lock; after
 *   the place was taken out of the line, the thread that completes the wait
 */
struct mag_line_place {
    struct mag_line *line;            /* [I] */
    const struct mag_line_kind *kind; /* [I] */
    struct mag_line_place *next;      /* [L] */
    struct mag_line_place *prev;      /* [L] */
    uint32_t wants;                   /* [I] */
    bool is_connected;                /* [I] a wait state's; else a pooled operation's */
    bool is_cancelable;               /* [I] a cancel object may complete the wait */
    bool is_in_line;                  /* [L] */
    bool is_canceled;                 /* [L] may not enter the line any more */
    struct mag_cancel_registration stop;
};

/* The state of a wait in its connected form; semaphore.h has the text for users. */
struct mag_wait_state {
    struct mag_line_place place; /* first */
    struct mag_waiter *waiter;   /* [I] */
};

#endif
