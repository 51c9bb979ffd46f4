/*
 * byte_pipe.c - a thread that reads a file in blocks of any size, and an async function
 * that parses lines out of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { CAPACITY = 65536, BLOCK = 4096 };

struct source {
    struct mag_pipe *pipe;
    FILE *file;
    int error;
};

/* Waits while the pipe is full, so that a slow parser needs no more memory. */
static void *read_file(void *arg)
{
    struct source *source = (struct source *)arg;
    struct mag_pipe_room room;
    size_t got = 1;

    while (got != 0 && source->error == 0) {
        source->error =
            mag_pipe_room_task_wait(mag_pipe_make_room(source->pipe, BLOCK, NULL), &room);
        if (source->error == 0) {
            got = fread(room.bytes, 1, BLOCK, source->file);
            mag_pipe_commit(source->pipe, got);
        }
    }
    mag_pipe_end(source->pipe, ferror(source->file) != 0 ? -EIO : 0);
    return NULL;
}

/* Takes the whole lines out of what there is, and adds up their numbers. */
static size_t parse_lines(struct mag_pipe_bytes got, long *sum)
{
    size_t used = 0;

    for (;;) {
        const char *line = got.bytes + used;
        const char *end = (const char *)memchr(line, '\n', got.size - used);

        if (end == NULL)
            return used;
        for (; line != end; line++)
            *sum += *line == '#';
        used = (size_t)(end - got.bytes) + 1;
    }
}

MAG_VTASK_DEFINE(sum_task, long)

/* Holds no thread while it waits for bytes. */
MAG_ASYNC(sum_task, parse, (struct mag_pipe *, pipe), struct mag_pipe_bytes got;
          long sum;)
{
    MAG_BEGIN(f);
    do {
        MAG_AWAIT(f, f->got, mag_pipe_read(f->pipe, NULL));
        size_t used = parse_lines(f->got, &f->sum);

        /* Half a line stays; it comes again, with what follows it. */
        if (mag_pipe_consume(f->pipe, used, f->got.size) != 0)
            MAG_FAIL(f, -EINVAL);
    } while (!f->got.ended);
    return sum_task_result(f->sum);
    MAG_END(f);
}

MAG_SUBMIT_TASK(sum_task, begin_parsing, struct mag_pipe *, pipe)
static sum_task begin_parsing(struct mag_pipe *pipe)
{
    return parse(pipe);
}

int main(void)
{
    struct source source = {NULL, tmpfile(), 0};
    pthread_t reader;
    long sum = 0;

    if (source.file == NULL || mag_pipe_create(CAPACITY, &source.pipe) != 0)
        return 1;
    for (int i = 0; i < 20000; i++)
        (void)fprintf(source.file, "line %d has a #\n", i);
    rewind(source.file);
    sum_task task = begin_parsing_submit(NULL, source.pipe);
    if (pthread_create(&reader, NULL, read_file, &source) != 0)
        return 1;
    int error = sum_task_wait(task, &sum);
    (void)pthread_join(reader, NULL);
    mag_pipe_destroy(source.pipe);
    (void)fclose(source.file);
    printf("%ld lines\n", sum);
    return error == 0 && source.error == 0 && sum == 20000 ? 0 : 1;
}
