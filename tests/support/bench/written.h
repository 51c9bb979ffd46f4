/*
 * written.h - what the writers of reports write, as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_BENCH_WRITTEN_H
#define TESTS_SUPPORT_BENCH_WRITTEN_H

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

/* Defines `name`, which returns the text that a writer of `type` writes, to be freed. */
#define TEST_WRITTEN_BY(name, type)                                                \
    static inline char *name(void (*write)(FILE * out, const struct type *object), \
                             const struct type *object)                            \
    {                                                                              \
        char *text = NULL;                                                         \
        size_t size = 0;                                                           \
        FILE *out = open_memstream(&text, &size);                                  \
                                                                                   \
        assert_non_null(out);                                                      \
        write(out, object);                                                        \
        (void)fclose(out);                                                         \
        return text;                                                               \
    }

/* Asserts that the text has the wanted one in it. */
static inline void has(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("'%s' is not in: %s", wanted, text);
}

#endif
