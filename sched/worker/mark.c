/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/trace/trace.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/trace.h>

void mag_trace_mark(const char *name, const void *object, uint32_t number)
{
    struct mag_worker *worker = mag_self_get()->worker;

    if (worker == NULL || !mag_sched_is_traced(worker->sched))
        return;
    mag_trace_put(worker->sched, worker->index,
                  &(struct mag_trace_event){.time_ns = mag_os_now_ns(),
                                            .kind = MAG_TRACE_MARK,
                                            .detail = number,
                                            .object = (uintptr_t)object,
                                            .name = name});
}
