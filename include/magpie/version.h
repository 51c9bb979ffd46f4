/*
 * version.h - the version of the headers, and of the library that is loaded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_VERSION_H
#define MAGPIE_VERSION_H

#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

/* The version of these headers. */
#define MAG_VERSION_MAJOR  0
#define MAG_VERSION_MINOR  1
#define MAG_VERSION_PATCH  0
#define MAG_VERSION_STRING "0.1.0"

/*
 * The version of the library that is loaded, such as "0.1.0".  Compare it with
 * MAG_VERSION_STRING.
 *
 *   Returns    a constant string, never NULL
 */
MAG_API const char *mag_version(void);

MAG_EXTERN_C_END

#endif
