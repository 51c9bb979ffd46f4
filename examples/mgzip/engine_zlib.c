/*
 * engine_zlib.c - blocks that continue one stream, by zlib.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mgzip/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum { RAW = -15, MEMORY_LEVEL = 8, FLUSH_MARK = 16 };

static void *open_zlib(int level)
{
    z_stream *stream = calloc(1, sizeof(*stream));

    if (stream != NULL && deflateInit2(stream, level, Z_DEFLATED, RAW, MEMORY_LEVEL,
                                       Z_DEFAULT_STRATEGY) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

static void close_zlib(void *state)
{
    (void)deflateEnd(state);
    free(state);
}

static size_t bound_zlib(size_t size)
{
    /* compressBound counts a zlib header, which is larger than the flush's empty block
     * would be at the end of stored blocks; the mark is for those in between. */
    return compressBound(size) + FLUSH_MARK;
}

static int compress_zlib(void *state, int level, struct piece *piece)
{
    z_stream *stream = state;
    int r = piece->continues ? Z_OK : deflateReset(stream);

    (void)level;
    if (!piece->continues && r == Z_OK && piece->history > 0)
        r = deflateSetDictionary(stream, piece->in - piece->history,
                                 (uInt)piece->history);
    stream->next_in = piece->in;
    stream->avail_in = (uInt)piece->in_size;
    stream->next_out = piece->out;
    stream->avail_out = (uInt)piece->out_capacity;
    if (r == Z_OK)
        r = deflate(stream, piece->open ? Z_NO_FLUSH : Z_SYNC_FLUSH);
    if (r != Z_OK || stream->avail_in != 0 || stream->avail_out == 0)
        return -EIO;
    piece->out_size = piece->out_capacity - stream->avail_out;
    piece->crc = engine_crc(piece->in, piece->in_size);
    return 0;
}

const struct engine engine_zlib = {
    .name = "zlib",
    .block = (size_t)128 << 10,
    .open = open_zlib,
    .close = close_zlib,
    .bound = bound_zlib,
    .compress = compress_zlib,
};
