/*
 * mirror.h - memory that is mapped twice, one copy behind the other: a ring whose content
 * is always in one piece.  Private to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MIRROR_H
#define BASE_MIRROR_H

#include <stddef.h>

/*
 * Maps `size` zeroed bytes, a multiple of the size of a page, and the same bytes again
 * behind them.  Children of fork() do not have them.
 *
 *   Returns    0; -ENOMEM memory or address space is refused, or the kernel cannot
 */
int mag_mirror_map(size_t size, void **ret_bytes);

void mag_mirror_unmap(void *bytes, size_t size);

#endif
