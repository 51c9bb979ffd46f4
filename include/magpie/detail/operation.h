/*
 * operation.h - what the types of operation.h are made of.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_OPERATION_H
#define MAGPIE_DETAIL_OPERATION_H

#include <magpie/detail/core.h>

MAG_EXTERN_C_BEGIN

struct mag_operation_type;

/* What the types of pooled and of owned operations do when a task is consumed. */
MAG_API void mag_operation_recycle(struct mag_core *core);
MAG_API void mag_operation_disown(struct mag_core *core);

/* The slow half of mag_operation_rent. */
MAG_API int mag_operation_rent_slow(struct mag_operation_type *type, void **ret_object);

/* What the claim of an owned operation is while it is idle, and until it is shared. */
#define MAG_CLAIM_FREE UINT64_MAX
#define MAG_CLAIM_BUSY (UINT64_MAX - 1)

/* Where a result lies, and its bytes. */
#define MAG_OPERATION_MEMBER(struct_type, result)      \
    MAG_CAST(uint32_t, offsetof(struct_type, result)), \
        MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(struct_type, result))
#define MAG_OPERATION_TYPE_AT(struct_type, head, ...)               \
    MAG_OPERATION_TYPE_OF(struct_type, head, mag_operation_recycle, \
                          mag_operation_disown, __VA_ARGS__)

#define MAG_OPERATION_TYPE_OF(struct_type, head, recycle, disown, ...) \
    MAG_OPERATION_TYPE_IN(struct_type, head, recycle, disown, __VA_ARGS__)

/* `head` is first, or the array in it has no legal size. */
#define MAG_OPERATION_TYPE_IN(struct_type, head, recycle, disown, offset, bytes, limit, \
                              destroy)                                                  \
    {                                                                                   \
        {(offset), (bytes), (recycle), (destroy)},                                      \
            {(offset), (bytes), (disown), (destroy)},                                   \
            sizeof(struct_type) *                                                       \
                sizeof(char[offsetof(struct_type, head) == 0 ? 1 : -1]),                \
            (limit), MAG_NULL                                                           \
    }

MAG_EXTERN_C_END

#endif
