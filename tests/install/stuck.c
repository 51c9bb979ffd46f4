/*
 * A program that has come to a standstill, for gdb: a job that does not end, jobs behind
 * it, and an async function that awaits another one, which awaits a promise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct mag_promise *promise;
static sem_t begun;
static mag_task page; /* looked at by name */

MAG_ASYNC(mag_task, fetch, (int, number), int unused;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(mag_promise_task(promise)));
    MAG_END(f);
}

MAG_ASYNC(mag_task, load_page, (int, number), int unused;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, fetch(f->number));
    MAG_END(f);
}

static void decode_frame(void *arg)
{
    (void)arg;
    (void)sem_post(&begun);
    for (;;)
        (void)pause();
}

static void upload(void *arg)
{
    (void)arg;
}

int main(void)
{
    struct mag_sched_config config;
    struct mag_sched *sched;
    int error = 0;

    mag_sched_config_init(&config);
    config.workers = 1;
    config.name = "codec";
    if (mag_sched_start(&config, &sched) != 0 ||
        mag_promise_create(0, 0, &promise) != 0 || sem_init(&begun, 0, 0) != 0)
        return 1;
    page = load_page(7);
    error |= mag_submit(sched, decode_frame, NULL);
    error |= sem_wait(&begun);
    for (int i = 0; i < 3; i++)
        error |= mag_submit(sched, upload, NULL);
    if (error == 0)
        (void)raise(SIGTRAP);
    return mag_vtask_wait(page.task, NULL, 0) == 0 ? 2 : 3;
}
