/*
 * decompress.c - the members of a gzip file, one after the other, by zlib, which checks
 * their CRCs and sizes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mgzip/report.h"
#include "examples/mgzip/stream.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_ONLY = 15 + 16, IN_SIZE = 64 << 10, OUT_SIZE = 128 << 10 };

struct inflation {
    struct stream *stream;
    z_stream z;
    unsigned char in[IN_SIZE];
    unsigned char out[OUT_SIZE];
};

/* Reads more behind the bytes that are left.  False: the file has ended. */
static bool refill(struct inflation *inflation)
{
    z_stream *z = &inflation->z;
    size_t left = z->avail_in;
    size_t got;

    memmove(inflation->in, z->next_in, left);
    got = stream_read(inflation->stream, inflation->in + left, IN_SIZE - left);
    z->next_in = inflation->in;
    z->avail_in = (uInt)(left + got);
    return got > 0;
}

/* Whether a member, or what looks like one, comes next. */
static bool at_member(struct inflation *inflation)
{
    z_stream *z = &inflation->z;

    if (z->avail_in < 2)
        (void)refill(inflation);
    return z->avail_in >= 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b;
}

/* The file has ended too early, unless it could not be read. */
static int ended(const struct stream *stream)
{
    if (stream->read_error != 0)
        return MGZIP_ERROR;
    return report_error(stream->name, "unexpected end of file");
}

/* MGZIP_OK, or an error after its message. */
static int inflate_member(struct inflation *inflation)
{
    struct stream *stream = inflation->stream;
    z_stream *z = &inflation->z;
    int r = Z_OK;

    while (r == Z_OK) {
        if (z->avail_in == 0 && !refill(inflation))
            return ended(stream);
        z->next_out = inflation->out;
        z->avail_out = OUT_SIZE;
        r = inflate(z, Z_NO_FLUSH);
        if (stream_write(stream, inflation->out, OUT_SIZE - z->avail_out) != 0)
            return MGZIP_ERROR;
        stream_show(stream, stream->bytes_in);
    }
    if (r == Z_STREAM_END)
        return MGZIP_OK;
    return report_error(stream->name, "invalid compressed data: %s",
                        z->msg != NULL ? z->msg : zError(r));
}

static int inflate_members(struct inflation *inflation)
{
    int status;

    do {
        status = inflate_member(inflation);
        (void)inflateReset(&inflation->z);
    } while (status == MGZIP_OK && at_member(inflation));
    return status;
}

/* Zeroes behind the last member are padding; whatever else is there is ignored too, but
 * not in silence. */
static int check_rest(struct inflation *inflation)
{
    z_stream *z = &inflation->z;

    do {
        while (z->avail_in > 0 && *z->next_in == 0) {
            z->next_in++;
            z->avail_in--;
        }
    } while (z->avail_in == 0 && refill(inflation));
    if (z->avail_in == 0)
        return MGZIP_OK;
    return report_warning(inflation->stream->options, inflation->stream->name,
                          "decompression OK, trailing garbage ignored");
}

static int copy(struct inflation *inflation)
{
    z_stream *z = &inflation->z;

    do {
        if (stream_write(inflation->stream, z->next_in, z->avail_in) != 0)
            return MGZIP_ERROR;
        z->avail_in = 0;
    } while (refill(inflation));
    return MGZIP_OK;
}

static int decompress(struct inflation *inflation)
{
    const struct stream *stream = inflation->stream;
    const struct options *options = stream->options;

    if (at_member(inflation)) {
        int status = inflate_members(inflation);

        return status == MGZIP_OK ? check_rest(inflation) : status;
    }
    if (options->force && options->to_stdout && !options->test)
        return copy(inflation);
    if (inflation->z.avail_in == 0)
        return ended(stream);
    return report_error(stream->name, "not in gzip format");
}

int stream_decompress(struct stream *stream)
{
    static struct inflation inflation;
    int status;

    inflation.stream = stream;
    inflation.z = (z_stream){.next_in = inflation.in};
    if (inflateInit2(&inflation.z, GZIP_ONLY) != Z_OK)
        return report_error(stream->name, "out of memory");
    stream_begin(stream);
    status = decompress(&inflation);
    (void)inflateEnd(&inflation.z);
    return status;
}
