/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/stream.h"

#include "examples/mgzip/report.h"

#include <errno.h>
#include <unistd.h>

size_t stream_read(struct stream *stream, unsigned char *bytes, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = read(stream->in, bytes + got, size - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            stream->read_error = errno;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    stream->bytes_in += got;
    return got;
}

int stream_write(struct stream *stream, const unsigned char *bytes, size_t size)
{
    stream->bytes_out += size;
    while (stream->out >= 0 && size > 0) {
        ssize_t n = write(stream->out, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            stream->write_error = errno;
            return -errno;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* ----------------------------------------------------------------- progress */

static double seconds_since(const struct timespec *then, const struct timespec *now)
{
    return (double)(now->tv_sec - then->tv_sec) +
           (double)(now->tv_nsec - then->tv_nsec) * 1e-9;
}

void stream_begin(struct stream *stream)
{
    stream->shows = !stream->options->quiet && isatty(STDERR_FILENO) == 1;
    (void)clock_gettime(CLOCK_MONOTONIC, &stream->began);
    stream->shown = stream->began;
}

void stream_show(struct stream *stream, uint64_t done)
{
    const double every = 0.2;
    const double mb = 1e-6;
    struct timespec now;

    if (!stream->shows)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (seconds_since(&stream->shown, &now) < every)
        return;
    stream->shown = now;

    double speed = (double)done * mb / seconds_since(&stream->began, &now);

    if (stream->size > 0)
        report_progress("%s: %3.0f%% of %.0f MB, %.0f MB/s", stream->name,
                        100 * (double)done / (double)stream->size,
                        (double)stream->size * mb, speed);
    else
        report_progress("%s: %.0f MB, %.0f MB/s", stream->name, (double)done * mb, speed);
}
