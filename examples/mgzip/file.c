/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/file.h"

#include "examples/mgzip/name.h"
#include "examples/mgzip/partial.h"
#include "examples/mgzip/report.h"
#include "examples/mgzip/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const standard_input = "stdin";

struct file {
    const struct options *options;
    char path[PATH_MAX];     /* of the input */
    char out_path[PATH_MAX]; /* "": standard output */
    struct stat status;
    int in;
};

/* ------------------------------------------------------------------- running */

static double saved(const struct options *options, const struct stream *stream)
{
    double plain = (double)(options->decompress ? stream->bytes_out : stream->bytes_in);
    double packed = (double)(options->decompress ? stream->bytes_in : stream->bytes_out);

    return plain > 0 ? 100 * (1 - packed / plain) : 0;
}

static void praise(const struct file *file, const struct stream *stream)
{
    const struct options *options = file->options;

    if (options->test)
        (void)fprintf(stderr, "%s:\t OK\n", stream->name);
    else if (file->out_path[0] == '\0')
        (void)fprintf(stderr, "%s:\t%5.1f%%\n", stream->name, saved(options, stream));
    else
        (void)fprintf(stderr, "%s:\t%5.1f%% -- %s %s\n", stream->name,
                      saved(options, stream), options->keep ? "created" : "replaced with",
                      file->out_path);
}

/* Runs a stream, and says what has come of it. */
static int run(const struct file *file, struct stream *stream)
{
    const char *out = file->out_path[0] != '\0' ? file->out_path : "stdout";
    int status =
        file->options->decompress ? stream_decompress(stream) : stream_compress(stream);

    report_wipe();
    if (stream->read_error != 0)
        status = report_error(stream->name, "%s", strerror(stream->read_error));
    if (stream->write_error != 0)
        status = report_error(out, "%s", strerror(stream->write_error));
    if (status != MGZIP_ERROR && file->options->verbose)
        praise(file, stream);
    return status;
}

static void describe(const struct file *file, struct stream *stream)
{
    const char *slash = strrchr(file->path, '/');
    int64_t time = file->status.st_mtime;

    stream->size = S_ISREG(file->status.st_mode) ? (uint64_t)file->status.st_size : 0;
    if (file->options->no_name || file->in == STDIN_FILENO)
        return;
    stream->store_name = slash != NULL ? slash + 1 : file->path;
    if (time > 0 && time <= UINT32_MAX)
        stream->store_time = (uint32_t)time;
}

static int to_stdout(const struct file *file, const char *name)
{
    const struct options *options = file->options;
    struct stream stream = {.options = options,
                            .name = name,
                            .in = file->in,
                            .out = options->test ? -1 : STDOUT_FILENO};

    if (!options->decompress && !options->force && isatty(STDOUT_FILENO) == 1)
        return report_error("stdout", "compressed data not written to a terminal; "
                                      "-f forces it, -h prints help");
    describe(file, &stream);
    return run(file, &stream);
}

/* ------------------------------------------------------------------ replacing */

/* Whether the user wants what is there overwritten. */
static bool overwrites(const struct file *file)
{
    char line[16];

    if (file->options->force)
        return true;
    if (isatty(STDIN_FILENO) != 1)
        return false;
    (void)fprintf(stderr, "mgzip: %s already exists; do you wish to overwrite (y or n)? ",
                  file->out_path);
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* A descriptor; or -1, after a message that ended with `ret_status`. */
static int create(const struct file *file, int *ret_status)
{
    int fd = partial_create(file->out_path, O_EXCL);

    if (fd < 0 && errno == EEXIST) {
        if (!overwrites(file)) {
            *ret_status = report_warning(file->options, file->out_path,
                                         "already exists; not overwritten");
            return -1;
        }
        (void)unlink(file->out_path);
        fd = partial_create(file->out_path, O_EXCL);
    }
    if (fd < 0)
        *ret_status = report_error(file->out_path, "%s", strerror(errno));
    return fd;
}

/* The output gets the times, the owner and the mode of the input, as far as it may. */
static void preserve(const struct file *file, int out)
{
    const struct stat *status = &file->status;
    const struct timespec times[] = {status->st_atim, status->st_mtim};
    mode_t mode = status->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);

    /* A group that cannot be kept gets no rights. */
    if (fchown(out, status->st_uid, status->st_gid) != 0 &&
        fchown(out, (uid_t)-1, status->st_gid) != 0)
        mode &= ~(mode_t)S_IRWXG;
    (void)fchmod(out, mode);
    (void)futimens(out, times);
}

