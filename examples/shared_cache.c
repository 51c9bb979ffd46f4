/*
 * shared_cache.c - the cache of cache.c for many threads, with single flight: of all
 * callers that miss the same key at the same time, one loads it, and the others await the
 * same promise.
 *
 * A hit still costs no allocation.  The repository answers on a thread of its own; each
 * caller resumes on the scheduler where it waited.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <pthread.h>
#include <stdio.h>

MAG_VTASK_DEFINE(text_task, const char *)

enum { KEYS = 4, CALLERS = 400 };

/* ----------------------------------------- the cache: a lock that is held briefly */

static struct entry {
    const char *key;
    const char *value;           /* NULL: not here yet */
    struct mag_promise *loading; /* while the value is being loaded; a reference */
} entries[KEYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *find(const char *key)
{
    for (int i = 0; i < KEYS; i++) {
        if (entries[i].key == NULL)
            entries[i].key = key;
        if (strcmp(entries[i].key, key) == 0)
            return &entries[i];
    }
    return NULL;
}

/* ---------------------------------------- the repository: a thread that is no worker */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct entry *asked[KEYS];
    int count, loads;
    bool closed;
} repository = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void answer(struct entry *entry)
{
    pthread_mutex_lock(&lock);
    struct mag_promise *loading = entry->loading;
    entry->value = strcmp(entry->key, "pica pica") == 0 ? "magpie" : "some other bird";
    entry->loading = NULL;
    pthread_mutex_unlock(&lock);
    /* Outside of the lock: a caller that waits on no scheduler resumes inside this
     * call. */
    (void)!mag_promise_set_result(loading, (uintptr_t)entry->value);
    mag_promise_release(loading);
}

static void *repository_main(void *arg)
{
    pthread_mutex_lock(&repository.lock);
    for (;;) {
        while (repository.count == 0 && !repository.closed)
            pthread_cond_wait(&repository.changed, &repository.lock);
        if (repository.count == 0)
            break;
        struct entry *entry = repository.asked[--repository.count];
        repository.loads++;
        pthread_mutex_unlock(&repository.lock);
        answer(entry);
        pthread_mutex_lock(&repository.lock);
    }
    pthread_mutex_unlock(&repository.lock);
    return arg;
}

static void ask(struct entry *entry)
{
    pthread_mutex_lock(&repository.lock);
    repository.asked[repository.count++] = entry; /* each key is loaded once at a time */
    pthread_cond_signal(&repository.changed);
    pthread_mutex_unlock(&repository.lock);
}

/* ------------------------------------------------------------------- both together */

/* Under the lock: the promise that is loading the entry, with a reference for the
 * caller. */
static int join_flight(struct entry *entry, bool *ret_first, text_task *ret_task)
{
    int error = 0;

    *ret_first = entry->loading == NULL;
    if (*ret_first)
        error = mag_promise_create(sizeof(const char *), 0, &entry->loading);
    if (error == 0)
        error =
            text_task_preserve(text_task_of(mag_promise_task(entry->loading)), ret_task);
    return error;
}

/* The task of that promise holds a reference, released once the outcome has been read. */
MAG_ASYNC(text_task, land, (text_task, flight), const char *value; int error;)
{
    MAG_BEGIN(f);
    MAG_TRY(f, f->error, f->value, f->flight);
    mag_vtask_release(f->flight.task);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    return text_task_result(f->value);
    MAG_END(f);
}

static text_task get_value(const char *key)
{
    bool first = false;
    int error = -ENOSPC;
    text_task flight = text_task_result(NULL);

    pthread_mutex_lock(&lock);
    struct entry *entry = find(key);
    const char *value = entry != NULL ? entry->value : NULL;
    if (entry != NULL && value == NULL)
        error = join_flight(entry, &first, &flight);
    pthread_mutex_unlock(&lock);
    if (value != NULL)
        return text_task_result(value);
    if (error != 0)
        return text_task_of(mag_vtask_failed(error, 0));
    if (first)
        ask(entry);
    return land(flight);
}

/* --------------------------------------------------------------------- the callers */

static struct mag_sched *sched;

/* How many of its two gets failed, or ended on a thread that is no worker. */
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
