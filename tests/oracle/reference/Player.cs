// SPDX-License-Identifier: Apache-2.0
// Plays scripts, a line each, and prints a trace for each, a line too.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace Magpie.Oracle;

static class Program
{
    static void Main(string[] arguments)
    {
        using StreamReader input = new(Console.OpenStandardInput(), null, false, 1 << 16);
        using StreamWriter output = new(Console.OpenStandardOutput(), null, 1 << 16);

        while (input.ReadLine() is string line)
        {
            string[] lists = line.Split('|');
            World world = new(Array.ConvertAll(lists, list => list.Split(
                ';', StringSplitOptions.RemoveEmptyEntries)));
            Player player = new(world);
            world.Operate = player.Operate;
            foreach (string operation in world.Lists[0])
                player.Operate(operation);
            world.Drain();
            SynchronizationContext.SetSynchronizationContext(null);
            output.WriteLine(world.Trace);
        }
        if (arguments.Length > 0)
            Difference.Write(arguments[0]);
    }
}

/// Does one operation after the other.
sealed partial class Player
{
    readonly World world;
    static readonly CancellationTokenSource[] cancels = { new(), new(), new(), new() };

    static Player()
    {
        foreach (CancellationTokenSource cancel in cancels)
            cancel.Cancel();
    }

    public Player(World world) => this.world = world;

    public void Operate(string operation)
    {
        string[] words = operation.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] n = new int[6];
        string answer;

        for (int i = 1; i < words.Length; i++)
            n[i - 1] = int.Parse(words[i]);
        world.Print("> " + operation);
        try
        {
            answer = "ok";
            // What is entered must not be left with a scheduler's task.
            if (words[0] == "enter")
                world.Enter(n[0]);
            else if (words[0] == "drain")
                world.Drain();
            else
                world.On(() => answer = Do(words[0], n));
        }
        catch (Misuse misuse)
        {
            answer = "E_" + misuse.Code;
        }
        catch (ArgumentException)
        {
            answer = "E_ARG";
        }
        world.Print("= " + answer);
        PollChannels();
    }

    string Do(string word, int[] n)
    {
        switch (word)
        {
            case "new": case "async": case "set": case "fail": case "cancel": case "fail0":
            case "reset": case "status": case "get": case "reg": case "regnull":
                return DoCore(word, n);
            case "mock":
                world.Mocks[n[0]] = new Mock(world, "m" + n[0]);
                world.MockTyped[n[0]] = n[1] != 0;
                return "ok";
            case "fire": return Fire(n);
            case "chnew": case "chsend": case "chput": case "chrecv": case "chtake":
            case "chclose": case "chcount": case "chcancel": case "chfresh":
                return DoChannel(word, n);
            case "pnew": case "pset": case "pfail": case "pcancel": case "pfail0":
                return DoPromise(word, n);
            default: return DoValue(word, n);
        }
    }

    static Exception Canceled(int id) => new OperationCanceledException(cancels[id].Token);

    static string Read(Func<int> read)
    {
        try
        {
            return "value " + read();
        }
        catch (OpError error)
        {
            return $"error {error.Code} {error.Detail}";
        }
        catch (OperationCanceledException error)
        {
            return "canceled " + Math.Max(0, Array.FindIndex(
                cancels, cancel => cancel.Token == error.CancellationToken));
        }
    }

    // -------------------------------------------------------------------------- cores

    string DoCore(string word, int[] n)
    {
        Core core = world.Cores[n[0]];

        if (word == "new")
        {
            world.Cores[n[0]] = new Core(world, n[2] != 0);
            world.CoreTyped[n[0]] = n[3] != 0;
            return "ok";
        }
        if (core == null)
            return "none";
        short token = (short)(core.Version + n[1]);
        switch (word)
        {
            case "async": core.SetQueued(n[1] != 0); return "ok";
            case "set": core.SetResult(world.CoreTyped[n[0]] ? n[1] : 0); return "ok";
            case "fail": core.SetError(new OpError(n[1], n[2])); return "ok";
            case "cancel": core.SetError(Canceled(n[1])); return "ok";
            case "fail0": core.SetNoError(); return "ok";
            case "reset": core.Reset(); return "version " + core.Version;
            case "status": return core.GetStatus(token).ToString();
            case "get": return Read(() => core.GetResult(token));
            case "regnull": core.OnCompleted(null, null, token, 0); return "ok";
            default: return Register(n[3], n[4], null, false, (continuation, _) =>
                core.OnCompleted(continuation, null, token,
                                 (ValueTaskSourceOnCompletedFlags)n[2]));
        }
    }

    string Fire(int[] n)
    {
        Mock mock = world.Mocks[n[0]];

        if (mock == null || mock.Status != ValueTaskSourceStatus.Pending)
            return "none";
        int result = world.MockTyped[n[0]] ? n[3] : 0;
        mock.Fire((ValueTaskSourceStatus)n[1], n[2] switch
        {
            0 => () => result,
            1 => () => throw new OpError(-n[3], n[3]),
            _ => () => throw Canceled(n[3] & 3),
        });
        return "ok";
    }

    /// Registers a continuation as if from context `from`; never inside the call.  `pending`:
    /// on that promise, which is not complete; of its continuations the first that captures a
    /// context is told where it runs, the others at the end, as their order is left open.
    /// `register` is told whether there is a context.
    string Register(int from, int body, Task pending, bool comeBack,
                    Action<Action<object>, bool> register)
    {
        SynchronizationContext before = SynchronizationContext.Current;
        Sched was = world.Here;

        if (world.Runs >= World.RunsMax)
            return "full";
        world.Enter(from);
        try
        {
            bool there = SynchronizationContext.Current is Context || world.Here != null;
            bool open = pending != null && !(comeBack && there && world.Awaited.Add(pending));
            if (open)
                world.Enter(3);
            Action<object> continuation = world.Continuation(body, open, out int id);
            world.On(() => register(continuation, there));
            return "id " + id;
        }
        finally
        {
            world.Here = was;
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    // ----------------------------------------------------------------------- promises

    string DoPromise(string word, int[] n)
    {
        Promise promise = world.Promises[n[0]];

        if (word == "pnew")
        {
            TaskCreationOptions options = n[2] != 0
                ? TaskCreationOptions.RunContinuationsAsynchronously : 0;
            promise = new Promise { Typed = n[1] != 0, Identity = ++world.Identities };
            if (promise.Typed)
                promise.Task = (promise.Of = new TaskCompletionSource<int>(options)).Task;
            else
                promise.Task = (promise.Plain = new TaskCompletionSource(options)).Task;
            world.Promises[n[0]] = promise;
            return "ok";
        }
        if (promise == null)
            return "none";
        if (word == "pfail0")
            return "E_ARG"; // also of a promise that cannot be completed by hand
        return Complete(promise, word, n) ? "ok" : "E_DONE";
    }

    static bool Complete(Promise p, string word, int[] n)
    {
        switch (word)
        {
            case "pset":
                return p.Typed ? p.Of != null && p.Of.TrySetResult(n[1])
                               : p.Plain != null && p.Plain.TrySetResult();
            case "pfail":
                OpError error = new(n[1], n[2]);
                return p.Typed ? p.Of != null && p.Of.TrySetException(error)
                               : p.Plain != null && p.Plain.TrySetException(error);
            default:
                CancellationToken cancel = cancels[n[1]].Token;
                return p.Typed ? p.Of != null && p.Of.TrySetCanceled(cancel)
                               : p.Plain != null && p.Plain.TrySetCanceled(cancel);
        }
    }
}
