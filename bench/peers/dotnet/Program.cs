// The protocol of bench/measure/lane.h, and which workloads there are.
//
// A twin is a class derived from Workload and a line in the table below; its name also
// goes into the table of bench/measure/peer.c.
//
// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Globalization;

namespace Magpie.Peer;

/// <summary>A workload with its data, on a pool of a number of workers.</summary>
abstract class Workload
{
    /// <summary>Before each run, not timed.</summary>
    public virtual void Reset() { }

    /// <summary>What is timed.</summary>
    public abstract void Run();

    /// <summary>The answer of the last run.</summary>
    public abstract ulong Answer { get; }

    /// <summary>Not 0: the time of the last run, instead of that of the caller.</summary>
    public virtual double Seconds => 0;
}

/// <summary>A workload that is one function, which begins as a task of the pool.</summary>
sealed class Function(Func<ulong> function) : Workload
{
    ulong answer;

    public override void Run() => Pool.Run(() => answer = function());

    public override ulong Answer => answer;
}

static class Pool
{
    /// <summary>Runs an action on the pool and waits for it.  Not by Task.Wait, in which the
    /// caller would take the action over, and be one worker more than was asked for.</summary>
    public static void Run(Action action)
    {
        using var done = new ManualResetEvent(false);

        ThreadPool.UnsafeQueueUserWorkItem(_ =>
        {
            action();
            done.Set();
        }, null);
        done.WaitOne();
    }
}

static class Program
{
    /// <summary>Makes a workload of a size, for a number of workers.</summary>
    delegate Workload Maker(ulong size, int workers);

