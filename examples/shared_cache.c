/*
 * shared_cache.c - the cache of cache.c for many threads, with single flight: of all
 * callers that miss the same key at the same time, one loads it, and the others share
 * that load.  Each entry is a lazy value.
 *
 * A hit takes no lock and costs no allocation.  The repository answers on a thread of its
 * own; each caller resumes on the scheduler where it waited.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <pthread.h>
#include <stdio.h>

MAG_VTASK_DEFINE(text_task, const char *)

enum { KEYS = 2, CALLERS = 400 };

/* ------------------------------------- the repository: a thread that is no scheduler's
*/

struct query {
    struct mag_operation operation; /* first */
    const char *key;
    const char *text; /* the result */
    struct query *next;
};

static struct mag_operation_type query_type =
    MAG_OPERATION_TYPE(struct query, MAG_RESULT(text));

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct query *first;
    int loads;
    bool closed;
} repository = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static text_task load(const char *key)
{
    void *object;
    int r = mag_operation_rent(&query_type, &object);

    if (r < 0)
        return text_task_of(mag_vtask_failed(r, 0));
    struct query *query = object;
    text_task task = text_task_of(mag_operation_task(&query->operation));
    query->key = key;
    pthread_mutex_lock(&repository.lock);
    query->next = repository.first;
    repository.first = query;
    repository.loads++;
    pthread_cond_signal(&repository.changed);
    pthread_mutex_unlock(&repository.lock);
    return task;
}

static void *repository_main(void *arg)
{
    pthread_mutex_lock(&repository.lock);
    while (repository.first != NULL || !repository.closed) {
        struct query *query = repository.first;
        if (query == NULL) {
            pthread_cond_wait(&repository.changed, &repository.lock);
            continue;
        }
        repository.first = query->next;
        pthread_mutex_unlock(&repository.lock);
        query->text = strcmp(query->key, "pica pica") == 0 ? "magpie" : "some other bird";
        (void)!mag_operation_set_done(&query->operation);
        pthread_mutex_lock(&repository.lock);
    }
    pthread_mutex_unlock(&repository.lock);
    return arg;
}

/* ----------------------------------------------------------------------- the cache */

MAG_LAZY(lazy_text, text_task, const char *)

static struct lazy_text entries[KEYS] = {
    MAG_LAZY_INIT(load, "pica pica"),
    MAG_LAZY_INIT(load, "corvus corax"),
};

static text_task get_value(const char *key)
{
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(entries[i].arg, key) == 0)
            return lazy_text_get(&entries[i], NULL);
    }
    return text_task_of(mag_vtask_failed(-ENOENT, 0));
}

/* --------------------------------------------------------------------- the callers */

static struct mag_sched *sched;

/* Fails if a get failed, or ended on a thread that is no worker. */
MAG_ASYNC(text_task, call, (const char *, key), const char *one; const char *two;)
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, mag_sched_executor(sched));
    MAG_AWAIT(f, f->one, get_value(f->key));
    if (mag_sched_self() != sched)
        MAG_FAIL(f, -EPROTO);
    MAG_AWAIT(f, f->two, get_value(f->key));
    if (f->one != f->two)
        MAG_FAIL(f, -EBADMSG);
    return text_task_result(f->two);
    MAG_END(f);
}

int main(void)
{
    static const char *const keys[] = {"pica pica", "corvus corax"};
    static text_task calls[CALLERS];
    pthread_t thread;
    int wrong = 0;

    if (mag_sched_default(&sched) != 0 ||
        pthread_create(&thread, NULL, repository_main, NULL) != 0)
        return 1;
    for (int i = 0; i < CALLERS; i++)
        calls[i] = call(keys[i % 2]);
    for (int i = 0; i < CALLERS; i++) {
        const char *value = "";
        if (text_task_wait(calls[i], &value) != 0 ||
            (strcmp(value, "magpie") == 0) != (i % 2 == 0))
            wrong++;
    }
    pthread_mutex_lock(&repository.lock);
    repository.closed = true;
    pthread_cond_signal(&repository.changed);
    pthread_mutex_unlock(&repository.lock);
    pthread_join(thread, NULL);
    printf("%d callers, %d loads, %d wrong\n", CALLERS, repository.loads, wrong);
    return wrong == 0 && repository.loads == 2 ? 0 : 1;
}
