/*
 * waiter.h - somebody who waits in a line (detail/line.h): a pooled operation with a
 * place there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_WAITER_H
#define MAGPIE_DETAIL_WAITER_H

#include <magpie/detail/line_place.h>
#include <magpie/operation.h>

/*
 * Ownership
 *   [I] immutable from the share on; the place as it says
 */
struct mag_line_waiter {
    struct mag_operation operation; /* first */
    uint64_t key;                   /* [I] of the operation */
    struct mag_line_place place;
};

#endif