    static readonly Dictionary<string, Maker> Makers = new()
    {
        ["fib"] = (size, _) => new Function(() => Tree.Fib((int)size)),
        ["nqueens"] = (size, _) => new Function(() => Tree.Queens((int)size)),
        ["skynet"] = (size, _) => new Function(() => Tree.Skynet(0, size)),
        ["regions"] = (size, _) => new Function(() => Tree.Regions(size)),
        ["uts"] = (size, _) => new Function(() => Uts.Search(size)),
        ["matmul"] = (size, _) => new Matmul((int)size),
        ["reduce"] = (size, _) => new Reduce((int)size),
        ["scan"] = (size, workers) => new Scan((int)size, workers),
        ["cilksort"] = (size, _) => new Sort((int)size),
        ["submit"] = (size, _) => new Submit(size, 1),
        ["submit-all"] = (size, _) => new Submit(size, 8),
        ["bursts"] = (size, _) => new Bursts(size),
        ["trickle"] = (size, _) => new Trickle(size),
        ["tick"] = (size, workers) => new Tick(size, workers, percent: 50),
        ["tick-p99"] = (size, workers) => new Tick(size, workers, percent: 99),
        ["sort-random"] = (size, _) => new ArraySort((int)size, nearly: false),
        ["sort-sorted"] = (size, _) => new ArraySort((int)size, nearly: true),
        ["pipeline"] = (size, workers) => new Pipeline(size, workers),
        ["each"] = (size, workers) => new Bodies(size, workers, later: false),
        ["each-later"] = (size, workers) => new Bodies(size, workers, later: true),
        ["when-each"] = (size, _) => new EachTask(size),
        ["sequence"] = (size, _) => new Function(() => Sequence.Read(size)),
        ["for-empty"] = ShortLoops.Empty,
        ["for-1us"] = (size, workers) => ShortLoops.Mixing(size, workers, 1000),
        ["for-10us"] = (size, workers) => ShortLoops.Mixing(size, workers, 10000),
        ["for-100us"] = (size, workers) => ShortLoops.Mixing(size, workers, 100000),
        ["for-1ms"] = (size, workers) => ShortLoops.Mixing(size, workers, 1000000),
        ["for-pareto"] = Uneven.ParetoLoops,
        ["for-triangle"] = Uneven.TriangleLoops,
        ["for-nested"] = Uneven.NestedLoops,
        ["post-chain"] = (size, _) => new PostChain(size),
        ["post-self"] = (size, _) => new PostBursts(size, 1, preferLocal: true),
        ["post-any"] = (size, _) => new PostBursts(size, 1, preferLocal: false),
        ["post-all"] = (size, workers) => new PostBursts(size, workers, preferLocal: true),
        ["post-foreign"] = (size, _) => new PostThreads(size, 1),
        ["post-foreigns"] = (size, workers) => new PostThreads(size, workers),
        ["post-across"] = (size, _) => new PostBursts(size, 1, preferLocal: false),
        ["post-wake"] = (size, _) => new PostWake(size, byCompletion: false),
        ["vtask-sync"] = (size, _) => new Loop(size, Reader.Sync),
        ["vtask-inline"] = (size, _) => new Loop(size, Reader.Inline),
        ["vtask-queued"] = (size, _) => new Chain(size, byWorker: true),
        ["vtask-across"] = (size, _) => new Across(size),
        ["vtask-async-now"] = (size, _) => new Loop(size, Reader.AsyncNow),
        ["vtask-async-1"] = (size, _) => new Loop(size, Reader.Async(1)),
        ["vtask-async-10"] = (size, _) => new Loop(size, Reader.Async(10)),
        ["vtask-pooled-1"] = (size, _) => new Loop(size, Reader.Async(1)),
        ["vtask-pooled-10"] = (size, _) => new Loop(size, Reader.Async(10)),
        ["vtask-pending"] = (size, _) => new Waiting(size),
        ["vtask-when-all"] = (size, _) => new Loop(size, Joining.Join),
        ["vtask-wake"] = (size, _) => new PostWake(size, byCompletion: true),
        ["semaphore"] = (size, _) => new Loop(size, Semaphores.Alone),
        ["semaphore-2"] = (size, _) => new Contention(size),
        ["mutex"] = (size, _) => new Loop(size, Semaphores.Alone),
        ["mutex-2"] = (size, _) => new Contention(size),
        ["vtask-handoff"] = (size, _) => new Chain(size, byWorker: false),
        ["channel-1-1"] = (size, _) => new Channels(size, 1, 1, 64),
        ["channel-4-1"] = (size, _) => new Channels(size, 4, 1, 64),
        ["channel-1-4"] = (size, _) => new Channels(size, 1, 4, 64),
        ["channel-4-4"] = (size, _) => new Channels(size, 4, 4, 64),
        ["channel-1-1-unbounded"] = (size, _) => new Channels(size, 1, 1, 0),
        ["channel-4-1-unbounded"] = (size, _) => new Channels(size, 4, 1, 0),
        ["channel-1-4-unbounded"] = (size, _) => new Channels(size, 1, 4, 0),
        ["channel-4-4-unbounded"] = (size, _) => new Channels(size, 4, 4, 0),
    };

    static Workload? Find(string[] arguments)
    {
        if (arguments.Length != 3 || !Makers.TryGetValue(arguments[0], out Maker? maker) ||
            !ulong.TryParse(arguments[1], out ulong size) ||
            !int.TryParse(arguments[2], out int workers))
            return null;
        ThreadPool.SetMinThreads(workers, 1);
        return maker(size, workers);
    }

    static void Main(string[] arguments)
    {
        Workload? workload = Find(arguments);

        if (workload == null)
        {
            Console.WriteLine("failed called as peer WORKLOAD SIZE WORKERS, with one that it has");
            return;
        }
        Console.WriteLine("ready");
        while (Console.ReadLine() == "run")
        {
            workload.Reset();

            long from = Stopwatch.GetTimestamp();
            workload.Run();
            double took = Stopwatch.GetElapsedTime(from).TotalSeconds;

            if (workload.Seconds > 0)
                took = workload.Seconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                                            $"done {took:e9} {workload.Answer}"));
        }
    }
}
