/*
 * call.c - calls that threads from outside submit one by one: how they get into packets
 * (queue/packet.h), and how one runs.
 *
 * A thread adds calls to its packet until the packet is closed or full, or the thread
 * posts something else: that comes behind the calls, so later ones must not be added.
 *
 * A packet takes as much memory as 16 submissions of their own.  A thread that leaves one
 * after a few calls, because it posts in turn to several schedulers or in several ways,
 * would fill the memory with packets that are nearly empty.  So its next submissions go
 * without a packet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/post/call.h"

#include "sched/post/post.h"
#include "sched/post/record.h"
#include "sched/queue/packet.h"
#include "sched/worker/worker.h"

#include <magpie/job_kind.h>

#include <errno.h>

/* ------------------------------------------------------------------------ running */

/* Before the call, because the function may end its thread. */
static void run_packed(struct mag_job *job)
{
    struct mag_call *call = (struct mag_call *)(void *)job;
    void (*function)(void *arg) = call->function;
    void *arg = call->arg;

    mag_packet_note(&mag_self_get()->worker->tab, mag_packet_of(call));
    function(arg);
}

static void drop_packed(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_packet_release(mag_packet_of((struct mag_call *)(void *)job), 1);
}

static void name_packed(const struct mag_job *job,
                        struct mag_job_description *ret_description)
{
    const struct mag_call *call = (const struct mag_call *)(const void *)job;

    *ret_description =
        (struct mag_job_description){.function = (void (*)(void))call->function};
}

static struct mag_job_kind packed_kind = {
    .run = run_packed, .dropped = drop_packed, .describe = name_packed};

static __attribute__((constructor(101))) void add_packed_kind(void)
{
    mag_job_kind_add(&packed_kind);
}

/* --------------------------------------------------------------------- submitting */

/* Puts the call into a new packet, and pushes it. */
static MAG_NOINLINE int submit_packet(struct mag_sched *sched, struct mag_poster *poster,
                                      void (*function)(void *arg), void *arg)
{
    struct mag_packet *packet;
    int r = mag_packet_new(&packet);

    if (r < 0)
        return r;
    mag_packet_begin(packet, run_packed, function, arg);
    mag_record_set(poster, packet, sched);
    mag_sched_post_packet(sched, &packet->job);
    return 0;
}

/* The thread has no packet in this scheduler. */
static MAG_NOINLINE int begin_packet(struct mag_sched *sched, struct mag_poster *poster,
                                     void (*function)(void *arg), void *arg)
{
    if (poster == NULL)
        return -EAGAIN;
    if (mag_poster_has_packet(poster))
        mag_record_end_packet(poster);
    if (poster->singly != 0) {
        poster->singly--;
        return -EAGAIN;
    }
    return submit_packet(sched, poster, function, arg);
}

int mag_call_submit(struct mag_sched *sched, struct mag_self *self,
                    void (*function)(void *arg), void *arg)
{
    int r = mag_poster_enter(sched, self);

    if (MAG_UNLIKELY(r < 0))
        return r;
    struct mag_poster *poster = self->poster;
    if (MAG_UNLIKELY(poster == NULL || !mag_record_is_in(poster, sched))) {
        r = begin_packet(sched, poster, function, arg);
    } else {
        /* relaxed: see record.h. */
        struct mag_packet *packet =
            atomic_load_explicit(&poster->packet, memory_order_relaxed);
        bool added = mag_packet_add(packet, poster->added, run_packed, function, arg);

        if (MAG_UNLIKELY(!added || ++poster->added == MAG_PACKET_CALLS))
            mag_record_let_go(poster);
        if (MAG_UNLIKELY(!added))
            r = submit_packet(sched, poster, function, arg);
    }
    mag_poster_leave(sched, self);
    return r;
}
