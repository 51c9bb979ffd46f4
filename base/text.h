/*
 * text.h - text that is appended to in a caller's buffer, with the limits of snprintf.
 * Private to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Text that does not fit into `size` bytes, the terminating zero included, is only
 * counted. */
struct mag_text {
    char *buffer; /* may be NULL when size is 0 */
    size_t size;
    size_t length; /* of the whole text, without the terminating zero */
};

/* Begins an empty text. */
struct mag_text mag_text_begin(char *buffer, size_t size);

void mag_text_add(struct mag_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
