/*
 * conversion.c - from a value task to a promise that many may await, and back.
 *
 * A value task is for one reader.  A promise is for any number of readers, any number of
 * times, and lives as long as there is a reference to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(long_task, long)

MAG_ASYNC(long_task, get_data, (long, data), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return long_task_result(f->data);
    MAG_END(f);
}

/* One of several readers of the same promise. */
MAG_ASYNC(long_task, plus, (long_task, shared, long, more), long data;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->data, f->shared);
    return long_task_result(f->data + f->more);
    MAG_END(f);
}

int main(void)
{
    struct mag_promise *promise;
    mag_vtask readers[3];
    mag_vtask all;
    uint64_t results[3] = {0};

    /* Value task to promise: the task is used up, and this function must release the
     * promise. */
    if (mag_vtask_as_promise(get_data(40).task, &promise) != 0)
        return 1;

    /* Promise to value task: needs nothing else, and may be done any number of times. */
    long_task task = long_task_of(mag_promise_task(promise));

    for (int i = 0; i < 3; i++)
        readers[i] = plus(task, i).task;
    int error = mag_when_all(readers, 3, &all);
    if (error == 0)
        error = mag_vtask_wait(all, NULL, 0);
    for (int i = 0; i < 3 && error == 0; i++)
        error = mag_vtask_get(readers[i], &results[i]);
    mag_promise_release(promise);

    printf("one load, three readers: %d %d %d; %s\n", (int)results[0], (int)results[1],
           (int)results[2], mag_error_text(error));
    return error == 0 && results[0] == 40 && results[1] == 41 && results[2] == 42 ? 0 : 1;
}
