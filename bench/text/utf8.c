/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/text/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character that begins with this one; 0: none does. */
static size_t length_by(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xf0)
        return first <= 0xf4 ? 4 : 0;
    if (first >= 0xe0)
        return 3;
    return first >= 0xc2 ? 2 : 0;
}

/* Whether a number is a character that needs this many bytes. */
static bool fits(uint32_t number, size_t length)
{
    if (length == 3)
        return number >= 0x800 && (number < 0xd800 || number > 0xdfff);
    return length < 3 || (number >= 0x10000 && number <= 0x10ffff);
}

/* Bytes of the character at `text`; 0: there is none. */
static size_t character(const char *text)
{
    size_t length = length_by((unsigned char)text[0]);
    uint32_t number = (unsigned char)text[0] & (0x7fU >> length);

    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)text[i];

        if ((next & 0xc0) != 0x80)
            return 0;
        number = number << 6 | (next & 0x3f);
    }
    return length > 1 && !fits(number, length) ? 0 : length;
}

void bench_utf8(char *text)
{
    while (*text != '\0') {
        size_t length = character(text);

        if (length == 0)
            *text = '?';
        text += length != 0 ? length : 1;
    }
}

size_t bench_utf8_cut(const char *text, size_t most)
{
    size_t used = 0;

    while (text[used] != '\0') {
        size_t length = character(text + used);

        length += length == 0;
        if (used + length > most)
            break;
        used += length;
    }
    return used;
}

json_t *bench_json_text(const char *text)
{
    char *copy = strdup(text);
    json_t *json = NULL;

    if (copy != NULL) {
        bench_utf8(copy);
        json = json_string(copy);
    }
    free(copy);
    return json;
}

json_t *bench_json_whole(json_t *json, bool is_whole)
{
    if (is_whole)
        return json;
    json_decref(json);
    return NULL;
}
