/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stress/whole/soak.h"

#include "tests/support/run.h"

#include <errno.h>
#include <magpie/submit.h>
#include <stdlib.h>

enum { BULK = 50 };

struct call {
    struct soak *soak;
    enum soak_kind kind;
    bool fails;
    _Atomic(uint32_t) left; /* of the calls that share this memory */
};

/* ------------------------------------------------------------------ submissions */

static void run_call(void *arg)
{
    struct call *call = *(struct call **)arg;

    soak_count_out(call->soak, call->kind);
    /* acq_rel: the last call frees what the others have used. */
    if (atomic_fetch_sub_explicit(&call->left, 1, memory_order_acq_rel) == 1)
        free(call);
}

static struct call **make_calls(struct soak *soak, enum soak_kind kind, uint32_t count)
{
    struct call *call = calloc(1, sizeof(*call) + count * sizeof(struct call *));

    if (call == NULL)
        return NULL;
    struct call **args = (struct call **)(void *)(call + 1);

    call->soak = soak;
    call->kind = kind;
    atomic_init(&call->left, count);
    for (uint32_t i = 0; i < count; i++)
        args[i] = call;
    soak_count_in(soak, kind, count);
    return args;
}

void soak_submit(struct soak *soak, uint64_t *random)
{
    bool many = test_random_below(random, 8) == 0;
    enum soak_kind kind = many ? SOAK_BULK : SOAK_SUBMIT;
    uint32_t count = many ? BULK : 1;
    struct call **args = make_calls(soak, kind, count);
    const struct mag_submit_options options = {
        .priority = (enum mag_priority)((int)test_random_below(random, 3) - 1),
        .name = "soak",
        .dropped = run_call,
    };

    if (args == NULL)
        return;
    struct call *call = args[0];
    int r = many ? mag_submit_all(soak->sched, &options, run_call, args, sizeof(args[0]),
                                  count)
                 : mag_submit_with(soak->sched, &options, run_call, args);
    if (!soak_accepted(soak, kind, r)) {
        soak_take_back(soak, kind, count);
        free(call);
    }
}

/* ----------------------------------------------------------------------- groups */

/* A job of the group: its memory is a call's. */
static int run_grouped(void *arg)
{
    const struct call *call = *(struct call **)arg;
    bool fails = call->fails;

    run_call(arg);
    return fails ? -EIO : 0;
}

void soak_withdrawn(void *arg, void *hook_arg)
{
    (void)hook_arg;
    run_call(arg);
}

/* A wait's outcome, or a refusal's: anything that a cancel or a stop explains. */
static void judge(struct soak *soak, int r)
{
    if (r < 0 && r != -ECANCELED && r != -ESHUTDOWN && r != -ETIMEDOUT)
        soak_add(&soak->wrong[SOAK_GROUP], 1);
}

static void add_to_group(struct soak *soak, uint64_t *random)
{
    uint32_t count = 1 + test_random_below(random, 8);
    struct call **args = make_calls(soak, SOAK_GROUP, count);

    if (args == NULL)
        return;
    struct call *call = args[0];
    call->fails = test_random_below(random, 16) == 0;
    int r = mag_group_add_all(soak->group, run_grouped, args, sizeof(args[0]), count);
    judge(soak, r);
    if (r != 0) {
        soak_take_back(soak, SOAK_GROUP, count);
        free(call);
    }
}

void soak_use_group(struct soak *soak, uint64_t *random)
{
    struct mag_group_error error;

    switch (test_random_below(random, 16)) {
    case 0:
        judge(soak, mag_group_cancel(soak->group));
        break;
    case 1:
        judge(soak, mag_group_limit(soak->group, test_random_below(random, 3)));
        break;
    case 2:
        if (mag_group_take_error(soak->group, &error) == 0 && error.error != -EIO)
            soak_add(&soak->wrong[SOAK_GROUP], 1);
        break;
    case 3:
    case 4:
        judge(soak, mag_group_wait(soak->group, test_random_below(random, 100000), NULL));
        break;
    default:
        add_to_group(soak, random);
        break;
    }
}
