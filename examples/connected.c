/*
 * connected.c - operations that lie in the frame of the function that awaits them: reads
 * of a disk, which a thread of its own answers one after the other; and a wait for a
 * permit, which the library offers in this form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <pthread.h>
#include <stdio.h>

MAG_VTASK_DEFINE(long_task, long)

enum { BLOCKS = 64, FILES = 8 };

/* ------------------------------------------------------------ a disk, the completer */

/* The state of a read.  It lies in the frame of who reads. */
struct block_read {
    struct mag_waiter *waiter;
    struct block_read *next;
    int block;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct block_read *first;
    bool over;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .asked = PTHREAD_COND_INITIALIZER};

/* Begins a read: answers at once, or hands the read to the disk. */
static long_task block_begin(struct mag_waiter *waiter, struct block_read *read,
                             int block)
{
    if (block == 0)
        return long_task_result(0); /* known */
    if (block < 0 || block >= BLOCKS)
        return long_task_of(mag_vtask_failed(-ENXIO, 0));
    read->waiter = waiter;
    read->block = block;
    (void)pthread_mutex_lock(&disk.lock);
    read->next = disk.first;
    disk.first = read;
    (void)pthread_cond_signal(&disk.asked);
    (void)pthread_mutex_unlock(&disk.lock);
    return long_task_of(MAG_STARTED);
}

static struct block_read *next_read(void)
{
    struct block_read *read;

    (void)pthread_mutex_lock(&disk.lock);
    while (disk.first == NULL && !disk.over)
        (void)pthread_cond_wait(&disk.asked, &disk.lock);
    read = disk.first;
    if (read != NULL)
        disk.first = read->next;
    (void)pthread_mutex_unlock(&disk.lock);
    return read;
}

/* The disk's thread.  Block n contains the number n * n. */
static void *turn(void *unused)
{
    struct block_read *read;

    while ((read = next_read()) != NULL) {
        uint64_t content = (uint64_t)read->block * (uint64_t)read->block;

        (void)mag_waiter_complete(read->waiter, content); /* the read may be gone now */
    }
    return unused;
}

/* ------------------------------------------------------------------- who reads */

/* Adds up the blocks of a file. */
MAG_ASYNC_CONNECTED(long_task, read_file, (int, first, int, count),
                    struct block_read read;
                    long content; long sum;)
{
    MAG_BEGIN(f);
    for (; f->count > 0; f->count--) {
        MAG_CONNECT(f, f->content, block, &f->read, f->first++);
        f->sum += f->content;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

/* Compares two files.  The frame of the function that reads them is in this one. */
MAG_ASYNC(long_task, compare, (int, a, int, b, int, count), struct read_file_frame file;
          long one; long other;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->one, read_file, &f->file, f->a, f->count);
    MAG_CONNECT(f, f->other, read_file, &f->file, f->b, f->count);
    return long_task_result(f->one - f->other);
    MAG_END(f);
}

/* The same, three at a time.  Waiting for a turn lies in the frame too. */
static struct mag_semaphore turns = MAG_SEMAPHORE_INIT(3);

MAG_ASYNC_CONNECTED(long_task, compare_in_turn, (int, a, int, b, int, count),
                    struct mag_wait_state turn;
                    struct compare_frame compare; long difference; int error;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_semaphore_acquire, &f->turn, &turns, NULL);
    MAG_CONNECT_TRY(f, f->error, f->difference, compare, &f->compare, f->a, f->b,
                    f->count);
    if (mag_semaphore_release(&turns, 1) != 0 || f->error != 0)
        MAG_FAIL(f, f->error != 0 ? f->error : -EPROTO);
    return long_task_result(f->difference);
    MAG_END(f);
}

int main(void)
{
    long_task tasks[FILES];
    pthread_t thread;
    long difference = 0, sum = 0;
    bool right = true;

    if (pthread_create(&thread, NULL, turn, NULL) != 0)
        return 1;
    /* Eight calls; each is an ordinary value task. */
    for (int i = 0; i < FILES; i++)
        tasks[i] = compare_in_turn(i + 4, i, 4);
    for (int i = 0; i < FILES; i++) {
        right = long_task_wait(tasks[i], &difference) == 0 && right;
        sum += difference;
    }
    right =
        long_task_wait(compare_in_turn(0, BLOCKS - 2, 4), &difference) == -ENXIO && right;

    (void)pthread_mutex_lock(&disk.lock);
    disk.over = true;
    (void)pthread_cond_signal(&disk.asked);
    (void)pthread_mutex_unlock(&disk.lock);
    (void)pthread_join(thread, NULL);
    printf("%d comparisons, difference %ld\n", FILES, sum);
    return right && sum == 1792 ? 0 : 1;
}
