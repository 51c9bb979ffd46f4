/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/trace/json.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The longest text of one call of mag_json_add, or of one character. */
enum { JSON_PIECE = 512 };

int mag_json_flush(struct mag_json *json)
{
    if (json->error == 0 && json->used != 0)
        json->error = json->write(json->text, json->used, json->arg);
    json->used = 0;
    return json->error;
}

static void add_bytes(struct mag_json *json, const char *bytes, size_t length)
{
    if (json->used + length > sizeof(json->text))
        (void)mag_json_flush(json);
    memcpy(json->text + json->used, bytes, length);
    json->used += length;
}

void mag_json_add(struct mag_json *json, const char *format, ...)
{
    char piece[JSON_PIECE];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    if (length > 0)
        add_bytes(json, piece,
                  (size_t)length < sizeof(piece) ? (size_t)length : sizeof(piece) - 1);
}

/* ------------------------------------------------------------------------ UTF-8 */

static bool follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* How many bytes the character at `text` has; 0: it is none, or longer than it need be,
 * or a half of a pair, or beyond the last character. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): a table in words. */
static size_t length_of(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    if (text[0] >= 0xc2 && text[0] < 0xe0)
        return follows(text[1]) ? 2 : 0;
    if ((text[0] & 0xf0) == 0xe0) {
        bool wrong =
            (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0);

        return !wrong && follows(text[1]) && follows(text[2]) ? 3 : 0;
    }
    if (text[0] >= 0xf0 && text[0] < 0xf5) {
        bool wrong =
            (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90);

        return !wrong && follows(text[1]) && follows(text[2]) && follows(text[3]) ? 4 : 0;
    }
    return 0;
}

void mag_json_string(struct mag_json *json, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    add_bytes(json, "\"", 1);
    while (*at != '\0') {
        size_t length = length_of(at);

        if (length == 0)
            mag_json_add(json, "\\ufffd");
        else if (*at == '"' || *at == '\\')
            mag_json_add(json, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            mag_json_add(json, "\\u%04x", *at);
        else
            add_bytes(json, (const char *)at, length);
        at += length != 0 ? length : 1;
    }
    add_bytes(json, "\"", 1);
}
