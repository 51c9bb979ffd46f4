/*
 * own_executor.c - an executor of your own: a thread with a queue, such as the thread
 * that owns a device, a database connection or a window.
 *
 * A function that awaits on that thread comes back to it, and MAG_CONTINUE_ON goes to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <pthread.h>
#include <stdio.h>

MAG_VTASK_DEFINE(long_task, long)

/* ------------------------------------------------------------------- the executor */

struct desk {
    struct mag_executor executor; /* first; .post = desk_post */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct mag_job *first, *last; /* under `lock` */
    bool closed;                  /* under `lock` */
};

/* Accepts the job, to run it once later; or refuses it, and the job stays the
 * caller's. */
static int desk_post(struct mag_executor *executor, struct mag_job *job)
{
    struct desk *desk = (struct desk *)executor;
    int error = -ESHUTDOWN;

    /* relaxed, here and below: the lock publishes the link. */
    MAG_STORE(&job->next, NULL, relaxed);
    pthread_mutex_lock(&desk->lock);
    if (!desk->closed) {
        if (desk->first == NULL)
            desk->first = job;
        else
            /* relaxed: as above. */
            MAG_STORE(&desk->last->next, job, relaxed);
        desk->last = job;
        error = 0;
        pthread_cond_signal(&desk->changed);
    }
    pthread_mutex_unlock(&desk->lock);
    return error;
}

/* The next job; NULL if the desk is closed and empty. */
static struct mag_job *desk_next(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    while (desk->first == NULL && !desk->closed)
        pthread_cond_wait(&desk->changed, &desk->lock);
    struct mag_job *job = desk->first;
    if (job != NULL)
        /* relaxed: as above. */
        desk->first = MAG_LOAD(&job->next, relaxed);
    pthread_mutex_unlock(&desk->lock);
    return job;
}

static void *desk_main(void *arg)
{
    struct desk *desk = arg;
    struct mag_job *job;

    /* Functions that await in the jobs come back here. */
    mag_executor_enter(&desk->executor);
    while ((job = desk_next(desk)) != NULL)
        job->run(job); /* from here on the job may be gone */
    return NULL;
}

static int desk_open(struct desk *desk)
{
    *desk = (struct desk){.executor = {desk_post}};
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    return -pthread_create(&desk->thread, NULL, desk_main, desk);
}

static void desk_close(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->closed = true;
    pthread_cond_signal(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
}

/* ------------------------------------------------------------------------ its use */

static struct desk desk;
static long ledger; /* only the desk's thread touches it */

/* Leaves the caller's thread; NULL means the scheduler. */
MAG_ASYNC(long_task, price, (int, item), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return long_task_result(10L * f->item);
    MAG_END(f);
}

MAG_ASYNC(long_task, sell, (int, item), long price;)
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, &desk.executor);
    MAG_AWAIT(f, f->price, price(f->item));
    if (!pthread_equal(pthread_self(), desk.thread))
        MAG_FAIL(f, -EPROTO);
    ledger += f->price;
    return long_task_result(ledger);
    MAG_END(f);
}

int main(void)
{
    int errors = 0;

    if (desk_open(&desk) != 0)
        return 1;
    for (int item = 1; item <= 20; item++) {
        long sum = 0;
        errors += long_task_wait(sell(item), &sum) != 0 || sum != 5L * item * (item + 1);
    }
    desk_close(&desk);
    long none = 0;
    int refused = long_task_wait(sell(1), &none);
    printf("ledger: %ld, errors: %d, after the end: %s\n", ledger, errors,
           mag_error_text(refused));
    return ledger == 2100 && errors == 0 && refused == -ESHUTDOWN ? 0 : 1;
}
