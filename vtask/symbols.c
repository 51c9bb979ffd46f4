/*
 * symbols.c - the inline functions of the public headers as symbols of the library, for
 * languages that cannot include a header.
 *
 * Here MAG_INLINE makes external definitions (language.h).  This file is compiled by
 * itself, also in a unity build: in another unit the headers may have been read before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define MAG_INLINE_SYMBOLS 1
#include <magpie/magpie.h>
