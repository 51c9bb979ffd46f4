/*
 * main.c - mindex: a sorted inverted index of all text files below some directories.
 *
 * Two pipelines.  In the first one files are found in order; they are read and their
 * terms counted in parallel, each thread in a part of its own; and the list of documents
 * is written in order.  The second one reduces the parts: bucket by bucket in parallel,
 * written in the order of the terms.  With -s the same functions are called in turn, and
 * the index is the same.
 *
 * The index is text: a line "document NUMBER TERMS PATH" for each document, an empty
 * line, and a line "TERM NUMBER:COUNT NUMBER:COUNT ..." for each term.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mindex/index.h"
#include "examples/mindex/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <magpie/magpie.h>
#include <magpie/pipeline.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PARTS_MAX = 1024,
    THREADS_MAX = PARTS_MAX - 1,
    /* Files and buckets differ by a thousand times: while a long one is at work, so many
     * short ones pass through beside it. */
    TOKENS = 64,
};

/* A file on its way through the first pipeline. */
struct document {
    char *path;
    uint32_t number;
    char *text;
    size_t size;
    size_t capacity;
    uint64_t terms;
};

/* A bucket on its way through the second one. */
struct bucket {
    size_t number;
    struct listing listing;
};

struct indexing {
    struct walk walk;
    FILE *out;
    uint32_t files; /* so many are behind us */
    size_t next_bucket;

    pthread_mutex_t lock;
    struct part *parts[PARTS_MAX]; /* all; the first `idle_count` of... */
    struct part *idle[PARTS_MAX];  /* ...these are used by nobody */
    size_t part_count;
    size_t idle_count;

    bool quiet;
    uint64_t documents;
    uint64_t terms;
    uint64_t postings;
};

/* NOLINTBEGIN(readability-function-size): name_run_with has many parameters. */
MAG_PIPELINE(documents, struct document, struct indexing)
MAG_PIPELINE(buckets, struct bucket, struct indexing)
MAG_LOOP(finish_parts, struct part **, parts)
/* NOLINTEND(readability-function-size) */

/* -------------------------------------------------------------------- documents */

/* Reads what a descriptor has, into memory that an earlier document may have left. */
static int read_all(struct document *document, int fd)
{
    struct stat status;

    document->size = 0;
    if (fstat(fd, &status) != 0)
        return -errno;
    for (;;) {
        size_t wanted = document->size == 0 ? (size_t)status.st_size + 1
                                            : document->size + document->size / 2;
        ssize_t got;

        if (wanted > document->capacity) {
            char *text = realloc(document->text, wanted);

            if (text == NULL)
                return -ENOMEM;
            document->text = text;
            document->capacity = wanted;
        }
        got = read(fd, document->text + document->size,
                   document->capacity - document->size);
        if (got <= 0)
            return got < 0 ? -errno : 0;
        document->size += (size_t)got;
    }
}

/* The next file.  It is not opened here, where one thread at a time is. */
static int next_file(struct document *document, struct indexing *all)
{
    int r;

    free(document->path);
    document->path = NULL;
    r = walk_next(&all->walk, &document->path);
    document->number = all->files++;
    return r == WALK_END ? MAG_STAGE_END : r;
}

