/*
 * magpie.hpp - Magpie for C++17: schedulers that end with their scope, fork-join with
 * lambdas, tasks with results of any type.  With C++20: co_await, and coroutines.
 *
 *     #include <magpie/magpie.hpp>
 *     #include <string>
 *
 *     static long fib(magpie::fork_stack w, int n)
 *     {
 *         long a = 0, b = 0;
 *
 *         if (n < 2)
 *             return n;
 *         magpie::invoke(
 *             w, [&](magpie::fork_stack v) { b = fib(v, n - 2); },
 *             [&](magpie::fork_stack v) { a = fib(v, n - 1); });
 *         return a + b;
 *     }
 *
 *     #ifdef __cpp_impl_coroutine
 *     static magpie::task<std::string> greet(mag_sched *sched, int n)
 *     {
 *         co_await magpie::resume_on(sched); // from here on: a worker
 *         co_return std::string("fib is ") + std::to_string(n);
 *     }
 *     #else
 *     static magpie::task<std::string> greet(mag_sched *, int n)
 *     {
 *         return "fib is " + std::to_string(n);
 *     }
 *     #endif
 *
 *     int main()
 *     {
 *         magpie::scheduler sched(2); // ends its threads at the end of main
 *         long n = sched.run([](magpie::fork_stack w) { return fib(w, 20); });
 *
 *         return greet(sched, static_cast<int>(n)).get() == "fib is 6765" ? 0 : 1;
 *     }
 *
 * The model.  There is no protocol here but that of the C headers: every class holds one
 * of their objects, and gives it to C code.  So both can be mixed freely.
 *
 *   magpie::scheduler   a scheduler (sched.h)
 *   magpie::invoke      two lambdas that may run at the same time (fork.h)
 *   magpie::for_each    a loop whose iterations run in parallel (loop.h); for_each_2d the
 *                       same for rows and columns (loop_2d.h)
 *   magpie::invoke_all  several lambdas, in parallel (invoke.h)
 *   magpie::reduce      reductions and scans (reduce.h, scan.h): reduce, reduce_fixed,
 *                       scan, inclusive_scan, exclusive_scan
 *   magpie::sort        sorts of arrays (sort.h): sort, stable_sort
 *   magpie::filter      filters and searches of arrays (filter.h, find.h): filter,
 *                       partition, find
 *   magpie::run_team    a lambda that runs on several threads at the same time (team.h)
 *   magpie::group       lambdas that are limited, canceled and waited for together
 *                       (group.h)
 *   magpie::submit      a lambda that runs on a worker, with a task for its result
 *                       (submit.h)
 *   magpie::task<T>     a value task (vtask.h) that owns its one right to be consumed
 *   magpie::channel<T>  a channel of any movable type (channel.h); magpie::select
 *   magpie::semaphore   and mutex, rwlock, event, latch: waits without a thread, with
 *                       guards that give back at the end of the scope
 *   magpie::lazy<T>     a value that is computed once for all who ask (lazy.h)
 *   magpie::pipeline<T> items that go through stages (pipeline.h)
 *   magpie::graph       lambdas that depend on each other (graph.h)
 *   magpie::for_each_async
 *                       a loop whose bodies await (each.h)
 *   magpie::when_each<T>
 *                       tasks one by one, as they complete (when.h)
 *   magpie::sequence<T> a coroutine that yields values (sequence.h); magpie::or_end
 *   magpie::ticker      something to do again and again (ticker.h)
 *   magpie::pipe        bytes from a writer to a reader (pipe.h)
 *   magpie::awaitable   what waits: co_await it, or get() it on a thread that may block
 *   co_await            on a magpie::task, an awaitable, a mag_vtask, a mag_task and
 *                       every task of MAG_VTASK_DEFINE; comes back to the context in
 *                       which it waited
 *   magpie::resume_on   moves a coroutine to a scheduler or an executor
 *   magpie::error       a negative code of the C functions, as an exception
 *
 * Exceptions.  What a lambda or a coroutine throws arrives at whoever waits for it: it
 * leaves invoke, for_each, reduce, run_team, group::wait, scheduler::run, task::get,
 * co_await and their like.  If two lambdas throw, see there which one counts.  A task
 * that is dropped drops its exception too.  C code that awaits a C++ task gets a code:
 * that of a magpie::error, -ENOMEM for std::bad_alloc, else -EIO.
 *
 * Coroutines.  A function that returns magpie::task<T> and uses co_await or co_return
 * begins at once, on its caller's thread, as an async function of async.h does.  Its
 * frame comes from the library's pools: nothing is allocated after warm-up.  If there is
 * no memory the task fails with -ENOMEM.  A frame is at most a MiB.
 *
 * Fork and co_await do not mix: a coroutine may continue on another worker, where its
 * fork_stack is another's.  Inside a coroutine call scheduler::run.
 *
 * With -fno-exceptions nothing of this header can be used; the C headers can.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_MAGPIE_HPP
#define MAGPIE_MAGPIE_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#    error "magpie.hpp needs C++17"
#endif

#include <magpie/cpp/awaitable.hpp>
#include <magpie/cpp/channel.hpp>
#include <magpie/cpp/coroutine.hpp>
#include <magpie/cpp/each.hpp>
#include <magpie/cpp/error.hpp>
#include <magpie/cpp/filter.hpp>
#include <magpie/cpp/graph.hpp>
#include <magpie/cpp/group.hpp>
#include <magpie/cpp/lazy.hpp>
#include <magpie/cpp/loop.hpp>
#include <magpie/cpp/pipeline.hpp>
#include <magpie/cpp/reduce.hpp>
#include <magpie/cpp/scheduler.hpp>
#include <magpie/cpp/sequence.hpp>
#include <magpie/cpp/sort.hpp>
#include <magpie/cpp/stream.hpp>
#include <magpie/cpp/submit.hpp>
#include <magpie/cpp/sync.hpp>
#include <magpie/cpp/task.hpp>
#include <magpie/magpie.h>

#endif
