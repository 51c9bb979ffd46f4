/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct mag_text mag_text_begin(char *buffer, size_t size)
{
    if (size != 0)
        buffer[0] = '\0';
    return (struct mag_text){.buffer = buffer, .size = size};
}

void mag_text_add(struct mag_text *text, const char *format, ...)
{
    size_t left = text->length < text->size ? text->size - text->length : 0;
    char *end = left != 0 ? text->buffer + text->length : NULL;
    va_list values;

    va_start(values, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it does not know va_start. */
    int added = vsnprintf(end, left, format, values);
    va_end(values);
    if (added > 0)
        text->length += (size_t)added;
}
