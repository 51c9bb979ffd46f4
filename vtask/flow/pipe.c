/*
 * pipe.c - byte pipes: a buffer that is mapped twice, and two waits.
 *
 * Positions are counts of bytes since the beginning.  All is under one short lock; what
 * is in the buffer crosses by the lock too: a commit follows the writing of bytes, and a
 * read follows the commit.
 *
 * Ownership
 *   [I] immutable   [L] under `lock`
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mirror.h"
#include "base/space.h"
#include "base/spin.h"
#include "vtask/flow/store.h"

#include <magpie/operation.h>
#include <magpie/pipe.h>

#include <errno.h>
#include <string.h>

/* A wait of the writer, and one of the reader. */
struct room_wait {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
    struct mag_pipe_room room;
};

struct read_wait {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
    struct mag_pipe_bytes bytes;
};

static struct mag_operation_type room_wait_type =
    MAG_OPERATION_TYPE(struct room_wait, MAG_RESULT(room), MAG_CANCELABLE(registration));
static struct mag_operation_type read_wait_type =
    MAG_OPERATION_TYPE(struct read_wait, MAG_RESULT(bytes), MAG_CANCELABLE(registration));

/* A side that waits: whoever makes it go on completes the operation with the key.  If it
 * was canceled meanwhile that fails, and nothing is lost. */
struct side {
    struct mag_operation *operation; /* NULL: it does not wait */
    uint64_t key;
};

struct mag_pipe {
    char *bytes;          /* [I] mapped twice */
    size_t capacity;      /* [I] a power of two */
    struct mag_spin lock; /* [A] */
    uint64_t consumed;    /* [L] consumed <= examined <= read <= committed */
    uint64_t examined;    /* [L] */
    uint64_t read;        /* [L] the end of what was read last */
    uint64_t committed;   /* [L] */
    size_t at_least;      /* [L] the room that the waiting writer needs */
    bool ended;           /* [L] by the writer */
    bool closed;          /* [L] by the reader */
    int error;            /* [L] of the end */
    struct side writer;   /* [L] */
    struct side reader;   /* [L] */
};

/* ------------------------------------------------------------------------ the buffer */

static size_t fit_capacity(size_t capacity)
{
    size_t fit = mag_space_page();

    while (fit < capacity)
        fit *= 2;
    return fit;
}

static char *byte_at(struct mag_pipe *pipe, uint64_t position)
{
    return pipe->bytes + (position & (pipe->capacity - 1));
}

int mag_pipe_create(size_t capacity, struct mag_pipe **ret_pipe)
{
    void *bytes;

    if (capacity == 0 || capacity > MAG_PIPE_CAPACITY_MAX)
        return -EINVAL;
    struct mag_pipe *pipe = mag_store_take(sizeof(*pipe));
    if (pipe == NULL)
        return -ENOMEM;
    memset(pipe, 0, sizeof(*pipe));
    pipe->capacity = fit_capacity(capacity);
    mag_spin_init(&pipe->lock);
    int r = mag_mirror_map(pipe->capacity, &bytes);
    if (r != 0) {
        mag_store_give(pipe, sizeof(*pipe));
        return r;
    }
    pipe->bytes = bytes;
    *ret_pipe = pipe;
    return 0;
}

void mag_pipe_destroy(struct mag_pipe *pipe)
{
    if (pipe == NULL)
        return;
    mag_mirror_unmap(pipe->bytes, pipe->capacity);
    mag_store_give(pipe, sizeof(*pipe));
}

/* ------------------------------------------------------------------------ answers */

/* In place of an answer: the side has to wait. */
enum { PIPE_WAITS = 1 };

/* Under the lock: whether a side waits, and was not canceled. */
static bool is_waiting(const struct side *side)
{
    /* relaxed: one that is canceled in this moment counts either way. */
    return side->operation != NULL &&
           atomic_load_explicit(&side->operation->claim, memory_order_relaxed) ==
               side->key;
}

static size_t free_bytes(const struct mag_pipe *pipe)
{
    return pipe->capacity - (size_t)(pipe->committed - pipe->consumed);
}

