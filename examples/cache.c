/*
 * cache.c - a value task that is usually complete when it is returned.
 *
 * A hit returns its value as a struct of two words: nothing is allocated, and no thread
 * waits.  A miss returns the task of an async function, which waits for the repository.
 * The caller need not know which of the two it got.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(text_task, const char *)

/* -------------------------------- the cache; one thread at a time uses it */

static struct {
    const char *key;
    const char *value;
} cache[4];

static const char *cache_find(const char *key)
{
    for (int i = 0; i < 4 && cache[i].key != NULL; i++)
        if (strcmp(cache[i].key, key) == 0)
            return cache[i].value;
    return NULL;
}

static void cache_store(const char *key, const char *value)
{
    int i = 0;

    while (i < 3 && cache[i].key != NULL)
        i++;
    cache[i].key = key;
    cache[i].value = value;
}

/* --------------- the repository: it takes its time, so it leaves the caller's thread */

static int loads;

MAG_ASYNC(text_task, repository_load, (const char *, key), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    loads++;
    if (strcmp(f->key, "pica pica") != 0)
        MAG_FAIL(f, -ENOENT);
    return text_task_result("magpie");
    MAG_END(f);
}

/* ------------------------------------------------------------------- both together */

static text_task load_and_store(const char *key);

static text_task get_value(const char *key)
{
    const char *cached = cache_find(key);

    if (cached != NULL)
        return text_task_result(cached);
    return load_and_store(key);
}

MAG_ASYNC(text_task, load_and_store, (const char *, key), const char *value;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->value, repository_load(f->key));
    cache_store(f->key, f->value);
    return text_task_result(f->value);
    MAG_END(f);
}

/* main may block; async code would use MAG_AWAIT. */
int main(void)
{
    const char *miss = "";
    const char *hit = "";
    const char *none = "untouched";
    int errors[3];

    errors[0] = text_task_wait(get_value("pica pica"), &miss);
    errors[1] = text_task_wait(get_value("pica pica"), &hit);
    errors[2] = text_task_wait(get_value("corvus corax"), &none);
    printf("miss: %s, hit: %s, loads: %d, no such key: %s\n", miss, hit, loads,
           mag_error_text(errors[2]));
    return errors[0] == 0 && strcmp(miss, "magpie") == 0 && errors[1] == 0 &&
                   strcmp(hit, "magpie") == 0 && errors[2] == -ENOENT && loads == 2 &&
                   mag_vtask_status(get_value("pica pica").task) == MAG_SUCCEEDED
               ? 0
               : 1;
}
