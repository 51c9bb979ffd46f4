/*
 * os.h - the calls into the kernel that sched/ makes: sleeping on a word, waking, clocks.
 * Private to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sleeps while `*word` is `expected`, at most `timeout_ns` (negative: for ever).  May
 * return early for any reason: the caller looks at the word again. */
void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);

/* Wakes up to `count` threads that sleep on `word`.  Harmless when the word's memory is
 * gone: the address is only a name. */
void mag_os_wake(_Atomic(uint32_t) *word, int count);

/* Monotonic time in nanoseconds. */
int64_t mag_os_now_ns(void);

/* That many nanoseconds from now, or as late as there is: INT64_MAX is never. */
int64_t mag_os_after_ns(int64_t delay_ns);

/* What is left until then, as mag_os_wait takes it: negative for never. */
int64_t mag_os_left_ns(int64_t until_ns);

/* Sleeps about that long.  No cancellation point. */
void mag_os_nap(int64_t nap_ns);

/* Joins a thread that is about to end, at most until then; the calling thread's own is
 * let go instead.  False: the time is over, and the thread is still to be joined. */
bool mag_os_join(pthread_t thread, int64_t until_ns);

/* What the calling thread must not be cancelled in: a wait on whose end others count, or
 * a row of calls into the system.  The second takes what the first returned. */
int mag_os_hold_cancel(void);
void mag_os_let_cancel(int before);

/* Asks the kernel not to delay the calling thread's timeouts for the sake of others. */
void mag_os_sleep_exactly(void);

/* Number of the CPU that the calling thread runs on, or UINT32_MAX. */
uint32_t mag_os_cpu(void);

/* Blocks, for a thread about to be created, the signals that are the business of the
 * program's own threads; not those that a thread causes itself, which a handler of the
 * program must get to see, nor a profiler's. */
void mag_os_block_signals(sigset_t *ret_before);

/* Whether a thread with that signal mask was created so, or by such a thread. */
bool mag_os_blocks_as_worker(const sigset_t *blocked);

/* The calling thread's number in the kernel. */
int32_t mag_os_thread(void);

/* Whether a thread may run on that CPU only; true also where the kernel does not tell. */
bool mag_os_is_bound(int32_t thread, uint32_t cpu);

/* Tells the processor that this is a spin loop. */
static inline void mag_os_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield" ::: "memory");
#else
    /* seq_cst: keeps the loop's loads in the loop. */
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

#endif
