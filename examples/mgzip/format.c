/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/format.h"

#include <string.h>

static void store_32(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (8 * i));
}

size_t format_header(unsigned char *out, const char *name, uint32_t time, int level)
{
    enum { MAGIC_1 = 0x1f, MAGIC_2 = 0x8b, DEFLATE = 8, HAS_NAME = 8, UNIX = 3 };
    size_t length = name != NULL ? strnlen(name, FORMAT_NAME_MAX) : 0;
    unsigned char effort = 0;

    if (level == 9)
        effort = 2;
    else if (level == 1)
        effort = 4;
    out[0] = MAGIC_1;
    out[1] = MAGIC_2;
    out[2] = DEFLATE;
    out[3] = length > 0 ? HAS_NAME : 0;
    store_32(out + 4, time);
    out[8] = effort;
    out[9] = UNIX;
    if (length == 0)
        return 10;
    memcpy(out + 10, name, length);
    out[10 + length] = 0;
    return 10 + length + 1;
}

void format_trailer(unsigned char *out, uint32_t crc, uint64_t size)
{
    store_32(out, crc);
    store_32(out + 4, (uint32_t)size);
}
