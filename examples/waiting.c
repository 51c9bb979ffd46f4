/*
 * waiting.c - work that waits its turn without holding a thread: at most three downloads
 * at a time, and one line of the log after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { PAGES = 12, AT_A_TIME = 3 };

static struct mag_semaphore connections = MAG_SEMAPHORE_INIT(AT_A_TIME);
static struct mag_mutex log_lock = MAG_MUTEX_INIT;
static int open_now, open_most, lines; /* under log_lock */

/* ----------------------------------------------------------- one at a time: a mutex */

/* Writes a line of the log, which takes a while. */
MAG_ASYNC(mag_task, note, (int, page, int, opened), mag_vtask written;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_mutex_lock(&log_lock, NULL));
    open_now += f->opened;
    open_most = open_now > open_most ? open_now : open_most;
    printf("page %d %s\n", f->page, f->opened > 0 ? "begins" : "is here");
    if (mag_delay(NULL, 100000, &f->written) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->written));
    lines++;
    if (mag_mutex_unlock(&log_lock) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

/* ----------------------------------------------------- so many at a time: a semaphore */

MAG_ASYNC(mag_task, download, (int, page), mag_vtask arrival; int error;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_semaphore_acquire(&connections, NULL));
    MAG_TRY_DONE(f, f->error, note(f->page, 1));
    if (f->error == 0 && mag_delay(NULL, 1000000, &f->arrival) == 0)
        MAG_TRY_DONE(f, f->error, mag_task_of(f->arrival));
    if (f->error == 0)
        MAG_TRY_DONE(f, f->error, note(f->page, -1));
    if (mag_semaphore_release(&connections, 1) != 0 || f->error != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

int main(void)
{
    mag_task pages[PAGES];
    int failed = 0;

    for (int i = 0; i < PAGES; i++)
        pages[i] = download(i);
    for (int i = 0; i < PAGES; i++)
        failed += mag_task_wait(pages[i]) != 0;
    printf("%d lines, %d at a time\n", lines, open_most);
    return failed == 0 && lines == 2 * PAGES && open_most <= AT_A_TIME ? 0 : 1;
}
