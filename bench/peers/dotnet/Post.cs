// Millions of tiny work items on the thread pool: to the worker's own queue (preferLocal),
// to the queue that all share, and from threads that are no workers.
//
// As in Magpie's own rows, a poster owns a ring of items and posts one again only when it
// has run as often as it was posted, so the count is also the proof that none was lost or
// run twice.
//
// SPDX-License-Identifier: Apache-2.0
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Magpie.Peer;

/// <summary>A tiny work item, which counts how often it ran.</summary>
sealed class Tiny : IThreadPoolWorkItem
{
    uint ran;    // written by whoever runs it, read by the poster
    uint posted; // the poster's

    public void Execute() => Volatile.Write(ref ran, ran + 1);

    public bool IsBack => Volatile.Read(ref ran) == posted;

    public void Post(bool preferLocal)
    {
        posted++;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal);
    }
}

/// <summary>A ring of items and how many are still to be posted.</summary>
sealed class Ring
{
    readonly Tiny[] items;
    readonly ulong wanted;
    ulong posted;

    public Ring(int size, ulong wanted)
    {
        this.wanted = wanted;
        items = new Tiny[size];
        for (int i = 0; i < size; i++)
            items[i] = new Tiny();
    }

    public int Size => items.Length;
    public ulong Posted => posted;
    public bool IsPosted => posted == wanted;
    public void Reset() => posted = 0;

    /// <summary>Posts the next item if it is back; false when it is not, or all are
    /// posted.</summary>
    public bool TryPost(bool preferLocal)
    {
        Tiny next = items[posted % (ulong)items.Length];

        if (posted == wanted || !next.IsBack)
            return false;
        posted++;
        next.Post(preferLocal);
        return true;
    }

    public bool IsDone => posted == wanted && Array.TrueForAll(items, item => item.IsBack);
}

/// <summary>A work item that posts itself again.</summary>
sealed class PostChain(ulong size) : Workload, IThreadPoolWorkItem
{
    readonly ManualResetEventSlim done = new();
    ulong posted;

    public void Execute()
    {
        if (++posted == size)
            done.Set();
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    public override void Reset()
    {
        posted = 0;
        done.Reset();
    }

    public override void Run()
    {
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        done.Wait();
    }

    public override ulong Answer => posted;
}

/// <summary>Work items that post bursts, to their own worker or to the pool.</summary>
sealed class PostBursts : Workload
{
    const int RingSize = 128; // a worker comes back to its ring soon

    sealed class Poster(ulong wanted, bool preferLocal, CountdownEvent done) : IThreadPoolWorkItem
    {
        public readonly Ring Ring = new(RingSize, wanted);

        /// <summary>Posts what has come back, and comes again itself behind it: in the shared
        /// queue, because a worker's own queue would give the poster back first.</summary>
        public void Execute()
        {
            for (int i = 0; i < RingSize && Ring.TryPost(preferLocal); i++)
            {
            }
            if (Ring.IsDone)
                done.Signal();
            else
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    readonly CountdownEvent done;
    readonly Poster[] posters;

    public PostBursts(ulong size, int count, bool preferLocal)
    {
        done = new CountdownEvent(count);
        posters = new Poster[count];
        for (int i = 0; i < count; i++)
            posters[i] = new Poster(Share.Of(size, count, i), preferLocal, done);
    }

    public override void Reset()
    {
        done.Reset();
        foreach (Poster poster in posters)
            poster.Ring.Reset();
    }

    public override void Run()
    {
        foreach (Poster poster in posters)
            ThreadPool.UnsafeQueueUserWorkItem(poster, preferLocal: false);
        done.Wait();
    }

    public override ulong Answer
    {
        get
        {
            ulong sum = 0;

            foreach (Poster poster in posters)
                sum += poster.Ring.Posted;
            return sum;
        }
    }
}

static class Share
{
    /// <summary>The part of one of several posters.</summary>
    public static ulong Of(ulong size, int count, int index) =>
        size / (ulong)count + ((ulong)index < size % (ulong)count ? 1u : 0u);
}

/// <summary>Threads that are no workers post; the first of them is the caller.</summary>
sealed class PostThreads : Workload
{
    const int RingSize = 16384; // such a thread runs ahead, also while workers wake up

