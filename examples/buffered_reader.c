/*
 * buffered_reader.c - reads that are answered from a buffer, and wait for the file only
 * now and then.
 *
 * While the buffer has bytes, `reader_read` copies them out and returns a complete task.
 * When the buffer is empty, an async function has a worker fill it, and then reads again.
 * The program reads itself, in small pieces, and compares.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(size_task, size_t)

struct reader {
    FILE *file;
    char buffer[512];
    size_t start, available;
    int fills;
};

/* Leaves the caller's thread, because reading a file blocks. */
MAG_ASYNC(mag_task, fill, (struct reader *, reader), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    f->reader->fills++;
    f->reader->start = 0;
    f->reader->available =
        fread(f->reader->buffer, 1, sizeof(f->reader->buffer), f->reader->file);
    if (f->reader->available == 0)
        MAG_FAIL(f, ferror(f->reader->file) ? -EIO : -ENODATA);
    MAG_END(f);
}

static size_task read_slowly(struct reader *reader, char *to, size_t count);

static size_task reader_read(struct reader *reader, char *to, size_t count)
{
    if (reader->available > 0) {
        if (count > reader->available)
            count = reader->available;
        memcpy(to, reader->buffer + reader->start, count);
        reader->start += count;
        reader->available -= count;
        return size_task_result(count);
    }
    return read_slowly(reader, to, count);
}

MAG_ASYNC(size_task, read_slowly, (struct reader *, reader, char *, to, size_t, count), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, fill(f->reader));
    return reader_read(f->reader, f->to, f->count);
    MAG_END(f);
}

/* Reads a file in pieces of 7 bytes and compares them with what a plain read yields.  The
 * number of bytes, or an error. */
MAG_ASYNC(size_task, compare, (struct reader *, reader, FILE *, plain), char piece[7];
          size_t got; size_t total; int error;)
{
    char expected[7];

    MAG_BEGIN(f);
    MAG_PIN(f); /* because a pointer to `piece` is handed out */
    for (;;) {
        MAG_TRY(f, f->error, f->got, reader_read(f->reader, f->piece, sizeof(f->piece)));
        if (f->error == -ENODATA)
            return size_task_result(f->total);
        if (f->error != 0)
            MAG_FAIL(f, f->error);
        if (fread(expected, 1, f->got, f->plain) != f->got ||
            memcmp(expected, f->piece, f->got) != 0)
            MAG_FAIL(f, -EBADMSG);
        f->total += f->got;
    }
    MAG_END(f);
}

int main(void)
{
    static struct reader reader;
    size_t total = 0;
    FILE *plain = fopen(__FILE__, "rb");
    int error = -ENOENT;

    reader.file = fopen(__FILE__, "rb");
    if (reader.file != NULL && plain != NULL)
        error = size_task_wait(compare(&reader, plain), &total);
    printf("%zu bytes in pieces of 7, the file was asked %d times: %s\n", total,
           reader.fills, mag_error_text(error));
    if (error == 0 && (fgetc(plain) != EOF || total < 1000))
        error = -EBADMSG;
    if (plain != NULL)
        (void)fclose(plain);
    if (reader.file != NULL)
        (void)fclose(reader.file);
    return error == 0 && (size_t)reader.fills == total / sizeof(reader.buffer) + 2 ? 0
                                                                                   : 1;
}