/* Skips a file that cannot be read, or is no text: there is a zero at its beginning. */
static int read_file(struct document *document)
{
    enum { BEGINNING = 4096 };
    int fd = open(document->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int r;

    if (fd < 0)
        return MAG_STAGE_SKIP;
    r = read_all(document, fd);
    (void)close(fd);
    if (r == -ENOMEM)
        return r;
    return r == 0 && document->size > 0 &&
                   memchr(document->text, 0,
                          document->size < BEGINNING ? document->size : BEGINNING) == NULL
               ? 0
               : MAG_STAGE_SKIP;
}

static struct part *take_part(struct indexing *all)
{
    struct part *part = NULL;

    (void)pthread_mutex_lock(&all->lock);
    if (all->idle_count > 0)
        part = all->idle[--all->idle_count];
    else if (all->part_count < PARTS_MAX && (part = part_create()) != NULL)
        all->parts[all->part_count++] = part;
    (void)pthread_mutex_unlock(&all->lock);
    return part;
}

static void put_part(struct indexing *all, struct part *part)
{
    (void)pthread_mutex_lock(&all->lock);
    all->idle[all->idle_count++] = part;
    (void)pthread_mutex_unlock(&all->lock);
}

static int count_terms(struct document *document, struct indexing *all)
{
    struct part *part;
    int r = read_file(document);

    if (r != 0)
        return r;
    part = take_part(all);
    if (part == NULL)
        return -ENOMEM;
    r = part_add(part, document->number, document->text, document->size,
                 &document->terms);
    put_part(all, part);
    return r;
}

static int list_document(struct document *document, struct indexing *all)
{
    all->documents++;
    return fprintf(all->out, "document %u %ju %s\n", document->number,
                   (uintmax_t)document->terms, document->path) < 0
               ? -EIO
               : 0;
}

static void release_document(struct document *document, struct indexing *all)
{
    (void)all;
    free(document->text);
    free(document->path);
}

/* --------------------------------------------------------------------- buckets */

static int next_bucket(struct bucket *bucket, struct indexing *all)
{
    bucket->number = all->next_bucket++;
    return bucket->number < BUCKETS ? 0 : MAG_STAGE_END;
}

static int reduce_bucket(struct bucket *bucket, struct indexing *all)
{
    return bucket_reduce(all->parts, all->part_count, bucket->number, &bucket->listing);
}

static int write_bucket(struct bucket *bucket, struct indexing *all)
{
    const struct listing *listing = &bucket->listing;

    all->terms += listing->terms;
    all->postings += listing->postings;
    /* A bucket without terms has no text. */
    if (listing->size == 0)
        return 0;
    return fwrite(listing->text, 1, listing->size, all->out) == listing->size ? 0 : -EIO;
}

static void release_bucket(struct bucket *bucket, struct indexing *all)
{
    (void)all;
    free(bucket->listing.text);
}

static int finish_parts(struct mag_range range, uint32_t slot, struct part **parts)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        part_finish(parts[i]);
    return 0;
}

/* --------------------------------------------------------------------- the forms */

static int run_serial(struct indexing *all)
{
    struct document document = {0};
    struct bucket bucket = {0};
    int r = 0;

    while (r == 0 && (r = next_file(&document, all)) == 0) {
        r = count_terms(&document, all);
        if (r == 0)
            r = list_document(&document, all);
        else if (r == MAG_STAGE_SKIP)
            r = 0;
    }
    release_document(&document, all);
    if (r != MAG_STAGE_END)
        return r;
    (void)fputc('\n', all->out);
    for (size_t i = 0; i < all->part_count; i++)
        part_finish(all->parts[i]);
    for (r = 0; r == 0 && (r = next_bucket(&bucket, all)) == 0;) {
        r = reduce_bucket(&bucket, all);
        if (r == 0)
            r = write_bucket(&bucket, all);
    }
    release_bucket(&bucket, all);
    return r == MAG_STAGE_END ? 0 : r;
}

static int run_parallel(struct indexing *all, struct mag_sched *sched)
{
    static const struct documents_stage of_documents[] = {
        MAG_STAGE(next_file, MAG_STAGE_IN_ORDER),
        MAG_STAGE(count_terms, MAG_STAGE_PARALLEL),
        MAG_STAGE(list_document, MAG_STAGE_IN_ORDER),
    };
    static const struct buckets_stage of_buckets[] = {
        MAG_STAGE(next_bucket, MAG_STAGE_IN_ORDER),
        MAG_STAGE(reduce_bucket, MAG_STAGE_PARALLEL),
        MAG_STAGE(write_bucket, MAG_STAGE_IN_ORDER),
    };
    const struct documents_options with_documents = {.common.caller_sleeps = true,
                                                     .release = release_document};
    const struct buckets_options with_buckets = {.common.caller_sleeps = true,
                                                 .release = release_bucket};
    int r = documents_run_with(sched, &with_documents, of_documents, 3, TOKENS, all);

    if (r == 0)
        r = finish_parts_for(sched, 0, all->part_count, all->parts);
    (void)fputc('\n', all->out);
    return r == 0 ? buckets_run_with(sched, &with_buckets, of_buckets, 3, TOKENS, all)
                  : r;
}

