// SPDX-License-Identifier: Apache-2.0
// The operations on value tasks.
using System;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace Magpie.Oracle;

sealed partial class Player
{
    string DoValue(string word, int[] n)
    {
        Value v = world.Values[n[0]];

        switch (word)
        {
            case "result":
                return Keep(n[0], n[1] != 0 ? new Value { Typed = true, Of = new(n[2]) }
                                            : new Value());
            case "error": return Keep(n[0], Failed(n[1] != 0, new OpError(n[2], n[3]), null));
            case "canceled": return Keep(n[0], Failed(n[1] != 0, null, n[2]));
            case "promise": return OfPromise(n[0], world.Promises[n[1]]);
            case "source":
                if (world.Cores[n[1]] is not Core core)
                    return "none";
                return Keep(n[0], Of(core, world.CoreTyped[n[1]],
                                     (short)(core.Version + n[2])));
            case "vmock":
                if (world.Mocks[n[1]] is not Mock mock)
                    return "none";
                return Keep(n[0], Of(mock, world.MockTyped[n[1]], (short)n[2]));
            case "bad": return Bad(n[1]);
        }
        if (v == null)
            return "none";
        switch (word)
        {
            case "copy": return Keep(n[1], v.Copy());
            case "conf":
                Value copy = v.Copy();
                copy.ComeBack = n[2] != 0;
                return Keep(n[1], copy);
            case "preserve": return Preserve(v, n[1]);
            case "aspromise": return AsPromise(v, n[1]);
            case "release": return "ok"; // there are no references to give back
            case "ask": return Ask(v);
            case "read": return ReadValue(v);
            case "await": return Await(v, n);
            default: return world.Values[n[1]] is Value w ? Equal(v, w) : "none";
        }
    }

    string Keep(int variable, Value value)
    {
        world.Values[variable] = value;
        return "ok";
    }

    static Value Of(IBacking source, bool typed, short token) => typed
        ? new Value { Typed = true, Of = new(source, token), Backing = source }
        : new Value { Plain = new(source, token), Backing = source };

    static Value OfTask(Task task, bool typed, int identity, string loose) => new()
    {
        Typed = typed, Of = typed ? new((Task<int>)task) : default,
        Plain = typed ? default : new(task), Task = task, Backing = task,
        Identity = identity, Loose = loose,
    };

    string OfPromise(int variable, Promise p)
    {
        if (p == null)
            return "none";
        Value value = OfTask(p.Task, p.Typed, p.Identity, p.Loose);
        value.Origin = p;
        return Keep(variable, value);
    }

    /// Errors need no memory in Magpie, so two of the same code are the same (VT-10).
    Value Failed(bool typed, Exception error, int? cancel)
    {
        Task task = (typed, cancel) switch
        {
            (true, null) => ValueTask.FromException<int>(error).AsTask(),
            (true, int id) => ValueTask.FromCanceled<int>(cancels[id].Token).AsTask(),
            (false, null) => ValueTask.FromException(error).AsTask(),
            (false, int id) => ValueTask.FromCanceled(cancels[id].Token).AsTask(),
        };
        Value value = OfTask(task, typed, ++world.Identities, "VT-10");
        return value;
    }

    static string Bad(int which)
    {
        switch (which)
        {
            case 0: _ = new ValueTask((Task)null); break;
            case 1: _ = new ValueTask((IValueTaskSource)null, 3); break;
            default: _ = ValueTask.FromException(null); break;
        }
        return "ok";
    }

    static string Ask(Value v)
    {
        bool completed = v.Typed ? v.Of.IsCompleted : v.Plain.IsCompleted;
        bool succeeded = v.Typed ? v.Of.IsCompletedSuccessfully : v.Plain.IsCompletedSuccessfully;
        bool faulted = v.Typed ? v.Of.IsFaulted : v.Plain.IsFaulted;
        bool canceled = v.Typed ? v.Of.IsCanceled : v.Plain.IsCanceled;

        return $"{(completed ? 1 : 0)}{(succeeded ? 1 : 0)}{(faulted ? 1 : 0)}" +
               $"{(canceled ? 1 : 0)}";
    }

    static string ReadValue(Value v)
    {
        if (v.Task is { IsCompleted: false })
        {
            Difference.Made("VT-21"); // the reference waits for a promise, Magpie never
            return "E_PENDING";
        }
        return Read(() =>
        {
            if (v.Typed)
                return v.Of.GetAwaiter().GetResult();
            v.Plain.GetAwaiter().GetResult();
            return 0;
        });
    }

