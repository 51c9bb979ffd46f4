/*
 * format.h - headers and trailers of gzip members (RFC 1952).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_FORMAT_H
#define EXAMPLES_MGZIP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum {
    FORMAT_NAME_MAX = 255, /* of file systems */
    FORMAT_HEADER_MAX = 10 + FORMAT_NAME_MAX + 1,
    FORMAT_TRAILER = 8
};

/* Writes a header, with a name unless it is NULL, and returns its size. */
size_t format_header(unsigned char *out, const char *name, uint32_t time, int level);

/* Writes a trailer of FORMAT_TRAILER bytes. */
void format_trailer(unsigned char *out, uint32_t crc, uint64_t size);

#endif
