/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/pipeline.h"

#include <magpie/job_kind.h>

static void resume_token(struct mag_job *job)
{
    struct mag_token *token = (struct mag_token *)(void *)job;

    token->outcome = mag_vtask_get(token->task, NULL);
    token->is_back = true;
    mag_belt_resume(token);
}

bool mag_token_await(struct mag_token *token)
{
    token->continuation.job.run = resume_token;
    int r = mag_vtask_on_completed(token->task, &token->continuation, 0);
    if (r == 0)
        return true;
    token->outcome = r;
    return false;
}

/* A stop drops the continuation of an await that is over. */
static void drop_resumption(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    resume_token(job);
}

static struct mag_job_kind resumption_kind = {.run = resume_token,
                                              .dropped = drop_resumption};

static __attribute__((constructor)) void add_resumption_kind(void)
{
    mag_job_kind_add(&resumption_kind);
}
