/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/emulated.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>

bool test_is_emulated(void)
{
    return getenv("MAG_TEST_EMULATED") != NULL; /* NOLINT(concurrency-mt-unsafe) */
}

void test_skip_emulated(const char *what)
{
    if (test_is_emulated()) {
        print_message("skipped: qemu %s\n", what);
        skip();
    }
}
