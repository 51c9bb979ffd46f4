/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/pooled.h"
#include "vtask/promise/promise.h"

#include <stddef.h>

/* Consumes a pending source that has no discard operation of its own. */
struct sink {
    struct mag_continuation continuation;
    mag_vtask task;
};

static struct mag_pooled sinks = {.size = sizeof(struct sink)};

/* Reads the outcome and drops it.  If the source has failed, a MAG_E code may be its
 * outcome; only if it has succeeded is such a code a refusal. */
static int forget(mag_vtask task, int status)
{
    int r = mag_vtask_get(task, NULL);

    return status == MAG_SUCCEEDED && mag_is_misuse(r) ? r : 0;
}

static void drain(struct mag_job *job)
{
    struct sink *sink = (struct sink *)(void *)job;

    /* As in convert.c: a foreign job, or one that has run. */
    if (job == NULL || job->run != drain)
        return;
    int status = mag_vtask_status(sink->task);
    if (status == MAG_PENDING)
        return;
    mag_vtask task = sink->task;
    job->run = mag_continuation_spent;
    mag_pooled_give(&sinks, sink);
    (void)forget(task, status);
}

static int discard_later(mag_vtask task)
{
    struct sink *sink;
    void *object;
    int r = mag_pooled_take(&sinks, &object);

    if (r != 0)
        return r;
    sink = object;
    sink->task = task;
    sink->continuation.job.run = drain;
    r = mag_vtask_on_completed(task, &sink->continuation, 0);
    if (r < 0)
        mag_pooled_give(&sinks, sink);
    return r;
}

int mag_vtask_discard(mag_vtask task)
{
    if (mag_vtask_is_core(task))
        return mag_core_discard(mag_object_of(task), task.payload);
    int status = mag_vtask_status(task);
    if (status < 0)
        return status;
    if (!mag_is_claim(task))
        return 0;
    return status == MAG_PENDING ? discard_later(task) : forget(task, status);
}
