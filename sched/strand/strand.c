/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turns.h"
#include "sched/kind.h"
#include "sched/post/post.h"
#include "sched/strand/queue.h"
#include "sched/worker/seen.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>
#include <stddef.h>

/* How often to look at a job that is not linked yet before the strand queues behind other
 * jobs.  At least one of these looks sleeps, so that a pusher of a lower real-time
 * priority can run. */
enum { LINK_LOOKS = MAG_TURN_SPINS + MAG_TURN_YIELDS + 1 };

/* A strand that runs on this thread; lies on the stack of its runner. */
struct mag_strand_frame {
    struct mag_strand *strand; /* NULL: a job has called mag_strand_fini */
    struct mag_strand_frame *outer;
};

static struct mag_strand *strand_of(struct mag_job *own)
{
    return (struct mag_strand *)(void *)((char *)own - offsetof(struct mag_strand, job));
}

/* ------------------------------------------------------------------- running */

/* Takes the next job.  NULL: the pusher has lost its CPU between its two steps. */
static struct mag_job *next_job(struct mag_strand *strand)
{
    struct mag_job *job = mag_strand_pop(strand);

    for (unsigned looks = 0; job == NULL && looks < LINK_LOOKS; looks++) {
        mag_give_way(looks);
        job = mag_strand_pop(strand);
    }
    return job;
}

static MAG_COLD void run_seen_in_strand(struct mag_job *job)
{
    struct mag_worker *worker = mag_self_get()->worker;
    struct mag_job_description what;

    mag_job_describe(job, &what);
    bool traced = mag_seen_begin(worker, &what);
    job->run(job);
    mag_seen_end(worker, traced);
}

/* True: the strand has nothing more to do, or is gone. */
static bool run_batch(struct mag_strand_frame *frame)
{
    struct mag_strand *strand = frame->strand;
    struct mag_sched *sched = strand->sched;

    for (unsigned i = 0; i < MAG_STRAND_BATCH; i++) {
        /* A canceled scheduler finishes the job that has begun; the strand's other jobs
         * are dropped. */
        if (mag_sched_phase(sched) == MAG_PHASE_ENDING)
            return false;
        struct mag_job *job = next_job(strand);
        if (job == NULL)
            return false;
        if (MAG_UNLIKELY(mag_sched_is_seen(sched)))
            run_seen_in_strand(job);
        else
            job->run(job);
        mag_fp_keep(mag_self_get()->worker->fp);
        if (frame->strand == NULL || mag_strand_rest(strand))
            return true;
    }
    return false;
}

static void run_strand(struct mag_job *own)
{
    struct mag_strand *strand = strand_of(own);
    struct mag_sched *sched = strand->sched;
    struct mag_strand_frame frame = {.strand = strand, .outer = mag_self_get()->strands};
    struct mag_executor *before = mag_executor_enter(&strand->executor);

    mag_self_get()->strands = &frame;
    bool over = run_batch(&frame);
    mag_self_get()->strands = frame.outer;
    (void)mag_executor_enter(before);
    if (!over)
        mag_sched_post_held(sched, own);
}

/* The thread ends in the middle of jobs of strands: lets the strands go on elsewhere. */
static void end_strands(struct mag_sched *sched)
{
    /* The frames belong to functions that never return, but nothing has overwritten them
     * yet. */
    for (struct mag_strand_frame *frame = mag_self_get()->strands; frame != NULL;
         frame = frame->outer) {
        struct mag_strand *strand = frame->strand;

        if (strand != NULL && strand->sched == sched && !mag_strand_rest(strand))
            mag_sched_post_held(sched, &strand->job);
    }
    mag_self_get()->strands = NULL;
    (void)mag_executor_enter(NULL);
}

/* ------------------------------------------------------------------ interface */

static int post_to_strand(struct mag_executor *executor, struct mag_job *job)
{
    return mag_strand_post((struct mag_strand *)(void *)executor, job);
}

void mag_strand_init(struct mag_strand *strand, struct mag_sched *sched)
{
    *strand = (struct mag_strand){
        .executor = {post_to_strand},
        .job = {.run = run_strand},
        .sched = sched,
    };
}

int mag_strand_post(struct mag_strand *strand, struct mag_job *job)
{
    struct mag_sched *sched = strand->sched;
    int r = mag_sched_hold(sched);

    if (r < 0)
        return r;
    /* Once the job is queued the strand may be gone, unless the strand waits for its own
     * job. */
    if (mag_strand_push(strand, job))
        mag_sched_post_held(sched, &strand->job);
    mag_sched_unhold(sched);
    return 0;
}

struct mag_strand *mag_strand_self(void)
{
    return mag_self_get()->strands != NULL ? mag_self_get()->strands->strand : NULL;
}

static struct mag_strand_frame *frame_of(const struct mag_strand *strand)
{
    struct mag_strand_frame *frame = mag_self_get()->strands;

    while (frame != NULL && frame->strand != strand)
        frame = frame->outer;
    return frame;
}

/* Whether the strand belongs to the parent process: its waiting jobs will not run
 * here. */
static bool is_inherited(const struct mag_strand *strand)
{
    /* relaxed: set before this process had a second thread. */
    return atomic_load_explicit(&strand->sched->closed, memory_order_relaxed) ==
           MAG_E_FORKED;
}

int mag_strand_fini(struct mag_strand *strand)
{
    struct mag_strand_frame *frame = frame_of(strand);
    struct mag_job *quiet = frame != NULL ? &strand->job : NULL;

    /* idle, acquire: the last runner's last touch is over. */
    if (atomic_load_explicit(&strand->last, memory_order_acquire) != quiet)
        return is_inherited(strand) ? 0 : -EBUSY;
    if (frame != NULL) {
        frame->strand = NULL;
        if (mag_executor_current() == &strand->executor)
            (void)mag_executor_enter(NULL);
    }
    return 0;
}

/* ------------------------------------------------------------------- dropping */

/* Hands back the jobs that wait in the strand, and makes it idle. */
static void drop_strand(struct mag_job *own, const struct mag_job_stop *stop)
{
    struct mag_strand *strand = strand_of(own);

    /* relaxed, all: the workers are joined and no post is under way, so every job is
     * linked. */
    struct mag_job *job = atomic_load_explicit(&strand->first, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&strand->first, NULL, memory_order_relaxed);
    /* relaxed: as above; handing back the last job may free the strand. */
    atomic_store_explicit(&strand->last, NULL, memory_order_relaxed);
    while (job != NULL) {
        /* relaxed: as above; read before the job is handed back to its owner. */
        struct mag_job *next = atomic_load_explicit(&job->next, memory_order_relaxed);

        mag_job_hand_back(job, stop);
        job = next;
    }
}

static void describe_strand(const struct mag_job *own,
                            struct mag_job_description *ret_description)
{
    (void)own;
    ret_description->name = "strand";
}

static struct mag_job_kind strand_kind = {.run = run_strand,
                                          .dropped = drop_strand,
                                          .ended = end_strands,
                                          .describe = describe_strand};

static __attribute__((constructor(101))) void add_strand_kind(void)
{
    mag_job_kind_add(&strand_kind);
}
