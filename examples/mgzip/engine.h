/*
 * engine.h - what compresses a block.
 *
 * zlib's engine makes one gzip member: a block ends at a whole byte, by a sync flush, and
 * is primed with the 32 KiB before it, so that it may refer to them.  libdeflate can
 * neither be primed nor leave its stream open.  Its engine makes a whole member of each
 * block; gzip reads members that follow each other as one file.  Larger blocks by default
 * make up for what the missing 32 KiB cost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_ENGINE_H
#define EXAMPLES_MGZIP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far back deflate refers. */
enum { WINDOW = 32768 };

struct workspace;

/* A block on its way from the reader to the writer. */
struct piece {
    struct workspace *workspace;
    unsigned char *in;  /* the bytes of the block; directly before them are... */
    size_t history;     /* ...so many that precede it in the file */
    bool continues;     /* the same state has compressed the block before */
    bool open;          /* and will compress the next one: nothing need be flushed */
    size_t in_size;     /* 0: the file has ended */
    unsigned char *out; /* the compressed bytes */
    size_t out_size;
    size_t out_capacity;    /* what the engine's `bound` wants for a block */
    uint32_t crc;           /* of the block's bytes */
    const char *store_name; /* for the header of a member; or NULL */
    uint32_t store_time;
};

struct engine {
    const char *name;
    size_t block;     /* the default size of a block */
    bool members;     /* each block becomes a gzip member; else they continue a stream */
    const char *gone; /* why this program cannot use it; NULL: it can */

    /* What a thread compresses with; NULL: no memory. */
    void *(*open)(int level);
    void (*close)(void *state);

    /* The most bytes that a block of `size` becomes. */
    size_t (*bound)(size_t size);

    /* Sets `out`, `out_size` and `crc`.  0 or a negative errno. */
    int (*compress)(void *state, int level, struct piece *piece);
};

extern const struct engine engine_zlib;
extern const struct engine engine_libdeflate;

/* The CRC of bytes, by the fastest function that there is. */
uint32_t engine_crc(const unsigned char *bytes, size_t size);

#endif
