/*
 * main.c - mthumb: small copies of JPEG pictures, on all processors.
 *
 * A pipeline: one thread at a time reads the files, in order; pictures are decoded,
 * scaled and encoded in parallel; one thread at a time writes the copies, in the same
 * order.  A broken picture is reported and skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mthumb/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <magpie/magpie.h>
#include <magpie/pipeline.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EDGE_DEFAULT = 160, EDGE_MAX = 16384, THREADS_MAX = 1024, PATH_SIZE = 4096 };

/* A picture on its way through the pipeline. */
struct thumb {
    const char *path;
    unsigned char *file;
    size_t size;
    size_t capacity;
    struct picture large;
    struct picture small;
    unsigned char *jpeg; /* the copy */
    size_t jpeg_size;
    char broken[PICTURE_TEXT]; /* "": it is not */
};

struct thumbs {
    char **paths; /* NULL ends them */
    size_t count;
    const char *directory;
    unsigned edge;
    bool shows; /* progress on a terminal */
    size_t written;
    size_t skipped;
};

/* NOLINTNEXTLINE(readability-function-size): name_run_with has many parameters. */
MAG_PIPELINE(thumbs, struct thumb, struct thumbs)

/* ------------------------------------------------------------------------ stages */

/* Reads the whole of a regular file.  0 or a negative errno. */
static int read_whole(struct thumb *thumb, int fd)
{
    struct stat status;
    ssize_t got = 1;

    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    if ((size_t)status.st_size > thumb->capacity) {
        unsigned char *file = realloc(thumb->file, (size_t)status.st_size);

        if (file == NULL)
            return -ENOMEM;
        thumb->file = file;
        thumb->capacity = (size_t)status.st_size;
    }
    for (thumb->size = 0; got > 0 && thumb->size < (size_t)status.st_size;) {
        got = read(fd, thumb->file + thumb->size, (size_t)status.st_size - thumb->size);
        if (got < 0)
            return -errno;
        thumb->size += (size_t)got;
    }
    return 0;
}

static int read_picture(struct thumb *thumb, struct thumbs *all)
{
    int fd;
    int r;

    if (*all->paths == NULL)
        return MAG_STAGE_END;
    thumb->path = *all->paths++;
    thumb->jpeg = NULL;
    thumb->broken[0] = '\0';
    fd = open(thumb->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    r = fd >= 0 ? read_whole(thumb, fd) : -errno;
    if (fd >= 0)
        (void)close(fd);
    if (r == -ENOMEM)
        return r;
    if (r != 0)
        (void)snprintf(thumb->broken, PICTURE_TEXT, "%s", mag_error_text(r));
    return 0;
}

static int shrink(struct thumb *thumb, struct thumbs *all)
{
    enum picture_result result;

    if (thumb->broken[0] != '\0')
        return 0;
    result =
        picture_decode(&thumb->large, thumb->file, thumb->size, all->edge, thumb->broken);
    if (result == PICTURE_OK)
        result = picture_scale(&thumb->large, all->edge, &thumb->small);
    if (result == PICTURE_OK)
        result =
            picture_encode(&thumb->small, &thumb->jpeg, &thumb->jpeg_size, thumb->broken);
    if (result == PICTURE_NO_MEMORY)
        (void)snprintf(thumb->broken, PICTURE_TEXT, "too large for the memory");
    return 0;
}

/* Writes a copy under the name of its picture. */
static int write_copy(const struct thumb *thumb, const char *directory)
{
    const char *slash = strrchr(thumb->path, '/');
    const char *name = slash != NULL ? slash + 1 : thumb->path;
    char path[PATH_SIZE];
    struct stat about;
    FILE *out;
    bool whole;

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_SIZE)
        return -ENAMETOOLONG;
    out = fopen(path, "wbe");
    if (out == NULL)
        return -errno;
    whole = fwrite(thumb->jpeg, 1, thumb->jpeg_size, out) == thumb->jpeg_size;
    if (fclose(out) == 0 && whole)
        return 0;
    /* Half a picture goes; a device stays. */
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        (void)unlink(path);
    return -EIO;
}

static void show_progress(const struct thumbs *all)
{
    size_t done = all->written + all->skipped;

    if (all->shows)
        (void)fprintf(stderr, "\r%zu of %zu\033[K%s", done, all->count,
                      done == all->count ? "\n" : "");
}

static int write_picture(struct thumb *thumb, struct thumbs *all)
{
    int r = 0;

    if (thumb->broken[0] == '\0') {
        r = write_copy(thumb, all->directory);
        all->written++;
    } else {
        (void)fprintf(stderr, "%smthumb: %s: %s; skipped\n", all->shows ? "\r\033[K" : "",
                      thumb->path, thumb->broken);
        all->skipped++;
    }
    free(thumb->jpeg);
    thumb->jpeg = NULL;
    show_progress(all);
    return r;
}

static void release(struct thumb *thumb, struct thumbs *all)
{
    (void)all;
    free(thumb->file);
    free(thumb->jpeg);
    picture_free(&thumb->large);
    picture_free(&thumb->small);
}

/* ------------------------------------------------------------------ the program */

static int run(struct thumbs *all, uint32_t threads)
{
    static const struct thumbs_stage stages[] = {
        MAG_STAGE(read_picture, MAG_STAGE_IN_ORDER),
        MAG_STAGE(shrink, MAG_STAGE_PARALLEL),
        MAG_STAGE(write_picture, MAG_STAGE_IN_ORDER),
    };
    const struct thumbs_options options = {.common.caller_sleeps = true,
                                           .release = release};
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;
    int r = 0;

    /* The workers compute, and the first thread sleeps. */
    if (threads > 0) {
        mag_sched_config_init(&config);
        config.workers = threads;
        r = mag_sched_start(&config, &sched);
    }
    if (r == 0)
        r = thumbs_run_with(sched, &options, stages, 3, 2 * threads, all);
    mag_sched_destroy(sched);
    return r;
}

static int bad_usage(void)
{
    (void)fputs("usage: mthumb [-p THREADS] [-s EDGE] -o DIRECTORY PICTURE...\n"
                "  -p THREADS    on so many threads (default: each processor one)\n"
                "  -s EDGE       pixels along the longer edge of a copy (default 160)\n"
                "  -o DIRECTORY  where the copies go, under the names of the pictures\n"
                "Exit status: 0 all are there; 2 some were skipped; 1 an error.\n",
                stderr);
    return 1;
}

static bool take_number(const char *text, unsigned long max, unsigned *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *ret_number = (unsigned)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value > 0 && value <= max;
}

int main(int argc, char **argv)
{
    struct thumbs all = {.edge = EDGE_DEFAULT, .shows = isatty(STDERR_FILENO) == 1};
    unsigned threads = 0;
    int option;
    int r;

    while ((option = getopt(argc, argv, "p:s:o:")) != -1) {
        if (option == 'o')
            all.directory = optarg;
        else if (option == 'p'
                     ? !take_number(optarg, THREADS_MAX, &threads)
                     : option != 's' || !take_number(optarg, EDGE_MAX, &all.edge))
            return bad_usage();
    }
    if (all.directory == NULL || optind == argc)
        return bad_usage();
    all.paths = argv + optind;
    all.count = (size_t)(argc - optind);
    r = run(&all, threads);
    if (r != 0) {
        (void)fprintf(stderr, "mthumb: %s: %s\n", all.directory, mag_error_text(r));
        return 1;
    }
    return all.skipped > 0 ? 2 : 0;
}
