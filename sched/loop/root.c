/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/loop/root.h"

#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/default.h>

int mag_loop_sched(struct mag_sched **sched)
{
    const struct mag_worker *worker = mag_self_get()->worker;

    if (*sched == NULL && worker != NULL)
        *sched = worker->sched;
    return *sched != NULL ? 0 : mag_sched_default(sched);
}

int mag_loop_root(struct mag_sched *sched, mag_fork_body body, void *payload)
{
    int r = mag_loop_sched(&sched);

    return r != 0 ? r : mag_fork_run(sched, body, payload);
}
