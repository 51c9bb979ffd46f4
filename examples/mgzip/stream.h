/*
 * stream.h - a file that is being compressed or decompressed, and how far that is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_STREAM_H
#define EXAMPLES_MGZIP_STREAM_H

#include "examples/mgzip/options.h"

#include <time.h>

struct stream {
    const struct options *options;
    const char *name; /* as messages call it */
    int in;
    int out;                /* -1: nothing is written */
    const char *store_name; /* for the header; or NULL */
    uint32_t store_time;
    uint64_t size; /* of the input, 0: not known */

    uint64_t bytes_in;
    uint64_t bytes_out;
    int read_error; /* an errno */
    int write_error;

    bool shows; /* progress on a terminal */
    struct timespec began;
    struct timespec shown;
};

/* Reads until `size` bytes are there or the file ends; less than `size` only then.
 * Returns how many; what went wrong is in `read_error`. */
size_t stream_read(struct stream *stream, unsigned char *bytes, size_t size);

/* 0, or a negative errno that is also in `write_error`. */
int stream_write(struct stream *stream, const unsigned char *bytes, size_t size);

/* Progress on standard error, if it is a terminal; `done` bytes of the input so far. */
void stream_begin(struct stream *stream);
void stream_show(struct stream *stream, uint64_t done);

/* Compresses, or decompresses, `in` to `out`.  Returns MGZIP_OK, or another status after
 * a message. */
int stream_compress(struct stream *stream);
int stream_decompress(struct stream *stream);

#endif
