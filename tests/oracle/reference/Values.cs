// SPDX-License-Identifier: Apache-2.0
// The operations on value tasks.
using System;
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
                                            : new Value { ComeBack = false });
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
        bool pending = v.Task is { IsCompleted: false };
        bool comeBack = (n[1] & 1) != 0 && (v.ComeBack || v.Backing == null);
        bool flow = (n[1] & 2) != 0;

        return Register(n[2], n[3], pending, pending, continuation =>
        {
            void Run() => continuation(null);

            if (v.Typed && flow)
                v.Of.ConfigureAwait(comeBack).GetAwaiter().OnCompleted(Run);
            else if (v.Typed)
                v.Of.ConfigureAwait(comeBack).GetAwaiter().UnsafeOnCompleted(Run);
            else if (flow)
                v.Plain.ConfigureAwait(comeBack).GetAwaiter().OnCompleted(Run);
            else
                v.Plain.ConfigureAwait(comeBack).GetAwaiter().UnsafeOnCompleted(Run);
        });
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
            made.ComeBack = v.Backing != null || v.ComeBack; // VT-58
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
