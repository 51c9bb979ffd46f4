/*
 * preserve.c - a value task is consumed once; to read it twice, preserve it first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(int_task, int)

MAG_ASYNC(int_task, get_data, (void), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return int_task_result(42);
    MAG_END(f);
}

/* Wrong: the second await finds that the operation is gone, and returns an error. */
MAG_ASYNC(int_task, wrong, (void), int_task task; int result; int error;)
{
    MAG_BEGIN(f);
    f->task = get_data();
    MAG_AWAIT(f, f->result, f->task);
    MAG_TRY(f, f->error, f->result, f->task);
    return int_task_result(f->error);
    MAG_END(f);
}

/* Right: the preserved form may be awaited as often as you like, until it is released. */
MAG_ASYNC(int_task, right, (void), int_task task; int first; int second;)
{
    MAG_BEGIN(f);
    int error = int_task_preserve(get_data(), &f->task);

    if (error != 0)
        MAG_FAIL(f, error);
    MAG_AWAIT(f, f->first, f->task);
    MAG_AWAIT(f, f->second, f->task);
    mag_vtask_release(f->task.task);
    return int_task_result(f->first + f->second);
    MAG_END(f);
}

int main(void)
{
    int sum = 0;
    int misuse = 0;
    int error = int_task_wait(right(), &sum);

    if (error == 0)
        error = int_task_wait(wrong(), &misuse);
    printf("awaited twice: %d; without preserving: %s\n", sum, mag_error_text(misuse));
    return error == 0 && sum == 84 && misuse == MAG_E_TOKEN ? 0 : 1;
}