/* A writer that has waited goes on when half of the buffer is free, or what it needs if
 * that is more: so the two sides do not wake each other for each message. */
static size_t enough_after_wait(const struct mag_pipe *pipe, size_t at_least)
{
    return at_least > pipe->capacity / 2 ? at_least : pipe->capacity / 2;
}

/* Under the lock: whether the reader waits for more than there is, so that it will not
 * make room.  A reader that has begun its wait may not have looked again yet. */
static bool is_reader_stuck(const struct mag_pipe *pipe)
{
    return pipe->committed == pipe->examined && is_waiting(&pipe->reader);
}

/* Under the lock: the answer to the writer; PIPE_WAITS: there is not `enough` room.  If
 * the reader is stuck, what the writer needs is enough, or it fails. */
static int answer_writer(struct mag_pipe *pipe, size_t at_least, size_t enough,
                         struct mag_pipe_room *ret)
{
    size_t room = free_bytes(pipe);

    if (at_least > pipe->capacity || pipe->ended)
        return -EINVAL;
    if (pipe->closed)
        return -EPIPE;
    if (room < enough && !is_reader_stuck(pipe))
        return PIPE_WAITS;
    if (room < at_least)
        return -ENOBUFS;
    ret->bytes = byte_at(pipe, pipe->committed);
    ret->size = room;
    return 0;
}

/* Under the lock: the answer to the reader; PIPE_WAITS: there is nothing new. */
static int answer_reader(struct mag_pipe *pipe, struct mag_pipe_bytes *ret)
{
    bool news = pipe->committed != pipe->examined;

    if (!news && pipe->ended && pipe->error != 0)
        return pipe->error;
    if (!news && !pipe->ended)
        return free_bytes(pipe) == 0 ? -ENOBUFS : PIPE_WAITS;
    pipe->read = pipe->committed;
    ret->bytes = byte_at(pipe, pipe->consumed);
    ret->size = (size_t)(pipe->committed - pipe->consumed);
    ret->ended = pipe->ended && pipe->error == 0;
    return 0;
}

/* ------------------------------------------------------------------------ waits */

/* Under the lock: takes the wait of a side; its operation is NULL if it does not wait. */
static struct side take_side(struct side *side)
{
    struct side taken = *side;

    side->operation = NULL;
    return taken;
}

/* Completes a wait, after the lock is released.  If it was canceled, nothing happens. */
static void tell_side(struct side side, int r, const void *value, size_t size)
{
    if (side.operation == NULL)
        return;
    bool told = r == 0 ? mag_operation_try_value(side.operation, side.key, value, size)
                       : mag_operation_try_error(side.operation, side.key, r, 0);

    (void)told;
}

/* Tells the writer that waits whether it can go on; by the reader. */
static void wake_writer(struct mag_pipe *pipe)
{
    struct mag_pipe_room room = {NULL, 0};
    struct side side = {NULL, 0};
    int r = PIPE_WAITS;

    mag_spin_lock(&pipe->lock);
    if (pipe->writer.operation != NULL)
        r = answer_writer(pipe, pipe->at_least, enough_after_wait(pipe, pipe->at_least),
                          &room);
    if (r != PIPE_WAITS)
        side = take_side(&pipe->writer);
    mag_spin_unlock(&pipe->lock);
    tell_side(side, r, &room, sizeof(room));
}

/* Tells the reader that waits whether it can go on; by the writer. */
static void wake_reader(struct mag_pipe *pipe)
{
    struct mag_pipe_bytes bytes = {NULL, 0, false};
    struct side side = {NULL, 0};
    int r = PIPE_WAITS;

    mag_spin_lock(&pipe->lock);
    if (pipe->reader.operation != NULL)
        r = answer_reader(pipe, &bytes);
    if (r != PIPE_WAITS)
        side = take_side(&pipe->reader);
    mag_spin_unlock(&pipe->lock);
    tell_side(side, r, &bytes, sizeof(bytes));
}

/* ------------------------------------------------------------------------ the writer */

static mag_vtask wait_for_bytes_free(struct mag_pipe *pipe, size_t at_least,
                                     struct mag_cancel *cancel)
{
    void *object;
    int r = mag_operation_rent(&room_wait_type, &object);

