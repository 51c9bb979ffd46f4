/*
 * name.h - the name of an output, from that of its input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_NAME_H
#define EXAMPLES_MGZIP_NAME_H

#include "examples/mgzip/options.h"

#include <limits.h>

enum name {
    NAME_MADE,
    NAME_HAS_SUFFIX, /* of what is compressed already */
    NAME_HAS_NONE,   /* and so it cannot be decompressed */
    NAME_TOO_LONG
};

enum name name_of_output(const struct options *options, const char *path,
                         char ret_name[PATH_MAX]);

#endif