    string Await(Value v, int[] n)
    {
        bool pending = v.Task is { IsCompleted: false }, asked = (n[1] & 1) != 0;
        bool comeBack = asked && v.ComeBack != false;

        return Register(n[2], n[3], pending ? v.Task : null, comeBack, (continuation, there) =>
        {
            void Run() => continuation(null);

            if (pending && comeBack && SynchronizationContext.Current is Context context)
                SynchronizationContext.SetSynchronizationContext(new Twin(context,
                    v.Task.CreationOptions.HasFlag(
                        TaskCreationOptions.RunContinuationsAsynchronously)));
            if (v.Backing == null && asked && !comeBack)
            {
                // VT-28: Magpie's has no bit that could say so.
                if (there)
                    Difference.Made("VT-28");
                comeBack = true;
            }
            // One that was never configured has an awaiter of its own.
            if (v.ComeBack == null && comeBack)
                OnCompleted(v, (n[1] & 2) != 0, Run);
            else
                OnCompleted(v, comeBack, (n[1] & 2) != 0, Run);
        });
    }

    static void OnCompleted(Value v, bool flow, Action run)
    {
        if (v.Typed && flow)
            v.Of.GetAwaiter().OnCompleted(run);
        else if (v.Typed)
            v.Of.GetAwaiter().UnsafeOnCompleted(run);
        else if (flow)
            v.Plain.GetAwaiter().OnCompleted(run);
        else
            v.Plain.GetAwaiter().UnsafeOnCompleted(run);
    }

    static void OnCompleted(Value v, bool comeBack, bool flow, Action run)
    {
        if (v.Typed && flow)
            v.Of.ConfigureAwait(comeBack).GetAwaiter().OnCompleted(run);
        else if (v.Typed)
            v.Of.ConfigureAwait(comeBack).GetAwaiter().UnsafeOnCompleted(run);
        else if (flow)
            v.Plain.ConfigureAwait(comeBack).GetAwaiter().OnCompleted(run);
        else
            v.Plain.ConfigureAwait(comeBack).GetAwaiter().UnsafeOnCompleted(run);
    }

    /// Whether which promise a conversion yields is left open (VT-42), or, of an error, is
    /// another one each time (VT-10).
    static string LooseOf(Value v, Task made) =>
        v.Task == null && (made.IsCanceled || (made.IsCompletedSuccessfully && v.Typed))
            ? "VT-42" : null;

    string AsPromise(Value v, int variable)
    {
        Task task = v.Typed ? v.Of.AsTask() : v.Plain.AsTask();

        world.Promises[variable] = new Promise
        {
            Typed = v.Typed, Task = task, Of = v.Origin?.Of, Plain = v.Origin?.Plain,
            Loose = v.Loose ?? LooseOf(v, task),
            Identity = v.Task != null && v.Loose == null ? v.Identity : ++world.Identities,
        };
        return "ok";
    }

    string Preserve(Value v, int variable)
    {
        Value made = v.Copy();

        if (v.Typed)
            made.Of = v.Of.Preserve();
        else
            made.Plain = v.Plain.Preserve();
        if (v.Backing == null || v.Task != null)
        {
            made.ComeBack = v.Backing != null ? null : v.ComeBack; // VT-58
            return Keep(variable, made);
        }
        Task task = v.Typed ? made.Of.AsTask() : made.Plain.AsTask();
        return Keep(variable, OfTask(task, v.Typed, ++world.Identities, LooseOf(v, task)));
    }

    /// Also whether the hashes agree, where that is laid down: of the same backing, and of
    /// results (VT-39).
    string Equal(Value v, Value w)
    {
        if (v.Typed != w.Typed)
            return "none";
        if (v.Identity != w.Identity && v.Identity != 0 && w.Identity != 0 &&
            (v.Loose ?? w.Loose) is string loose)
        {
            Difference.Made(loose);
            return "open";
        }
        bool equal = v.Typed ? v.Of == w.Of : v.Plain == w.Plain;
        bool hash = v.Typed ? v.Of.GetHashCode() == w.Of.GetHashCode()
                            : v.Plain.GetHashCode() == w.Plain.GetHashCode();
        return (equal ? "equal" : "different") +
               (!ReferenceEquals(v.Backing, w.Backing) ? "" : hash ? " hash" : " other hash");
    }
}