static int replace(const struct file *file)
{
    int status = MGZIP_OK;
    struct stream stream = {.options = file->options, .name = file->path, .in = file->in};

    stream.out = create(file, &status);
    if (stream.out < 0)
        return status;
    describe(file, &stream);
    status = run(file, &stream);
    preserve(file, stream.out);
    if (close(stream.out) != 0 && status != MGZIP_ERROR)
        status = report_error(file->out_path, "%s", strerror(errno));
    partial_done(status != MGZIP_ERROR);
    if (status != MGZIP_ERROR && !file->options->keep && unlink(file->path) != 0)
        return report_error(file->path, "%s", strerror(errno));
    return status;
}

/* ------------------------------------------------------------------- choosing */

static int treat_regular(struct file *file)
{
    const struct options *options = file->options;
    const struct stat *status = &file->status;

    if (options->to_stdout)
        return to_stdout(file, file->path);
    if (!S_ISREG(status->st_mode))
        return report_warning(options, file->path,
                              "not a directory or a regular file -- ignored");
    if ((status->st_mode & (S_ISUID | S_ISGID | S_ISVTX)) != 0 && !options->force)
        return report_warning(options, file->path, "has special bits -- unchanged");
    if (status->st_nlink > 1 && !options->force && !options->keep)
        return report_warning(options, file->path, "has %ju other link%s -- unchanged",
                              (uintmax_t)status->st_nlink - 1,
                              status->st_nlink > 2 ? "s" : "");
    switch (name_of_output(options, file->path, file->out_path)) {
    case NAME_MADE:
        return replace(file);
    case NAME_HAS_SUFFIX:
        /* A second run over a directory need not say so of each file. */
        return options->recursive && !options->verbose
                   ? MGZIP_WARNING
                   : report_warning(options, file->path,
                                    "already has the suffix -- unchanged");
    case NAME_HAS_NONE:
        return options->recursive && !options->verbose
                   ? MGZIP_WARNING
                   : report_warning(options, file->path, "unknown suffix -- ignored");
    default:
        return report_error(file->path, "%s", strerror(ENAMETOOLONG));
    }
}

static int treat_directory(const struct options *options, const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int status = MGZIP_OK;

    if (directory == NULL)
        return report_error(path, "%s", strerror(errno));
    while ((entry = readdir(directory)) != NULL) {
        char inner[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) < PATH_MAX)
            status = report_worse(status, file_treat(options, inner));
        else
            status = report_error(path, "%s", strerror(ENAMETOOLONG));
    }
    (void)closedir(directory);
    return status;
}

/* Opens the input; when it is to be decompressed, its name may lack the suffix. */
static int open_input(struct file *file)
{
    const struct options *options = file->options;
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    size_t length = strlen(file->path);
    int fd;

    /* A queue or a device must not hold up the other files. */
    if (!options->to_stdout)
        flags |= O_NONBLOCK;
    if (!options->to_stdout && !options->force)
        flags |= O_NOFOLLOW;
    fd = open(file->path, flags);
    if (fd < 0 && errno == ENOENT && options->decompress &&
        length + strlen(options->suffix) < sizeof(file->path)) {
        memcpy(file->path + length, options->suffix, strlen(options->suffix) + 1);
        fd = open(file->path, flags);
        if (fd < 0)
            file->path[length] = '\0';
    }
    return fd;
}

int file_treat(const struct options *options, const char *path)
{
    struct file file = {.options = options};
    int status;

    if (strcmp(path, "-") == 0) {
        file.in = STDIN_FILENO;
        (void)fstat(file.in, &file.status);
        return to_stdout(&file, standard_input);
    }
    if (strlen(path) >= sizeof(file.path))
        return report_error(path, "%s", strerror(ENAMETOOLONG));
    memcpy(file.path, path, strlen(path) + 1);
    file.in = open_input(&file);
    if (file.in < 0 || fstat(file.in, &file.status) != 0)
        status = report_error(path, "%s", strerror(errno));
    else if (!S_ISDIR(file.status.st_mode))
        status = treat_regular(&file);
    else if (options->recursive)
        status = treat_directory(options, path);
    else
        status = report_warning(options, path, "is a directory -- ignored");
    if (file.in >= 0)
        (void)close(file.in);
    return status;
}
