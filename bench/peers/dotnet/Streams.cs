// What runs many tasks one after the other: Parallel.ForAsync, Task.WhenEach and async
// enumerables, as their manuals show.
//
// SPDX-License-Identifier: Apache-2.0
namespace Magpie.Peer;

/// <summary>Parallel.ForAsync, with bodies that are complete at once or wait once, until a
/// worker takes them out of a queue.</summary>
sealed class Bodies(ulong size, int workers, bool later) : Workload
{
    const int Threads = 1024, Line = 8;

    /// <summary>Bodies that each thread has run.</summary>
    readonly ulong[] ran = new ulong[Threads * Line];

    void CountBody() => ran[Environment.CurrentManagedThreadId % Threads * Line]++;

    ValueTask Body(int index, CancellationToken token)
    {
        CountBody();
        return ValueTask.CompletedTask;
    }

    async ValueTask BodyLater(int index, CancellationToken token)
    {
        await Task.Yield();
        CountBody();
    }

    public override void Reset() => Array.Clear(ran);

    public override void Run()
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers };

        Parallel.ForAsync(0, (int)size, options, later ? BodyLater : Body)
            .GetAwaiter().GetResult();
    }

    public override ulong Answer => ran.Aggregate(0UL, (sum, count) => sum + count);
}

/// <summary>Task.WhenEach over a thousand tasks at a time.</summary>
sealed class EachTask(ulong size) : Workload
{
    const ulong Tasks = 1000;

    ulong answer;

    static async Task<ulong> NumberLater(ulong number)
    {
        await Task.Yield();
        return number;
    }

    static async Task<ulong> ReadEach(ulong count)
    {
        var tasks = new Task<ulong>[count];
        ulong sum = 0;

        for (ulong i = 0; i < count; i++)
            tasks[i] = NumberLater(i + 1);
        await foreach (Task<ulong> task in Task.WhenEach(tasks))
            sum += await task;
        return sum;
    }

    public override void Run()
    {
        answer = 0;
        for (ulong left = size; left != 0;)
        {
            ulong count = Math.Min(left, Tasks);
            ulong sum = Task.Run(() => ReadEach(count)).GetAwaiter().GetResult();

            answer += sum == count * (count + 1) / 2 ? count : 0;
            left -= count;
        }
    }

    public override ulong Answer => answer;
}

static class Sequence
{
    static async IAsyncEnumerable<ulong> CountUp(ulong end)
    {
        for (ulong next = 0; next < end; next++)
            yield return next;
        await Task.CompletedTask;
    }

    static async Task<ulong> AddUp(ulong size)
    {
        ulong sum = 0;

        await foreach (ulong value in CountUp(size))
            sum += value;
        return sum == size * (size - 1) / 2 ? size : 0;
    }

    public static ulong Read(ulong size) => AddUp(size).Result;
}
