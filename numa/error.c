/* SPDX-License-Identifier: Apache-2.0 */
#include "base/texts.h"

#include <errno.h>

MAG_TEXTS_OF(numa);

static const struct mag_code_text numa_errors[] = {{0, NULL}};

static const struct mag_code_text numa_refusals[] = {
    {-EIO, "the machine could not be examined"},
    {-ENOSPC, "the configured limit is reached"},
    {0, NULL},
};

const struct mag_texts mag_texts_of_numa = {numa_errors, numa_refusals};
