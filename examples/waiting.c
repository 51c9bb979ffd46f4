/*
 * waiting.c - work that waits without holding a thread: downloads that begin when there
 * is a connection, at most three at a time; one line of the log after the other; and a
 * report when all are here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { PAGES = 12, AT_A_TIME = 3 };

static struct mag_semaphore connections = MAG_SEMAPHORE_INIT(AT_A_TIME);
static struct mag_event online = MAG_EVENT_INIT(false);
static struct mag_latch missing = MAG_LATCH_INIT(PAGES);
static struct mag_mutex log_lock = MAG_MUTEX_INIT;
static int open_now, open_most, lines; /* under log_lock */

/* ----------------------------------------------------------- one at a time: a mutex */

/* Writes a line of the log, which takes a while. */
MAG_ASYNC(mag_task, note, (int, page, int, opened), struct mag_delay_state written;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_mutex_lock(&log_lock, NULL));
    open_now += f->opened;
    open_most = open_now > open_most ? open_now : open_most;
    printf("page %d %s\n", f->page, f->opened > 0 ? "begins" : "is here");
    MAG_CONNECT_DONE(f, mag_delay, &f->written, NULL, 100000);
    lines++;
    if (mag_mutex_unlock(&log_lock) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

/* ----------------------------------------------------- so many at a time: a semaphore */

MAG_ASYNC(mag_task, download, (int, page), struct mag_delay_state arrival; int error;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_event_wait(&online, NULL));
    MAG_AWAIT_DONE(f, mag_semaphore_acquire(&connections, NULL));
    MAG_TRY_DONE(f, f->error, note(f->page, 1));
    if (f->error == 0)
        MAG_CONNECT_TRY_DONE(f, f->error, mag_delay, &f->arrival, NULL, 1000000);
    if (f->error == 0)
        MAG_TRY_DONE(f, f->error, note(f->page, -1));
    if (mag_semaphore_release(&connections, 1) != 0 || f->error != 0)
        MAG_FAIL(f, -EPROTO);
    if (mag_latch_count_down(&missing, 1) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

/* --------------------------------------------------- when all has happened: a latch */

MAG_ASYNC(mag_task, report, (void), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_latch_wait(&missing, NULL));
    printf("%d lines, %d at a time\n", lines, open_most);
    return mag_task_done();
    MAG_END(f);
}

int main(void)
{
    mag_task pages[PAGES], reported = report();
    int failed = 0;

    for (int i = 0; i < PAGES; i++)
        pages[i] = download(i);
    mag_event_set(&online);
    for (int i = 0; i < PAGES; i++)
        failed += mag_task_wait(pages[i]) != 0;
    failed += mag_task_wait(reported) != 0;
    return failed == 0 && lines == 2 * PAGES && open_most <= AT_A_TIME ? 0 : 1;
}