/* `threads` workers compute, and this thread sleeps; 0: those of the default
 * scheduler. */
static int run(struct indexing *all, uint32_t threads, bool serial)
{
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;
    int r = 0;

    if (serial || threads == 1)
        return run_serial(all);
    if (threads == 0)
        return run_parallel(all, NULL);
    mag_sched_config_init(&config);
    config.workers = threads;
    r = mag_sched_start(&config, &sched);
    if (r == 0)
        r = run_parallel(all, sched);
    mag_sched_destroy(sched);
    return r;
}

/* ------------------------------------------------------------------ the program */

static int bad_usage(void)
{
    (void)fputs("usage: mindex [-s] [-q] [-p THREADS] [-n FILES] [-o INDEX] PATH...\n"
                "  -s          in turn, on one thread: the serial form\n"
                "  -q          does not say how large the index is\n"
                "  -p THREADS  on so many threads (default: each processor one)\n"
                "  -n FILES    the first FILES files only\n"
                "  -o INDEX    the index (default: standard output)\n",
                stderr);
    return 2;
}

static bool take_number(const char *text, size_t max, size_t *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *ret_number = value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value > 0 && value <= max;
}

static int fail(const char *name, int error)
{
    (void)fprintf(stderr, "mindex: %s: %s\n", name, mag_error_text(error));
    return 1;
}

/* A device stays. */
static void remove_index(const char *path)
{
    struct stat about;

    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        (void)unlink(path);
}

static int make_index(struct indexing *all, const char *path, uint32_t threads,
                      bool serial)
{
    int r;

    all->out = path != NULL ? fopen(path, "we") : stdout;
    if (all->out == NULL)
        return fail(path, -errno);
    r = run(all, threads, serial);
    if (fflush(all->out) != 0 && r == 0)
        r = -errno;
    if (path != NULL)
        (void)fclose(all->out);
    if (r != 0) {
        if (path != NULL)
            remove_index(path);
        return fail(path != NULL ? path : "standard output", r);
    }
    if (!all->quiet)
        (void)fprintf(stderr, "%ju documents, %ju terms, %ju postings\n",
                      (uintmax_t)all->documents, (uintmax_t)all->terms,
                      (uintmax_t)all->postings);
    return 0;
}

int main(int argc, char **argv)
{
    static struct indexing all = {.walk.left = UINT32_MAX,
                                  .lock = PTHREAD_MUTEX_INITIALIZER};
    const char *path = NULL;
    size_t threads = 0;
    bool serial = false;
    int status = 0;
    int option;

    while ((option = getopt(argc, argv, "sqp:n:o:")) != -1) {
        if (option == 's')
            serial = true;
        else if (option == 'q')
            all.quiet = true;
        else if (option == 'o')
            path = optarg;
        else if (option == 'p'
                     ? !take_number(optarg, THREADS_MAX, &threads)
                     : option != 'n' || !take_number(optarg, UINT32_MAX, &all.walk.left))
            return bad_usage();
    }
    if (optind == argc)
        return bad_usage();
    all.walk.roots = argv + optind;
    for (; status == 0 && optind < argc; optind++) {
        if (access(argv[optind], R_OK) != 0)
            status = fail(argv[optind], -errno);
    }
    if (status == 0)
        status = make_index(&all, path, (uint32_t)threads, serial);
    for (size_t i = 0; i < all.part_count; i++)
        part_free(all.parts[i]);
    walk_free(&all.walk);
    return status;
}
