// Loads from threads that are no workers: functions queued to the thread pool, bursts, a
// trickle, and short parallel regions after pauses.  The work, the pauses and the limits are
// those of bench/kernels/: load.c, submit.c, tick.c.
//
// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Magpie.Peer;

static partial class Clock
{
    [StructLayout(LayoutKind.Sequential)]
    struct Time
    {
        public long Seconds, Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    static extern int Nanosleep(in Time wanted, nint left);

    /// <summary>Sleeps as the kernels do: Thread.Sleep knows milliseconds only.</summary>
    public static void Nap(long nanoseconds)
    {
        var wanted = new Time { Nanoseconds = nanoseconds };

        _ = Nanosleep(in wanted, 0);
    }

    public static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public static void SleepUntil(long until)
    {
        for (long left; (left = until - Now) > 0;)
            Nap(left);
    }
}

static class Leaf
{
    const int Steps = 600;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong Run(ulong seed)
    {
        ulong x = seed;

        for (int i = 0; i < Steps; i++)
        {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        return x;
    }
}

/// <summary>Empty functions, queued by one thread or by several.</summary>
sealed class Submit(ulong size, int submitters) : Workload
{
    const int Cells = 512, Line = 8, Ahead = 16384, Look = 256, NapNs = 50000;

    static readonly ulong[] cells = new ulong[(Cells + 1) * Line]; // a line for each thread
    static int cellsGiven;
    [ThreadStatic] static int myCell; // 0: none yet

    ulong submitted; // by all threads, a little behind
    ulong answer;

    static void CountCall(object? _)
    {
        if (myCell == 0)
            myCell = Interlocked.Increment(ref cellsGiven) % Cells * Line;
        ref ulong runs = ref cells[myCell];
        Volatile.Write(ref runs, runs + 1);
    }

    static ulong CallsRun()
    {
        ulong sum = 0;

        for (int i = 0; i < cells.Length; i += Line)
            sum += Volatile.Read(ref cells[i]);
        return sum;
    }

    static void WaitFor(ulong all, long rest)
    {
        while ((long)(all - CallsRun()) > rest)
        {
            if (rest != 0)
                Clock.Nap(NapNs);
            else
                Thread.Yield();
        }
    }

    void SubmitSome(ulong wanted)
    {
        for (ulong done = 0; done < wanted;)
        {
            ulong count = Math.Min(wanted - done, Look);

            for (ulong i = 0; i < count; i++)
                ThreadPool.UnsafeQueueUserWorkItem(CountCall, null);
            done += count;
            WaitFor(Interlocked.Add(ref submitted, count), Ahead);
        }
    }

    public override void Run()
    {
        ulong before = CallsRun();
        var threads = new Thread[submitters];

        submitted = before;
        for (int i = 1; i < submitters; i++)
        {
            ulong share = Share.Of(size, submitters, i);

            threads[i] = new Thread(() => SubmitSome(share));
            threads[i].Start();
        }
        SubmitSome(Share.Of(size, submitters, 0));
        for (int i = 1; i < submitters; i++)
            threads[i].Join();
        WaitFor(before + size, 0);
        answer = CallsRun() - before;
    }

    public override ulong Answer => answer;
}

/// <summary>A burst of 100 jobs of 10 us each millisecond: the 99th percentile.</summary>
sealed class Bursts(ulong size) : Workload
{
    const int Jobs = 100, LeavesOfAJob = 8, MillisecondNs = 1000000, LookNs = 20000;

    int left; // jobs that have not run
    ulong sum;
    double seconds;

    void Job(object? _)
    {
        ulong mine = 0;

        for (ulong i = 0; i < LeavesOfAJob; i++)
            mine ^= Leaf.Run(i * 17 + 1);
        Interlocked.Add(ref sum, mine);
        Interlocked.Decrement(ref left);
    }

    void Burst()
    {
        left = Jobs;
        for (int i = 0; i < Jobs; i++)
            ThreadPool.UnsafeQueueUserWorkItem(Job, null);
        while (Volatile.Read(ref left) != 0)
            Clock.Nap(LookNs);
    }

    public override void Run()
    {
        var took = new long[size];
        long next = Clock.Now;

        for (ulong i = 0; i < size; i++)
        {
            Clock.SleepUntil(next);
            long from = Clock.Now;
            Burst();
            took[i] = Clock.Now - from;
            next = from + MillisecondNs;
        }
        Array.Sort(took);
        seconds = took[size * 99 / 100] * 1e-9 * size;
    }

    public override ulong Answer => size;
    public override double Seconds => seconds;
}

/// <summary>An empty job each millisecond: the processor time of the process.</summary>
sealed class Trickle(ulong size) : Workload
{
    const int MillisecondNs = 1000000, LookNs = 20000;

    long left;
    double seconds;

    void Job(object? _) => Interlocked.Decrement(ref left);

    static double ProcessorSeconds()
    {
        using var me = Process.GetCurrentProcess();

        return me.TotalProcessorTime.TotalSeconds;
    }

    public override void Run()
    {
        double before = ProcessorSeconds();
        long next = Clock.Now;

        left = (long)size;
        for (ulong i = 0; i < size; i++)
        {
            Clock.SleepUntil(next);
            next += MillisecondNs;
            ThreadPool.UnsafeQueueUserWorkItem(Job, null);
        }
        while (Volatile.Read(ref left) != 0)
            Clock.Nap(LookNs);
        seconds = ProcessorSeconds() - before;
    }

    public override ulong Answer => size;
    public override double Seconds => seconds;
}

/// <summary>Short regions after pauses.</summary>
sealed class Tick(ulong size, int workers, int percent) : Workload
{
    const int Parts = 8, LeavesOfAPart = 10;
    static readonly long[] pauses = [100000, 300000, 1000000, 3000000, 10000000];

    readonly ParallelOptions options = new() { MaxDegreeOfParallelism = workers };
    readonly ulong[] parts = new ulong[Parts];
    ulong right;
    double seconds;

    static ulong Seed(ulong tick, ulong part, ulong leaf) =>
        (tick * Parts + part) * LeavesOfAPart + leaf + 1;

    void Part(ulong tick, int part)
    {
        ulong sum = 0;

        for (ulong i = 0; i < LeavesOfAPart; i++)
            sum ^= Leaf.Run(Seed(tick, (ulong)part, i));
        parts[part] = sum;
    }

    ulong Region(ulong tick)
    {
        ulong sum = 0;

        Parallel.For(0, Parts, options, part => Part(tick, part));
        foreach (ulong part in parts)
            sum ^= part;
        return sum;
    }

    static ulong RightSum(ulong tick)
    {
        ulong seeds = 0;

        for (ulong part = 0; part < Parts; part++)
        {
            for (ulong leaf = 0; leaf < LeavesOfAPart; leaf++)
                seeds ^= Seed(tick, part, leaf);
        }
        return Leaf.Run(seeds);
    }

    public override void Run()
    {
        var took = new long[size];

        right = 0;
        for (ulong tick = 0; tick < size; tick++)
        {
            Clock.Nap(pauses[tick % 5]);
            long from = Clock.Now;
            ulong sum = Region(tick);
            took[tick] = Clock.Now - from;
            right += sum == RightSum(tick) ? 1u : 0u;
        }
        Array.Sort(took);
        seconds = took[(int)size * percent / 100] * 1e-9 * size;
    }

    public override ulong Answer => right;
    public override double Seconds => seconds;
}
