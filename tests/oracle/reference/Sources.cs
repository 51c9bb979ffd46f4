// SPDX-License-Identifier: Apache-2.0
// The sources of a script.  Where Magpie differs on purpose, the difference is made here,
// with its number; differences.md lists all of them.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace Magpie.Oracle;

/// A misuse that the reference tells by the one InvalidOperationException (VT-203).
sealed class Misuse : InvalidOperationException
{
    public readonly string Code;
    public Misuse(string code) => Code = code;
}

/// An operation's error: a code and a detail.
sealed class OpError : Exception
{
    public readonly int Code, Detail;
    public OpError(int code, int detail) { Code = code; Detail = detail; }
}

/// Keeps what is posted to it until the script drains it.
sealed class Context : SynchronizationContext
{
    public readonly string Name;
    public readonly Queue<(SendOrPostCallback, object)> Waiting = new();
    readonly World world;

    public Context(World world, string name) { this.world = world; Name = name; }

    public override void Post(SendOrPostCallback callback, object state)
    {
        world.Print("post " + Name);
        Waiting.Enqueue((callback, state));
    }
}

/// Stands for a context while a pending promise is awaited.  A promise of .NET runs its
/// continuations inside the completing call if the completer is on their context already,
/// which it tells by the address; Magpie posts (VT-112).
sealed class Twin : SynchronizationContext
{
    readonly Context original;
    readonly bool queued; // the promise's continuations are

    public Twin(Context original, bool queued)
    {
        this.original = original;
        this.queued = queued;
    }

    public override void Post(SendOrPostCallback callback, object state)
    {
        if (Current == original && !queued)
            Difference.Made("VT-112");
        original.Post(callback, state);
    }
}

/// A scheduler of workers, as Magpie's; keeps what is posted to it until the script drains.
sealed class Sched : TaskScheduler
{
    public readonly string Name;
    public readonly Queue<Task> Waiting = new();
    public static bool Entering; // the next task that is to run inline enters a scheduler
    readonly World world;

    public Sched(World world, string name) { this.world = world; Name = name; }

    public void Run(Task task) => TryExecuteTask(task);

    protected override void QueueTask(Task task)
    {
        // VT-104: a core that is completed on the scheduler where it is awaited has its
        // continuation run inside the call, as promises have in .NET.
        if (world.Inline && Current == this)
        {
            Difference.Made("VT-104");
            TryExecuteTask(task);
            return;
        }
        world.Print("post " + Name);
        Waiting.Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool queued)
    {
        bool enters = Entering;

        Entering = false;
        return (enters || Current == this) && TryExecuteTask(task);
    }

    protected override IEnumerable<Task> GetScheduledTasks() => Waiting;
}

/// What a value of a script may be backed by.
interface IBacking : IValueTaskSource, IValueTaskSource<int> { }

/// A ManualResetValueTaskSourceCore, as it is.
sealed class Core : IBacking
{
    readonly World world;
    ManualResetValueTaskSourceCore<int> core;
    bool done, registered, late; // `late`: a registration came after completion
    Action again;                // completes as the first completion did

    public Core(World world, bool queued)
    {
        this.world = world;
        core.RunContinuationsAsynchronously = queued;
    }

    public short Version => core.Version;
    public void SetQueued(bool queued) => core.RunContinuationsAsynchronously = queued;

    public void Reset()
    {
        done = registered = late = false;
        again = null;
        core.Reset();
    }

    public void SetResult(int result) => Complete(() => core.SetResult(result));
    public void SetError(Exception error) => Complete(() => core.SetException(error));
    public void SetNoError() => core.SetException(null);

