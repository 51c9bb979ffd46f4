/*
 * os.h - everything that the library asks of the system in order to sleep, wake, tell the
 * time and create threads.  Private to the library.
 *
 * The other rooms call only these functions, so that a test, a model or another system
 * can replace the kernel in one place.  They include this header; each subject has a file
 * of its own in base/os/.
 *
 *   futex.h     sleep on a word, wake the threads that sleep on it
 *   clock.h     monotonic time
 *   quick_clock.h  the same from the processor's counter, for decisions that may be a
 *               little wrong
 *   yield.h     pause, yield, nap
 *   thread.h    create, name, join and leave a thread; its number and timer slack
 *   stack.h     how much of its C stack a thread has left
 *   signals.h   the signal mask of a thread
 *   cancel.h    hold back pthread_cancel
 *   affinity.h  the CPUs that a thread may run on, and the CPU it runs on
 *   symbol.h    the name of a function
 *   file.h      write a file
 *   event.h     an event that a thread waits for under a lock
 *   asleep.h    whether another thread sleeps in the kernel
 *   usage.h     what a thread has had of the CPUs
 *
 * Besides these, base/space.h asks for address space and base/asym.h for membarrier.  All
 * rooms use locks, keys, pthread_once and pthread_atfork directly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include "base/os/affinity.h"
#include "base/os/asleep.h"
#include "base/os/cancel.h"
#include "base/os/clock.h"
#include "base/os/event.h"
#include "base/os/file.h"
#include "base/os/futex.h"
#include "base/os/quick_clock.h"
#include "base/os/signals.h"
#include "base/os/stack.h"
#include "base/os/symbol.h"
#include "base/os/thread.h"
#include "base/os/usage.h"
#include "base/os/yield.h"

#endif
