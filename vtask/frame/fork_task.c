/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include <magpie/fork_task.h>

struct mag_frame *mag_fork_task_begin(mag_fork w, const void *payload, void *block,
                                      const struct mag_frame_type *type)
{
    if (!mag_fork_is_stolen(w, payload))
        return NULL;

    struct mag_frame *frame = mag_frame_rent(type);
    if (frame == NULL)
        return NULL;
    /* The continuation after the child is always queued: a join that waits must not run
     * it. */
    frame->core.flags |= MAG_CORE_QUEUED;
    mag_vtask task = mag_core_task(&frame->core);
    memcpy(block, &task, sizeof(task));
    mag_fork_answer(w);
    return frame;
}