    void Complete(Action how)
    {
        // VT-80: the second completion would overwrite the outcome before it is refused, so
        // it repeats the first one.
        if (done)
        {
            Difference.Made("VT-80");
            Refused("DONE", again);
        }
        else
        {
            done = true;
            again = how;
            bool before = world.Inline;
            world.Inline = !core.RunContinuationsAsynchronously;
            how();
            world.Inline = before;
        }
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        // VT-75: the core was reset under a conversion that is queued.  The reference ends
        // the process; the promise fails.
        if (token != core.Version && world.OnPool)
        {
            Difference.Made("VT-75");
            return ValueTaskSourceStatus.Faulted;
        }
        return Checked(token, "TOKEN", () => core.GetStatus(token));
    }

    public int GetResult(short token)
    {
        try
        {
            return Checked(token, "PENDING", () => core.GetResult(token));
        }
        catch (Exception error) when (token != core.Version && error is not Misuse)
        {
            Difference.Made("VT-90"); // it tells the stored error to a stale token
            throw new Misuse("TOKEN");
        }
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public void OnCompleted(Action<object> continuation, object state, short token,
                            ValueTaskSourceOnCompletedFlags flags)
    {
        bool taken = token == core.Version && continuation != null;

        if (taken && registered && done && Probe.RanIsLate)
        {
            Difference.Made("VT-102"); // newer versions take it as late
            throw new Misuse("CONTINUATION");
        }
        if (taken && registered && flags != 0)
        {
            Difference.Made("VT-99"); // refused, it would replace what was captured
            flags = 0;
        }
        if (taken && done && late && !registered)
        {
            // VT-101: what an earlier late one captured is still there, and sends this one to
            // its context, or breaks a cast.  So this one comes to a core of its own.
            Difference.Made("VT-101");
            ManualResetValueTaskSourceCore<int> own = default;
            own.RunContinuationsAsynchronously = core.RunContinuationsAsynchronously;
            own.SetResult(0);
            own.OnCompleted(continuation, state, own.Version, flags);
            return;
        }
        Checked<object>(token, "CONTINUATION", () =>
        {
            core.OnCompleted(continuation, state, token, flags);
            return null;
        });
        if (done)
            late = true;
        else
            registered = true;
    }

    /// VT-203: which of the misuses it was.
    T Checked<T>(short token, string code, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (InvalidOperationException) when (token != core.Version)
        {
            throw new Misuse("TOKEN");
        }
        catch (InvalidOperationException e) when (e is not Misuse)
        {
            throw new Misuse(code);
        }
    }

    static void Refused(string code, Action call)
    {
        try
        {
            call();
        }
        catch (InvalidOperationException)
        {
            throw new Misuse(code);
        }
    }
}

/// A source that says what the script wants, and prints what it is asked.
sealed class Mock : IBacking
{
    readonly World world;
    readonly string name;
    public ValueTaskSourceStatus Status;
    public Func<int> Outcome = () => throw new Misuse("PENDING");
    Action<object> continuation;
    object state;

    public Mock(World world, string name) { this.world = world; this.name = name; }

    public void Fire(ValueTaskSourceStatus status, Func<int> outcome)
    {
        Action<object> run = continuation;

        Status = status;
        Outcome = outcome;
        continuation = null;
        run?.Invoke(state);
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        world.Print(name + " status " + token);
        return Status;
    }

    public int GetResult(short token)
    {
        world.Print(name + " get " + token);
        return Outcome();
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public void OnCompleted(Action<object> continuation, object state, short token,
                            ValueTaskSourceOnCompletedFlags flags)
    {
        world.Print(name + " register " + token + " " + (int)flags);
        if (Status != ValueTaskSourceStatus.Pending || this.continuation != null)
            throw new Misuse("CONTINUATION");
        this.continuation = continuation;
        this.state = state;
    }
}

/// What the installed version does where versions differ.
static class Probe
{
    /// Whether registering is taken as late after a continuation has run (VT-102).
    public static readonly bool RanIsLate = Ask();

    static bool Ask()
    {
        ManualResetValueTaskSourceCore<int> core = default;

        core.OnCompleted(_ => { }, null, 0, 0);
        core.SetResult(1);
        try
        {
            core.OnCompleted(_ => { }, null, 0, 0);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
