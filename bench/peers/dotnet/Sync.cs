// SemaphoreSlim.WaitAsync, which is also .NET's lock for async methods: taken and released by
// one async method, and by two that contend.
//
// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;

namespace Magpie.Peer;

static class Semaphores
{
    public static readonly SemaphoreSlim One = new(1, 1);

    public static ulong Count; // of whoever has the semaphore

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ulong> Acquire(ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            await One.WaitAsync();
            Count++;
            One.Release();
        }
        return count;
    }

    /// <summary>Without a contender it never waits, and is complete when it returns.</summary>
    public static ulong Alone(ulong count) => Acquire(count).Result;
}

/// <summary>Two async methods that contend on the thread pool.</summary>
sealed class Contention : Workload
{
    const ulong Contenders = 2;
    const int WarmUps = 10; // with pauses in which the compiler has its turn

    readonly ulong size;

    public Contention(ulong size)
    {
        this.size = size;
        for (int i = 0; i < WarmUps; i++)
        {
            Contend(20000);
            Thread.Sleep(100);
        }
    }

    static void Contend(ulong count)
    {
        var all = new Task[Contenders];

        Semaphores.Count = 0;
        for (ulong i = 0; i < Contenders; i++)
        {
            ulong part = count / Contenders + (i < count % Contenders ? 1UL : 0UL);

            all[i] = Task.Run(() => Semaphores.Acquire(part).AsTask());
        }
        Task.WaitAll(all);
    }

    public override void Run() => Contend(size);

    public override ulong Answer => Semaphores.Count;
}
