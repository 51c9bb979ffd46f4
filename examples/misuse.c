/*
 * misuse.c - a watch that is told of each misuse of a value task.  Here a task is awaited
 * twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

static int misuses;

static void told(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
{
    char text[200];

    (void)watch;
    misuses++;
    printf("%s\n", mag_error_text(misuse->code));
    for (uint32_t i = 0; i < misuse->here.count; i++) {
        mag_debug_describe(misuse->here.frames[i], text, sizeof(text));
        printf("  misused    %s\n", text);
    }
    for (uint32_t i = 0; i < misuse->created.count; i++) {
        mag_debug_describe(misuse->created.frames[i], text, sizeof(text));
        printf("  handed out %s\n", text);
    }
}

MAG_VTASK_DEFINE(int_task, int)

MAG_ASYNC(int_task, get_data, (void), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return int_task_result(42);
    MAG_END(f);
}

/* The mistake: the second await finds the operation gone. */
MAG_ASYNC(int_task, twice, (void), int_task task; int first; int second;)
{
    MAG_BEGIN(f);
    f->task = get_data();
    MAG_AWAIT(f, f->first, f->task);
    MAG_AWAIT(f, f->second, f->task);
    return int_task_result(f->first + f->second);
    MAG_END(f);
}

int main(void)
{
    static struct mag_misuse_watch watch;
    int result;

    watch.told = told;
    (void)mag_debug_watch(&watch);

    int error = int_task_wait(twice(), &result);

    (void)mag_debug_watch(NULL);
    return error == MAG_E_TOKEN && misuses == 1 ? 0 : 1;
}
