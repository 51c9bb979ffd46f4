/* SPDX-License-Identifier: Apache-2.0 */
#include "base/texts.h"

#include <magpie/error.h>

#include <errno.h>

MAG_TEXTS_OF(sched);

static const struct mag_code_text sched_errors[] = {
    {MAG_E_FORKED, "this scheduler belongs to the parent process, which forked"},
    {MAG_E_ENVIRONMENT, "a MAGPIE_ variable of the environment has a wrong value; "
                        "'magpie doctor' names it"},
    {MAG_E_JOIN, "misuse: a forked child was not joined, or not in order"},
    {MAG_E_THREAD, "misuse: a job ended its thread"},
    {0, NULL},
};

static const struct mag_code_text sched_refusals[] = {
    {-EAGAIN, "the system refused a thread or a thread-exit key"},
    {-ECANCELED, "the group was canceled"},
    {-EDEADLK, "a worker of the scheduler may not wait here"},
    {-ENOENT, "there is no such job (any more)"},
    {-EOWNERDEAD, "the function ended its thread"},
    {-EPERM, "the default scheduler cannot be stopped or destroyed"},
    {-ESHUTDOWN, "the scheduler is stopping"},
    {0, NULL},
};

const struct mag_texts mag_texts_of_sched = {sched_errors, sched_refusals};
