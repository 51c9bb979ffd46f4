/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/guest/guest.h"
#include "sched/kind.h"
#include "sched/scheduler.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>

/*
 * A root of a computation, on the stack of the thread that waits for it.
 *
 * Edges: release end -> acquire end : what crosses
 *   ended   finish (state) -> wait_for_root (state) : the payload
 *
 * The last touch.  The thread that runs or drops the root stores its state last.  The
 * wake after that uses the address alone.
 */
struct mag_fork_root {
    struct mag_job job;
    mag_fork_body body;
    void *payload;
    mag_fp fp;               /* the modes of the thread that waits */
    _Atomic(uint32_t) state; /* [A] enum root_state */
};

enum root_state { ROOT_WAITING, ROOT_DONE, ROOT_DROPPED, ROOT_ENDED };

static void finish_root(struct mag_fork_root *root, enum root_state state)
{
    /* ended, release: the payload is written before the end is visible. */
    atomic_store_explicit(&root->state, state, memory_order_release);
    mag_os_wake(&root->state, 1);
}

static void run_root(struct mag_job *job)
{
    struct mag_fork_root *root = (struct mag_fork_root *)(void *)job;

    struct mag_worker *worker = mag_self_get()->worker;

    /* The function that runs jobs restores its own modes afterwards. */
    mag_fp_keep(root->fp);
    worker->root = root;
    mag_guest_run_in(worker, root->body, root->payload);
    worker->root = NULL;
    finish_root(root, ROOT_DONE);
}

/* The thread ends in the middle of the computation: tells the thread that waits for the
 * root. */
static void end_root(struct mag_sched *sched)
{
    struct mag_worker *worker = mag_self_get()->worker;

    (void)sched;
    if (worker->root == NULL)
        return;
    finish_root(worker->root, ROOT_ENDED);
    worker->root = NULL;
}

static void drop_root(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    finish_root((struct mag_fork_root *)(void *)job, ROOT_DROPPED);
}

static void describe_root(const struct mag_job *job,
                          struct mag_job_description *ret_description)
{
    ret_description->function =
        (void (*)(void))((const struct mag_fork_root *)(const void *)job)->body;
}

static struct mag_job_kind root_kind = {
    .run = run_root, .dropped = drop_root, .ended = end_root, .describe = describe_root};

static __attribute__((constructor(101))) void add_root_kind(void)
{
    mag_job_kind_add(&root_kind);
}

/* Waits until the posted root has ended. */
static int wait_for_root(struct mag_fork_root *root)
{
    static const int results[] = {
        [ROOT_DONE] = 0, [ROOT_DROPPED] = -ESHUTDOWN, [ROOT_ENDED] = -EOWNERDEAD};

    for (;;) {
        /* ended, acquire: the payload is visible. */
        uint32_t state = atomic_load_explicit(&root->state, memory_order_acquire);

        if (state != ROOT_WAITING)
            return results[state];
        mag_os_wait(&root->state, ROOT_WAITING, -1);
    }
}

int mag_fork_run(struct mag_sched *sched, mag_fork_body body, void *payload)
{
    struct mag_worker *worker = mag_self_get()->worker;

    if (worker != NULL && worker->sched == sched) {
        mag_guest_run_in(worker, body, payload);
        return 0;
    }
    if (mag_guest_run(sched, body, payload))
        return 0;

    struct mag_fork_root root = {
        .job = {.run = run_root}, .body = body, .payload = payload, .fp = mag_fp_read()};
    atomic_init(&root.state, ROOT_WAITING);
    /* The root lies on this stack, so the thread must not be canceled here. */
    int cancel = mag_os_hold_cancel();
    int r = mag_sched_post_any(sched, &root.job);
    if (r == 0)
        r = wait_for_root(&root);
    mag_os_let_cancel(cancel);
    return r;
}
