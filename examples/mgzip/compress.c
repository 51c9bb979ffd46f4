/*
 * compress.c - the pipeline: a serial reader in order, compressors in parallel, a serial
 * writer in order.
 *
 * The number of tokens bounds the memory.  With one thread the same three functions are
 * called in turn.  There zlib's stream just goes on from block to block: these are small,
 * as they cost nothing, and need not be primed.  With more threads the output does not
 * depend on their number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mgzip/format.h"
#include "examples/mgzip/report.h"
#include "examples/mgzip/stream.h"
#include "examples/mgzip/workers.h"
#include "examples/mgzip/workspace.h"

#include <errno.h>
#include <magpie/magpie.h>
#include <magpie/pipeline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SMALL_BLOCK = 16 << 10 };

struct compression {
    struct stream *stream;
    size_t block;
    bool goes_on; /* the one stream of the one thread */
    struct workspaces workspaces;

    /* The reader's: the end of the block before. */
    unsigned char window[WINDOW];
    size_t history;
    bool has_read;

    /* The writer's. */
    uint32_t crc;
    uint64_t written; /* bytes of the input */
};

/* NOLINTNEXTLINE(readability-function-size): name_run_with has many parameters. */
MAG_PIPELINE(blocks, struct piece, struct compression)

/* --------------------------------------------------------------------- a token */

static int prepare(struct piece *piece, struct compression *c)
{
    /* Bytes that zlib has kept back from earlier blocks can come too. */
    size_t kept = c->goes_on ? 4 * WINDOW : 0;

    piece->out_capacity = c->stream->options->engine->bound(c->block + kept);
    piece->out = malloc(piece->out_capacity);
    return piece->out != NULL ? 0 : -ENOMEM;
}

static void release(struct piece *piece, struct compression *c)
{
    (void)c;
    free(piece->out);
}

/* ------------------------------------------------------------------ the stages */

static int read_block(struct piece *piece, struct compression *c)
{
    struct stream *stream = c->stream;

    piece->workspace = workspace_take(&c->workspaces);
    if (piece->workspace == NULL)
        return -ENOMEM;
    piece->in = piece->workspace->in + WINDOW;
    piece->history = stream->options->engine->members || c->goes_on ? 0 : c->history;
    piece->continues = c->goes_on && c->has_read;
    piece->open = c->goes_on;
    memcpy(piece->in - piece->history, c->window, piece->history);
    piece->in_size = stream_read(stream, piece->in, c->block);
    if (stream->read_error != 0)
        return -stream->read_error;
    if (piece->in_size == 0) {
        workspace_put(&c->workspaces, piece->workspace);
        return MAG_STAGE_END;
    }
    piece->store_name = c->has_read ? NULL : stream->store_name;
    piece->store_time = c->has_read ? 0 : stream->store_time;
    c->has_read = true;
    c->history = piece->in_size < WINDOW ? piece->in_size : WINDOW;
    memcpy(c->window, piece->in + piece->in_size - c->history, c->history);
    return 0;
}

static int compress_block(struct piece *piece, struct compression *c)
{
    const struct options *options = c->stream->options;
    int r = options->engine->compress(piece->workspace->state, options->level, piece);

    workspace_put(&c->workspaces, piece->workspace);
    return r;
}

static int write_header(struct stream *stream)
{
    unsigned char header[FORMAT_HEADER_MAX];
    size_t size = format_header(header, stream->store_name, stream->store_time,
                                stream->options->level);

    return stream_write(stream, header, size);
}

static int write_block(struct piece *piece, struct compression *c)
{
    struct stream *stream = c->stream;
    bool members = stream->options->engine->members;
    int r = c->written == 0 && !members ? write_header(stream) : 0;

    if (r == 0)
        r = stream_write(stream, piece->out, piece->out_size);
    if (!members)
        c->crc = (uint32_t)crc32_combine(c->crc, piece->crc, (z_off_t)piece->in_size);
    c->written += piece->in_size;
    stream_show(stream, c->written);
    return r;
}

/* ------------------------------------------------------------------- the whole */

/* Ends the one member, or makes one of an empty file. */
static int write_end(struct compression *c)
{
    struct stream *stream = c->stream;
    static const unsigned char last[] = {3, 0}; /* an empty block that says it is last */
    unsigned char trailer[FORMAT_TRAILER];
    int r = 0;

    if (c->written > 0 && stream->options->engine->members)
        return 0;
    if (c->written == 0)
        r = write_header(stream);
    if (r == 0)
        r = stream_write(stream, last, sizeof(last));
    format_trailer(trailer, c->crc, c->written);
    return r == 0 ? stream_write(stream, trailer, sizeof(trailer)) : r;
}

/* Writes what zlib has kept back. */
static int flush(struct piece *piece, struct compression *c)
{
    int r;

    piece->workspace = workspace_take(&c->workspaces);
    piece->open = false;
    r = compress_block(piece, c);
    return r == 0 ? write_block(piece, c) : r;
}

static int run_serial(struct compression *c)
{
    struct piece piece = {0};
    int r = prepare(&piece, c);

    if (r != 0)
        return r;
    while (r == 0) {
        r = read_block(&piece, c);
        if (r == 0)
            r = compress_block(&piece, c);
        if (r == 0)
            r = write_block(&piece, c);
    }
    if (r == MAG_STAGE_END)
        r = c->goes_on && c->has_read ? flush(&piece, c) : 0;
    release(&piece, c);
    return r;
}

static void print_report(const struct mag_pipeline_report *report)
{
    char text[2000];

    (void)mag_pipeline_explain(report, text, sizeof(text));
    report_wipe();
    (void)fputs(text, stderr);
}

static int run_parallel(struct compression *c, struct mag_sched *sched, uint32_t threads)
{
    static const struct blocks_stage stages[] = {
        MAG_STAGE(read_block, MAG_STAGE_IN_ORDER),
        MAG_STAGE(compress_block, MAG_STAGE_PARALLEL),
        MAG_STAGE(write_block, MAG_STAGE_IN_ORDER),
    };
    struct mag_pipeline_report report;
    const struct blocks_options options = {
        .common.report = &report, .prepare = prepare, .release = release};
    int r;

    /* Tokens are made when they are needed: where threads get their processors, little
     * more than one for each. */
    r = blocks_run_with(sched, &options, stages, 3, 3 * threads, c);
    if (r == 0 && c->stream->options->report)
        print_report(&report);
    return r;
}

static int run(struct compression *c, struct mag_sched *sched, uint32_t threads)
{
    const struct options *options = c->stream->options;
    int r;

    c->goes_on = threads == 1 && !options->engine->members;
    c->block = c->goes_on ? SMALL_BLOCK : options->block;
    workspaces_init(&c->workspaces, options->engine, options->level, c->block);
    r = threads > 1 ? run_parallel(c, sched, threads) : run_serial(c);
    workspaces_free(&c->workspaces);
    return r == 0 ? write_end(c) : r;
}

int stream_compress(struct stream *stream)
{
    static struct compression c;
    struct mag_sched *sched = NULL;
    uint32_t threads = 1;
    int r = 0;

    c = (struct compression){.stream = stream};
    stream_begin(stream);
    /* A file of one block needs no second thread, and none need be started for it. */
    if (stream->size == 0 || stream->size > stream->options->block)
        r = workers_get(stream->options, &sched, &threads);
    if (r == 0)
        r = run(&c, sched, threads);
    if (r == 0)
        return MGZIP_OK;
    if (stream->read_error != 0 || stream->write_error != 0)
        return MGZIP_ERROR;
    return report_error(stream->name, "%s", mag_call_text(r));
}
