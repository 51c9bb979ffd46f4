/*
 * thread.h - threads of the library's own.  Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_THREAD_H
#define BASE_OS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Creates a thread that runs `run(arg)`, with a C stack of `stack_size` bytes, or of the
 * usual size for 0.  The thread starts with those signals blocked that
 * mag_os_block_signals blocks; the caller's own mask does not change.
 *
 *   Returns    0; -EINVAL the system allows no stack of that size; -EAGAIN the system
 *              refused to create a thread; -ENOMEM
 */
int mag_os_create(pthread_t *ret_thread, size_t stack_size, void *(*run)(void *arg),
                  void *arg);

/* The usual size of a C stack.  0; -ENOMEM. */
int mag_os_stack_size(size_t *ret_bytes);

/* Names the calling thread; the name has at most 15 bytes. */
void mag_os_name(const char *name);

/* Joins a thread that is about to end, waiting at most until that time.  If it is the
 * calling thread, detaches it instead.  False: the time is over, and the thread must
 * still be joined. */
bool mag_os_join(pthread_t thread, int64_t until_ns);

/* Joins a thread if it has ended; else detaches it. */
void mag_os_join_or_detach(pthread_t thread);

/* The calling thread's number in the kernel. */
int32_t mag_os_thread(void);

/* The number of the process. */
int32_t mag_os_process(void);

/* The timer slack of the calling thread: how many nanoseconds the kernel may delay its
 * timeouts in order to wake several threads at once.  Negative: unknown. */
int mag_os_slack(void);
void mag_os_set_slack(int slack_ns);

#endif