    if (r < 0)
        return mag_vtask_failed(r, 0);
    struct mag_operation *operation = &((struct room_wait *)object)->operation;
    mag_vtask task = mag_operation_task(operation);
    uint64_t key = mag_operation_share(operation, cancel);
    mag_spin_lock(&pipe->lock);
    pipe->writer = (struct side){operation, key};
    pipe->at_least = at_least;
    mag_spin_unlock(&pipe->lock);
    /* The reader may have made room before it could see the wait. */
    wake_writer(pipe);
    return task;
}

mag_pipe_room_task mag_pipe_make_room(struct mag_pipe *pipe, size_t at_least,
                                      struct mag_cancel *cancel)
{
    struct mag_pipe_room room;

    at_least = at_least != 0 ? at_least : 1;
    mag_spin_lock(&pipe->lock);
    int r = answer_writer(pipe, at_least, at_least, &room);
    mag_spin_unlock(&pipe->lock);
    if (MAG_LIKELY(r == 0))
        return mag_pipe_room_task_result(room);
    if (r != PIPE_WAITS)
        return mag_pipe_room_task_of(mag_vtask_failed(r, 0));
    return mag_pipe_room_task_of(wait_for_bytes_free(pipe, at_least, cancel));
}

void mag_pipe_commit(struct mag_pipe *pipe, size_t size)
{
    mag_spin_lock(&pipe->lock);
    pipe->committed += size;
    bool waits = pipe->reader.operation != NULL;
    mag_spin_unlock(&pipe->lock);
    if (waits)
        wake_reader(pipe);
}

void mag_pipe_end(struct mag_pipe *pipe, int error)
{
    mag_spin_lock(&pipe->lock);
    pipe->ended = true;
    pipe->error = error;
    mag_spin_unlock(&pipe->lock);
    wake_reader(pipe);
}

/* ------------------------------------------------------------------------ the reader */

static mag_vtask wait_for_bytes(struct mag_pipe *pipe, struct mag_cancel *cancel)
{
    void *object;
    int r = mag_operation_rent(&read_wait_type, &object);

    if (r < 0)
        return mag_vtask_failed(r, 0);
    struct mag_operation *operation = &((struct read_wait *)object)->operation;
    mag_vtask task = mag_operation_task(operation);
    uint64_t key = mag_operation_share(operation, cancel);
    mag_spin_lock(&pipe->lock);
    pipe->reader = (struct side){operation, key};
    mag_spin_unlock(&pipe->lock);
    /* The writer may have committed before it could see the wait.  Or it waits for more
     * room than it needs. */
    wake_reader(pipe);
    wake_writer(pipe);
    return task;
}

mag_pipe_read_task mag_pipe_read(struct mag_pipe *pipe, struct mag_cancel *cancel)
{
    struct mag_pipe_bytes bytes;

    mag_spin_lock(&pipe->lock);
    int r = answer_reader(pipe, &bytes);
    mag_spin_unlock(&pipe->lock);
    if (MAG_LIKELY(r == 0))
        return mag_pipe_read_task_result(bytes);
    if (r != PIPE_WAITS)
        return mag_pipe_read_task_of(mag_vtask_failed(r, 0));
    return mag_pipe_read_task_of(wait_for_bytes(pipe, cancel));
}

int mag_pipe_consume(struct mag_pipe *pipe, size_t consumed, size_t examined)
{
    mag_spin_lock(&pipe->lock);
    bool fits = consumed <= examined && examined <= pipe->read - pipe->consumed;
    if (fits) {
        pipe->examined = pipe->consumed + examined;
        pipe->consumed += consumed;
    }
    bool waits = pipe->writer.operation != NULL;
    mag_spin_unlock(&pipe->lock);
    if (fits && waits)
        wake_writer(pipe);
    return fits ? 0 : -EINVAL;
}

void mag_pipe_close(struct mag_pipe *pipe)
{
    mag_spin_lock(&pipe->lock);
    pipe->closed = true;
    mag_spin_unlock(&pipe->lock);
    wake_writer(pipe);
}
