/*
 * pipe.h - a byte pipe: one side writes bytes, the other one parses them, and the writer
 * waits while the reader is behind.
 *
 *     #include <magpie/magpie.h>
 *     #include <string.h>
 *
 *     MAG_ASYNC(mag_task, speak, (struct mag_pipe *, pipe), struct mag_pipe_room room;
 *               int line;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->line = 0; f->line < 1000; f->line++) {
 *             // waits while the pipe is full
 *             MAG_AWAIT(f, f->room, mag_pipe_make_room(f->pipe, 6, NULL));
 *             memcpy(f->room.bytes, "hello\n", 6);
 *             mag_pipe_commit(f->pipe, 6);
 *         }
 *         mag_pipe_end(f->pipe, 0);
 *         return mag_task_done();
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_pipe *pipe;
 *         struct mag_pipe_bytes got;
 *         int lines = 0;
 *
 *         if (mag_pipe_create(4096, &pipe) != 0)
 *             return 1;
 *         mag_task writer = speak(pipe);
 *         do {
 *             // blocks until there is more than was examined; or MAG_AWAIT
 *             if (mag_pipe_read_task_wait(mag_pipe_read(pipe, NULL), &got) != 0)
 *                 return 1;
 *             const char *end = (const char *)memchr(got.bytes, '\n', got.size);
 *             size_t line = end == NULL ? 0 : (size_t)(end - got.bytes) + 1;
 *             // takes one line, or waits for the rest of it
 *             if (mag_pipe_consume(pipe, line, end == NULL ? got.size : line) != 0)
 *                 return 1;
 *             lines += end != NULL;
 *         } while (!got.ended || got.size != 0);
 *         if (mag_task_wait(writer) != 0)
 *             return 1;
 *         mag_pipe_destroy(pipe);
 *         return lines == 1000 ? 0 : 1;
 *     }
 *
 * The model.  A pipe has a buffer of a fixed size, its capacity.  The writer asks for
 * room, writes into it, and commits what it has written.  The reader gets all bytes that
 * were committed and not consumed, always in one piece, however long ago the first of
 * them came: the buffer is mapped twice, one copy behind the other, so that bytes never
 * wrap around.  No byte is copied by the pipe.
 *
 * Consumed and examined.  After each read the reader says how many of the bytes it is
 * done with: they are consumed, and make room for the writer.  And how many it has looked
 * at: the next read is complete as soon as there is a byte beyond these.  A parser that
 * has half a message consumes nothing, has examined everything, and is called again when
 * there is more.
 *
 * Back-pressure.  A writer that finds too little room waits until the reader has consumed
 * enough; then until half of the buffer is free, if it needs no more, so that the two do
 * not wake each other for each message.
 *
 * Threads.  One reader and one writer, each of which may be on another thread at each
 * call.
 *
 * Errors.  See each function.  After fork() the child must not use a pipe of the parent:
 * the buffer is not mapped there.
 *
 * docs/design/pipes.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PIPE_H
#define MAGPIE_PIPE_H

#include <magpie/cancel.h>
#include <magpie/error.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_pipe;

#define MAG_PIPE_CAPACITY_MAX ((size_t)1 << 30)

/* Room for the writer. */
struct mag_pipe_room {
    char *bytes;
    size_t size;
};

/* What there is for the reader. */
struct mag_pipe_bytes {
    const char *bytes;
    size_t size; /* 0 only if `ended` */
    bool ended;  /* the writer has ended: there will be no more than this */
};

MAG_VTASK_DEFINE(mag_pipe_room_task, struct mag_pipe_room)
MAG_VTASK_DEFINE(mag_pipe_read_task, struct mag_pipe_bytes)

/*
 * Makes a pipe.
 *
 *   capacity   bytes, 1 to MAG_PIPE_CAPACITY_MAX; rounded up to a power of two that is a
 *              multiple of the size of a page.  No message that is to be seen in one
 *              piece may be larger
 *   Allocates  yes
 *   Returns    0; -EINVAL the capacity is out of its range; -ENOMEM memory or address
 *              space is refused
 *   Release    mag_pipe_destroy
 */
MAG_API MAG_MUST_CHECK int mag_pipe_create(size_t capacity, struct mag_pipe **ret_pipe);

/* Frees a pipe.  No read and no request for room may be pending, and nobody may use it
 * any more.  NULL is allowed. */
MAG_API void mag_pipe_destroy(struct mag_pipe *pipe);

/* ------------------------------------------------------------------------ the writer */

/*
 * Room for at least `at_least` bytes, and as many more as are free.  Asking again without
 * a commit gives the same room.
 *
 *   cancel     ends the wait with -ECANCELED when it fires.  NULL: nobody cancels
 *   Thread     the writer, while no other request of it is pending
 *   Allocates  only if it has to wait: an operation, from a pool
 *   Returns    a task; complete when it is returned if there is room.  Its errors: -EPIPE
 *              the reader has closed; -EINVAL `at_least` is larger than the capacity, or
 *              the writer has ended; -ENOBUFS the reader waits for the rest of a message,
 *              and there is less room beside what it keeps; -ECANCELED; -ENOMEM
 */
MAG_API MAG_MUST_CHECK mag_pipe_room_task mag_pipe_make_room(struct mag_pipe *pipe,
                                                             size_t at_least,
                                                             struct mag_cancel *cancel);

/*
 * Hands the next `size` bytes of the room to the reader.  A reader that waits may
 * continue inside the call, as after mag_core_set_result.
 *
 *   size       at most the size of the last room that was not committed
 *   Thread     the writer
 */
MAG_API void mag_pipe_commit(struct mag_pipe *pipe, size_t size);

/*
 * The writer has no more bytes.  The reader still gets those that it has not consumed.
 *
 *   error      0; or a negative errno: the reader gets this error when it has examined
 *              all bytes, instead of an end
 *   Thread     the writer, while no request of it is pending
 */
MAG_API void mag_pipe_end(struct mag_pipe *pipe, int error);

/* ------------------------------------------------------------------------ the reader */

/*
 * All bytes that are not consumed, as soon as there is one that is not examined, or the
 * writer has ended.
 *
 *   cancel     as for mag_pipe_make_room
 *   Thread     the reader, while no other read is pending
 *   Allocates  as mag_pipe_make_room
 *   Returns    a task; complete when it is returned if there is something.  Its errors:
 *              the one of mag_pipe_end; -ENOBUFS the pipe is full and all of it is
 *              examined: the message is larger than the capacity; -ECANCELED; -ENOMEM
 */
MAG_API MAG_MUST_CHECK mag_pipe_read_task mag_pipe_read(struct mag_pipe *pipe,
                                                        struct mag_cancel *cancel);

/*
 * Says what has become of the bytes that were read.  The first `consumed` of them make
 * room for the writer: do not use them any more.  A writer that waits may continue inside
 * the call.
 *
 *   examined   from `consumed` to the size that was read
 *   Thread     the reader, after each read
 *   Returns    0; -EINVAL a number is out of its range: nothing has changed
 */
MAG_API MAG_MUST_CHECK int mag_pipe_consume(struct mag_pipe *pipe, size_t consumed,
                                            size_t examined);

/*
 * The reader wants no more bytes: from here on the writer gets -EPIPE.
 *
 *   Thread     the reader, while no read is pending
 */
MAG_API void mag_pipe_close(struct mag_pipe *pipe);

MAG_EXTERN_C_END

#endif
