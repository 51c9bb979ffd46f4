// Value tasks as .NET's manual recommends them where allocation matters: a pooled
// IValueTaskSource around ManualResetValueTaskSourceCore, and async methods with the pooling
// builder.
//
// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Magpie.Peer;

/// <summary>A source that returns to its thread when its result is read.</summary>
sealed class Source : IValueTaskSource<ulong>
{
    ManualResetValueTaskSourceCore<ulong> core; // mutable: not readonly

    [ThreadStatic] static Source? free;
    [ThreadStatic] static Stack<Source>? more;

    /// <summary>The source of the operation that was begun last.</summary>
    public static Source? Pending;

    public static Source Rent()
    {
        Source? source = free;

        if (source != null)
        {
            free = null;
            return source;
        }
        return more != null && more.TryPop(out source) ? source : new Source();
    }

    public static ValueTask<ulong> Begin(bool queued)
    {
        Source source = Rent();

        source.core.RunContinuationsAsynchronously = queued;
        Pending = source;
        return source.Task;
    }

    public ValueTask<ulong> Task => new(this, core.Version);

    public void SetResult(ulong result) => core.SetResult(result);

    public ulong GetResult(short token)
    {
        ulong result = core.GetResult(token);

        core.Reset();
        if (free == null)
            free = this;
        else
            (more ??= new Stack<Source>()).Push(this);
        return result;
    }

    public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token,
                            ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(continuation, state, token, flags);
}

static class Functions
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ValueTask<ulong> Call(ulong value) => new(value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ValueTask<ulong> BeginOperation() => Source.Begin(queued: false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ulong> Add(uint waits, bool waiting)
    {
        ulong total = 0;

        for (uint i = 0; i < waits; i++)
            total += await (waiting ? BeginOperation() : Call(1));
        return total;
    }
}

/// <summary>A loop on the calling thread, in short calls: a method that is called often is
/// compiled at full optimisation, one long call is not.</summary>
sealed class Loop : Workload
{
    const ulong Batch = 1000;
    const int WarmUps = 30; // with pauses in which the compiler has its turn

    readonly ulong size;
    readonly Func<ulong, ulong> run;
    ulong answer;

    public Loop(ulong size, Func<ulong, ulong> run)
    {
        this.size = size;
        this.run = run;
        for (int i = 0; i < WarmUps; i++)
        {
            Repeat(100 * Batch);
            Thread.Sleep(40);
        }
    }

    ulong Repeat(ulong count)
    {
        ulong sum = 0;

        for (ulong done = 0; done < count; done += Math.Min(Batch, count - done))
            sum += run(Math.Min(Batch, count - done));
        return sum;
    }

    public override void Run() => answer = Repeat(size);

    public override ulong Answer => answer;
}

/// <summary>Reads the task it waits for.</summary>
sealed class Reader
{
    readonly Action continuation;
    ValueTask<ulong> task;
    ulong sum;

    Reader() => continuation = () => sum += task.GetAwaiter().GetResult();

    void Await(ValueTask<ulong> awaited)
    {
        task = awaited;
        if (awaited.IsCompleted)
            throw new InvalidOperationException("it was to wait");
        awaited.GetAwaiter().UnsafeOnCompleted(continuation);
    }

    public static ulong Sync(ulong size)
    {
        ulong sum = 0;

        for (ulong i = 0; i < size; i++)
        {
            ValueTask<ulong> task = Functions.Call(1);

            if (!task.IsCompletedSuccessfully)
                throw new InvalidOperationException("it was to be complete");
            sum += task.Result;
        }
        return sum;
    }

    public static ulong AsyncNow(ulong size)
    {
        ulong sum = 0;

        for (ulong i = 0; i < size; i++)
            sum += Functions.Add(1, waiting: false).GetAwaiter().GetResult();
        return sum;
    }

    public static ulong Inline(ulong size)
    {
        var reader = new Reader();

        for (ulong i = 0; i < size; i++)
        {
            reader.Await(Functions.BeginOperation());
            Source.Pending!.SetResult(1);
        }
        return reader.sum;
    }

    public static Func<ulong, ulong> Async(uint waits) => size =>
    {
        var reader = new Reader();

        for (ulong i = 0; i < size; i++)
        {
            reader.Await(Functions.Add(waits, waiting: true));
            for (uint j = 0; j < waits; j++)
                Source.Pending!.SetResult(1);
        }
        return reader.sum / waits;
    };
}

/// <summary>Tasks that wait, joined a thousand at a time.</summary>
static class Joining
{
    static readonly Source[] sources = new Source[1000];

    public static ulong Join(ulong count)
    {
        var tasks = new Task<ulong>[count];
        ulong sum = 0;

        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = Functions.BeginOperation().AsTask();
            sources[i] = Source.Pending!;
        }

        Task<ulong[]> all = Task.WhenAll(tasks);

        for (int i = 0; i < tasks.Length; i++)
            sources[i].SetResult(1);
        foreach (ulong result in all.Result)
            sum += result;
        return sum;
    }
}