    readonly Ring[] rings;

    public PostThreads(ulong size, int count)
    {
        rings = new Ring[count];
        for (int i = 0; i < count; i++)
            rings[i] = new Ring(RingSize, Share.Of(size, count, i));
    }

    static void PostAll(Ring ring)
    {
        while (!ring.IsPosted)
        {
            if (!ring.TryPost(preferLocal: false))
                Thread.Yield();
        }
        while (!ring.IsDone)
            Thread.Yield();
    }

    public override void Reset() => Array.ForEach(rings, ring => ring.Reset());

    public override void Run()
    {
        var threads = new Thread[rings.Length];

        for (int i = 1; i < rings.Length; i++)
        {
            Ring ring = rings[i];

            threads[i] = new Thread(() => PostAll(ring));
            threads[i].Start();
        }
        PostAll(rings[0]);
        for (int i = 1; i < rings.Length; i++)
            threads[i].Join();
    }

    public override ulong Answer
    {
        get
        {
            ulong sum = 0;

            foreach (Ring ring in rings)
                sum += ring.Posted;
            return sum;
        }
    }
}

/// <summary>From a post to the first line of the work item, on a pool that sleeps.  Whoever
/// posts sits on the last processor that the process may use, the pool's threads on the
/// first, as in Magpie's row.  The result is the median.</summary>
sealed class PostWake(ulong size, bool byCompletion) : Workload, IThreadPoolWorkItem
{
    [ThreadStatic]
    static bool isPlaced;

    readonly double[] latencies = new double[size];
    readonly ulong[] allowed = Placement.Allowed();
    ulong answer;
    long wokenAt; // 0: not yet
    ValueTask<ulong> task;

    public void Execute()
    {
        Volatile.Write(ref wokenAt, Stopwatch.GetTimestamp());
        if (!isPlaced)
            Placement.SitOn(allowed, last: false);
        isPlaced = true;
    }

    void GoOn()
    {
        ValueTask<ulong> awaited = task; // the next one may be begun from here on

        Execute();
        _ = awaited.GetAwaiter().GetResult();
    }

    /// <summary>Begins an operation whose continuation goes to the pool.</summary>
    void Await()
    {
        task = Source.Begin(queued: true);
        task.GetAwaiter().UnsafeOnCompleted(GoOn);
    }

    double Measure()
    {
        wokenAt = 0;
        if (byCompletion)
            Await();

        Source? source = Source.Pending;
        Thread.Sleep(1);

        long from = Stopwatch.GetTimestamp();
        if (byCompletion)
            source!.SetResult(1);
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        while (Volatile.Read(ref wokenAt) == 0)
            Thread.Sleep(1);
        return Stopwatch.GetElapsedTime(from, wokenAt).TotalSeconds;
    }

    public override void Run()
    {
        Placement.SitOn(allowed, last: true);
        for (answer = 0; answer < size; answer++)
            latencies[answer] = Measure();
        Array.Sort(latencies);
    }

    public override double Seconds => latencies[size / 2] * size;

    public override ulong Answer => answer;
}

/// <summary>Which processor the calling thread sits on.  .NET has no call for one thread, so
/// this is libc's; where it is refused, the thread floats.</summary>
static partial class Placement
{
    const int Words = 16; // of 64 processors each

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint size, [Out] ulong[] mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, [In] ulong[] mask);

    /// <summary>The processors that this process may use, as a bit mask.</summary>
    public static ulong[] Allowed()
    {
        var mask = new ulong[Words];

        return GetAffinity(0, Words * sizeof(ulong), mask) == 0 ? mask : new ulong[Words];
    }

    public static void SitOn(ulong[] allowed, bool last)
    {
        int word = last ? Array.FindLastIndex(allowed, bits => bits != 0)
                        : Array.FindIndex(allowed, bits => bits != 0);
        var one = new ulong[Words];

        if (word < 0)
            return;
        one[word] = 1ul << (last ? BitOperations.Log2(allowed[word])
                                 : BitOperations.TrailingZeroCount(allowed[word]));
        SetAffinity(0, Words * sizeof(ulong), one);
    }
}
