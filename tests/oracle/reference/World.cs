// SPDX-License-Identifier: Apache-2.0
// What a script works on: its variables, its trace, and the runs of its continuations.
using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Magpie.Oracle;

/// A value task of a script, with or without result.
sealed class Value
{
    public bool Typed;
    public bool? ComeBack; // as it was configured; null: it was not
    public ValueTask<int> Of;
    public ValueTask Plain;
    public Task Task;      // what backs it, if that is a promise
    public Promise Origin; // the one of the script that it came from
    public object Backing; // whatever backs it; null: nothing
    public int Identity;   // which promise it is; 0: none
    public string Loose;   // the difference by which it may be another of the same outcome

    public Value Copy() => (Value)MemberwiseClone();
}

/// A promise of a script; without a completer if it came from a conversion.
sealed class Promise
{
    public bool Typed;
    public string Loose;
    public int Identity;
    public Task Task;
    public TaskCompletionSource<int> Of;
    public TaskCompletionSource Plain;
}

sealed class World
{
    public const int Variables = 8, RunsMax = 64, StepsMax = 300;
    static readonly Thread main;
    static readonly Pool pool;

    // Before the first script, for what it queues must find the gate closed.
    static World()
    {
        main = Thread.CurrentThread;
        pool = new();
    }

    public readonly Core[] Cores = new Core[Variables];
    public readonly Mock[] Mocks = new Mock[Variables];
    public readonly Value[] Values = new Value[Variables];
    public readonly Promise[] Promises = new Promise[Variables];
    public readonly bool[] CoreTyped = new bool[Variables], MockTyped = new bool[Variables];
    public int Identities, Runs, Steps;

    readonly StringBuilder trace = new();
    readonly Context[] contexts;
    readonly Sched[] scheds;
    readonly List<(int, int)> ranOnPool = new();
    readonly SortedDictionary<int, int> ranOfPromise = new();
    readonly SynchronizationContext plainContext = new();
    string where = "inline";

    public Sched Here;  // the scheduler that the thread shall be on, or null
    public bool Inline; // a core is being completed that does not queue
    public readonly HashSet<Task> Awaited = new(); // pending promises, from a context

    public readonly string[][] Lists; // the operations of the script, then of each body
    public Action<string> Operate;

    public World(string[][] lists)
    {
        Lists = lists;
        contexts = new[] { new Context(this, "x0"), new Context(this, "x1") };
        scheds = new[] { new Sched(this, "s0"), new Sched(this, "s1") };
    }

    public bool OnPool => Thread.CurrentThread != main;
    public void Print(string line) => trace.Append('\t').Append(line);
    public string Trace => trace.ToString();

    /// 0, 1: a context; 2: the base class, which counts as none; 3: none; 4: as it is; 5, 6: a
    /// scheduler (VT-108).
    public void Enter(int which)
    {
        if (which == 4)
            return;
        Here = which >= 5 ? scheds[which - 5] : null;
        SynchronizationContext.SetSynchronizationContext(
            which < 2 ? contexts[which] : which == 2 ? plainContext : null);
    }

    /// Does something on the scheduler of `Here`.
    public void On(Action action)
    {
        if (TaskScheduler.Current as Sched == Here)
        {
            action();
            return;
        }
        Task task = new(action);
        Sched.Entering = Here != null;
        task.RunSynchronously(Here ?? TaskScheduler.Default);
        task.GetAwaiter().GetResult();
    }

    string Current => SynchronizationContext.Current is Context context ? context.Name
        : Here?.Name ?? "-";

    /// A continuation, for each way to register one.  `ofPromise`: where it runs is the
    /// promise's affair, so it is told at the end of the drain.
    public Action<object> Continuation(int body, bool ofPromise, out int id)
    {
        int mine = id = Runs++;

        return _ => Ran(mine, body, ofPromise);
    }

    void Ran(int id, int body, bool ofPromise)
    {
        string here = where;

        if (ofPromise)
            ranOfPromise.Add(id, body);
        else if (OnPool)
            ranOnPool.Add((id, body));
        else
        {
            where = "inline";
            Body(id, body, here);
        }
    }

    void Body(int id, int body, string here)
    {
        SynchronizationContext before = SynchronizationContext.Current;
        (Sched was, bool inline) = (Here, Inline);

        (Here, Inline) = (TaskScheduler.Current as Sched, false);
        Print($"run {id} {here} {Current}");
        Play(body + 1);
        (Here, Inline) = (was, inline);
        SynchronizationContext.SetSynchronizationContext(before);
    }

    public void Play(int list)
    {
        if (list <= 0 || list >= Lists.Length)
            return;
        foreach (string operation in Lists[list])
            if (Steps++ < StepsMax)
                Operate(operation);
    }

    /// Runs what is queued until nothing is: the pool, the contexts in order, and what waited
    /// for promises, by number.
    public void Drain()
    {
        SynchronizationContext before = SynchronizationContext.Current;
        Sched was = Here;

        Enter(3);
        do
        {
            while (!pool.IsEmpty || IsAnythingPosted)
                DrainQueues();
        } while (DrainPromises());
        Here = was;
        SynchronizationContext.SetSynchronizationContext(before);
    }

    bool IsAnythingPosted => contexts[0].Waiting.Count + contexts[1].Waiting.Count +
        scheds[0].Waiting.Count + scheds[1].Waiting.Count != 0;

    void DrainQueues()
    {
        if (!pool.IsEmpty)
            pool.Run();
        (int, int)[] ran = ranOnPool.ToArray();
        ranOnPool.Clear();
        foreach ((int id, int body) in ran)
            Body(id, body, "pool");
        foreach (Context context in contexts)
        {
            while (context.Waiting.TryDequeue(out (SendOrPostCallback, object) post))
            {
                SynchronizationContext.SetSynchronizationContext(context);
                where = "posted";
                post.Item1(post.Item2);
                where = "inline";
                SynchronizationContext.SetSynchronizationContext(null);
            }
        }
        foreach (Sched sched in scheds)
        {
            while (sched.Waiting.TryDequeue(out Task task))
            {
                where = "posted";
                sched.Run(task);
                where = "inline";
            }
        }
    }

    bool DrainPromises()
    {
        KeyValuePair<int, int>[] ran = new KeyValuePair<int, int>[ranOfPromise.Count];

        ranOfPromise.CopyTo(ran, 0);
        ranOfPromise.Clear();
        foreach (KeyValuePair<int, int> run in ran)
            Body(run.Key, run.Value, "promise");
        return ran.Length != 0;
    }
}
