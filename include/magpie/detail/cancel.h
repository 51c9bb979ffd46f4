/*
 * cancel.h - the inside of cancel sources and of operations that can be cancelled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CANCEL_H
#define MAGPIE_DETAIL_CANCEL_H

#include <magpie/detail/core.h>

MAG_EXTERN_C_BEGIN

/* Bits of a cancel source's `state`. */
enum { MAG_CANCEL_LOCKED = 1, MAG_CANCEL_FIRED = 2 };

/* As mag_operation_recycle and mag_operation_disown, for operations that can be
 * cancelled. */
MAG_API void mag_cancelable_recycle(struct mag_core *core);
MAG_API void mag_cancelable_disown(struct mag_core *core);

MAG_EXTERN_C_END

#endif
