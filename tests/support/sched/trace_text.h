/*
 * trace_text.h - the text of a trace, for tests that look for events in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_TRACE_TEXT_H
#define TESTS_SUPPORT_SCHED_TRACE_TEXT_H

#include "tests/support/cmocka.h"

#include <magpie/trace.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A trace as it was written; freed with `free(text.bytes)`. */
struct text {
    char *bytes;
    size_t length;
};

static inline int trace_append(const char *piece, size_t length, void *arg)
{
    struct text *text = arg;
    char *bytes = realloc(text->bytes, text->length + length + 1);

    if (bytes == NULL)
        return -ENOMEM;
    memcpy(bytes + text->length, piece, length);
    text->bytes = bytes;
    text->length += length;
    bytes[text->length] = '\0';
    return 0;
}

static inline struct text write_trace(struct mag_sched *sched)
{
    struct text text = {NULL, 0};

    assert_int_equal(mag_trace_write(sched, trace_append, &text), 0);
    return text;
}

static inline unsigned occurrences(const struct text *text, const char *what)
{
    unsigned count = 0;

    for (const char *at = text->bytes; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

#endif
