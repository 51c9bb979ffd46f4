/*
 * cancel.h - the inside of cancel objects.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CANCEL_H
#define MAGPIE_DETAIL_CANCEL_H

#include <magpie/detail/atomic.h>
#include <magpie/detail/base.h>

/* Bits of a cancel object's `state`. */
enum { MAG_CANCEL_LOCKED = 1, MAG_CANCEL_FIRED = 2 };

#endif
