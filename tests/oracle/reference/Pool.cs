// SPDX-License-Identifier: Apache-2.0
// The thread pool, made one worker that runs only when the script drains.
using System.Threading;

namespace Magpie.Oracle;

/// The one worker is kept busy by a job that waits at a gate.  While it is open the worker
/// runs all that was queued before, in order, and then waits again.
sealed class Pool
{
    readonly SemaphoreSlim gate = new(0), closed = new(0);

    public Pool()
    {
        if (!ThreadPool.SetMinThreads(1, 1) || !ThreadPool.SetMaxThreads(1, 1))
            throw new ThreadStateException("the pool does not take one worker");
        ThreadPool.UnsafeQueueUserWorkItem(_ => Wait(), null);
        closed.Wait();
    }

    public bool IsEmpty => ThreadPool.PendingWorkItemCount == 0;

    /// Runs what is queued, while the caller waits.
    public void Run()
    {
        ThreadPool.UnsafeQueueUserWorkItem(_ => Wait(), null);
        gate.Release();
        closed.Wait();
    }

    void Wait()
    {
        closed.Release();
        gate.Wait();
    }
}