/// <summary>Many async methods that all wait at once.</summary>
sealed class Waiting(ulong size) : Workload
{
    readonly Source[] sources = new Source[size];
    readonly ValueTask<ulong>[] tasks = new ValueTask<ulong>[size];
    ulong answer;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    static async ValueTask<ulong> WaitForOne() => await Functions.BeginOperation();

    public override void Run()
    {
        answer = 0;
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = WaitForOne();
            sources[i] = Source.Pending!;
        }
        foreach (Source source in sources)
            source.SetResult(1);
        foreach (ValueTask<ulong> task in tasks)
            answer += task.GetAwaiter().GetResult();
    }

    public override ulong Answer => answer;
}

/// <summary>Continuations that go through the pool's queue, completed by the worker itself or
/// by the thread of the run.</summary>
sealed class Chain : Workload
{
    readonly ulong wanted;
    readonly bool byWorker;
    readonly Action goOn;
    readonly ManualResetEventSlim end = new();
    ValueTask<ulong> task;
    Source? pending;
    bool over;
    ulong done;

    public Chain(ulong size, bool byWorker)
    {
        wanted = size;
        this.byWorker = byWorker;
        goOn = GoOn;
    }

    void NextOperation()
    {
        task = Source.Begin(queued: true);

        Source source = Source.Pending!;
        task.GetAwaiter().UnsafeOnCompleted(goOn);
        if (byWorker)
            source.SetResult(1);
        else
            Volatile.Write(ref pending, source);
    }

    void GoOn()
    {
        done += task.GetAwaiter().GetResult();
        if (done != wanted)
        {
            NextOperation();
            return;
        }
        Volatile.Write(ref over, true);
        end.Set();
    }

    public override void Reset()
    {
        done = 0;
        over = false;
        end.Reset();
    }

    public override void Run()
    {
        ThreadPool.UnsafeQueueUserWorkItem(_ => NextOperation(), null);
        while (!byWorker && !Volatile.Read(ref over))
            Interlocked.Exchange(ref pending, null)?.SetResult(1);
        end.Wait();
    }

    public override ulong Answer => done;
}

/// <summary>Operations that one work item begins and awaits, another completes, and a third
/// reads; 64 are under way at a time.  The pool chooses the workers.</summary>
sealed class Across : Workload
{
    const int AtOnce = 64;

    sealed class Operation(Across all) : IThreadPoolWorkItem
    {
        Action? goOn;
        ValueTask<ulong> task;
        Source? source;

        /// <summary>Completes it.</summary>
        public void Execute() => source!.SetResult(1);

        public void Begin()
        {
            task = Source.Begin(queued: true);
            source = Source.Pending!;
            task.GetAwaiter().UnsafeOnCompleted(goOn ??= GoOn);
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        void GoOn() => all.GoOn(this, task.GetAwaiter().GetResult());
    }

    readonly ulong wanted;
    readonly Operation[] operations = new Operation[AtOnce];
    readonly ManualResetEventSlim end = new();
    ulong begun;
    ulong sum;

    public Across(ulong size)
    {
        wanted = size;
        for (int i = 0; i < AtOnce; i++)
            operations[i] = new Operation(this);
    }

    void GoOn(Operation operation, ulong value)
    {
        bool isMore = Interlocked.Increment(ref begun) <= wanted;

        if (Interlocked.Add(ref sum, value) == wanted)
            end.Set();
        if (isMore)
            operation.Begin();
    }

    void BeginFirst(int count)
    {
        for (int i = 0; i < count; i++)
            operations[i].Begin();
    }

    public override void Reset()
    {
        sum = 0;
        end.Reset();
    }

    public override void Run()
    {
        int first = (int)Math.Min((ulong)AtOnce, wanted);

        begun = (ulong)first;
        ThreadPool.UnsafeQueueUserWorkItem(_ => BeginFirst(first), null);
        end.Wait();
    }

    public override ulong Answer => sum;
}
