/*
 * cache.c - a value task that is usually complete when it is returned.
 *
 * A hit returns its value as a struct of two words: nothing is allocated, nobody waits.
 * A miss returns a task of the database's, which a worker completes.  The caller need not
 * care which it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <magpie/promise.h>
#include <stdio.h>

MAG_VTASK_DEFINE(text_task, const char *)

static const char *cache[3] = {"magpie", NULL, "jackdaw"};

/* The database: it takes its time, so it leaves the caller's thread for the pool. */
MAG_ASYNC(text_task, load_from_database, (size_t, key), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    if (f->key != 1)
        MAG_FAIL(f, -ENOENT);
    return text_task_result("rook");
    MAG_END(f);
}

static text_task get_from_cache(size_t key)
{
    return key < 3 && cache[key] != NULL ? text_task_result(cache[key])
                                         : load_from_database(key);
}

/* Async code would say MAG_AWAIT; main is no worker, so it may block. */
static int fetch(size_t key, const char **ret_text)
{
    text_task task = get_from_cache(key);
    int error = mag_vtask_wait(&task.task, 0, -1);

    if (error == 0)
        error = text_task_get(task, ret_text);
    mag_vtask_release(task.task);
    return error;
}

int main(void)
{
    const char *hit = "";
    const char *miss = "";
    const char *none = "untouched";
    int errors[3] = {fetch(0, &hit), fetch(1, &miss), fetch(7, &none)};

    printf("hit: %s, miss: %s, no such key: %s\n", hit, miss, mag_error_text(errors[2]));
    return errors[0] == 0 && strcmp(hit, "magpie") == 0 && errors[1] == 0 &&
                   strcmp(miss, "rook") == 0 && errors[2] == -ENOENT &&
                   mag_vtask_status(get_from_cache(2).task) == MAG_SUCCEEDED
               ? 0
               : 1;
}
