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

/* main may block; async code would say MAG_AWAIT. */
int main(void)
{
    const char *hit = "";
    const char *miss = "";
    const char *none = "untouched";
    int errors[3] = {
        text_task_wait(get_from_cache(0), &hit),
        text_task_wait(get_from_cache(1), &miss),
        text_task_wait(get_from_cache(7), &none),
    };

    printf("hit: %s, miss: %s, no such key: %s\n", hit, miss, mag_error_text(errors[2]));
    return errors[0] == 0 && strcmp(hit, "magpie") == 0 && errors[1] == 0 &&
                   strcmp(miss, "rook") == 0 && errors[2] == -ENOENT &&
                   mag_vtask_status(get_from_cache(2).task) == MAG_SUCCEEDED
               ? 0
               : 1;
}
