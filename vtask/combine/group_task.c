/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/group_task.h>
#include <magpie/operation.h>

#include <stddef.h>

struct group_end {
    struct mag_operation operation; /* must be first */
    struct mag_group_notice notice;
    int failed; /* the result */
};

static struct mag_operation_type group_end_type =
    MAG_OPERATION_TYPE(struct group_end, MAG_RESULT(failed));

static void end_group_task(struct mag_group_notice *notice, int outcome)
{
    struct group_end *end =
        (struct group_end *)(void *)((char *)notice - offsetof(struct group_end, notice));

    int r = outcome < 0
                ? mag_operation_set_error(&end->operation, outcome, 0)
                : mag_operation_set_value(&end->operation, &outcome, sizeof(outcome));

    /* Neither fails: nobody else completes the operation. */
    (void)r;
}

int mag_group_task(struct mag_group *group, mag_vtask *ret_task)
{
    struct group_end *end;
    void *object;
    int r = mag_operation_rent(&group_end_type, &object);

    if (r < 0)
        return r;
    end = object;
    end->notice.function = end_group_task;
    mag_vtask task = mag_operation_task(&end->operation);
    r = mag_group_notify(group, &end->notice);
    if (r < 0)
        mag_operation_return(&end->operation);
    else
        *ret_task = task;
    return r;
}
