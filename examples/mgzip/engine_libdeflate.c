/*
 * engine_libdeflate.c - blocks that are gzip members of their own, by libdeflate, where
 * there is one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mgzip/engine.h"
#include "examples/mgzip/format.h"

#include <errno.h>
#include <zlib.h>

#ifdef MGZIP_HAVE_LIBDEFLATE
#    include <libdeflate.h>

uint32_t engine_crc(const unsigned char *bytes, size_t size)
{
    return libdeflate_crc32(0, bytes, size);
}

static void *open_libdeflate(int level)
{
    return libdeflate_alloc_compressor(level);
}

static void close_libdeflate(void *state)
{
    libdeflate_free_compressor(state);
}

static size_t bound_libdeflate(size_t size)
{
    return FORMAT_HEADER_MAX + libdeflate_deflate_compress_bound(NULL, size) +
           FORMAT_TRAILER;
}

static int compress_libdeflate(void *state, int level, struct piece *piece)
{
    unsigned char *out = piece->out;
    size_t header = format_header(out, piece->store_name, piece->store_time, level);
    size_t size = libdeflate_deflate_compress(state, piece->in, piece->in_size,
                                              out + header, piece->out_capacity - header);

    if (size == 0)
        return -EIO;
    piece->crc = engine_crc(piece->in, piece->in_size);
    format_trailer(out + header + size, piece->crc, piece->in_size);
    piece->out_size = header + size + FORMAT_TRAILER;
    return 0;
}

#    define OF_LIBDEFLATE                                                              \
        .open = open_libdeflate, .close = close_libdeflate, .bound = bound_libdeflate, \
        .compress = compress_libdeflate
#else
uint32_t engine_crc(const unsigned char *bytes, size_t size)
{
    return (uint32_t)crc32_z(0, bytes, size);
}

#    define OF_LIBDEFLATE .gone = "libdeflate was not found when this program was built"
#endif

const struct engine engine_libdeflate = {
    .name = "libdeflate",
    .block = (size_t)1 << 20,
    .members = true,
    OF_LIBDEFLATE,
};
