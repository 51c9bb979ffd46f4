/*
 * when_each.c - results in the order in which they arrive: of several mirrors that have
 * the same file, the first two answers are compared, and the others are not waited for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { MIRRORS = 5 };

MAG_VTASK_DEFINE(long_task, long)

/* Stands for a download: mirror number i answers after some milliseconds; number 3 has
 * another version of the file, and number 1 has none. */
MAG_ASYNC(long_task, ask, (int, mirror), struct mag_delay_state delay;)
{
    static const int64_t milliseconds[MIRRORS] = {40, 1, 2000, 3000, 6};

    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_delay, &f->delay, NULL, milliseconds[f->mirror] * 1000000);
    if (f->mirror == 1)
        MAG_FAIL(f, -ENOENT);
    return long_task_result(f->mirror == 3 ? 98 : 99);
    MAG_END(f);
}

/* The first answer that two mirrors agree on. */
MAG_ASYNC(long_task, ask_all, (mag_vtask *, answers), struct mag_when_each *each;
          size_t i; int error; long first; long next; unsigned have;)
{
    MAG_BEGIN(f);
    f->error = mag_when_each_begin(f->answers, MIRRORS, MAG_AS_COMPLETED, &f->each);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    for (;;) {
        MAG_AWAIT(f, f->i, mag_when_each_next(f->each, NULL));
        if (f->i == MIRRORS)
            break;
        f->error = long_task_get(long_task_of(f->answers[f->i]), &f->next);
        printf("mirror %zu: %s\n", f->i, mag_error_text(f->error));
        if (f->error == 0 && f->have++ == 0)
            f->first = f->next;
        else if (f->error == 0 && f->next == f->first)
            break;
    }
    mag_when_each_end(f->each); /* the answers that are still to come are discarded */
    if (f->have < 2)
        MAG_FAIL(f, -ENODATA);
    return long_task_result(f->first);
    MAG_END(f);
}

int main(void)
{
    mag_vtask answers[MIRRORS];
    long agreed = 0;

    for (int i = 0; i < MIRRORS; i++)
        answers[i] = ask(i).task;
    int error = long_task_wait(ask_all(answers), &agreed);
    printf("%s: %ld\n", mag_error_text(error), agreed);
    return error == 0 && agreed == 99 ? 0 : 1;
}
