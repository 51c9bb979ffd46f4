// SPDX-License-Identifier: Apache-2.0
// Channels of a script: System.Threading.Channels.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace Magpie.Oracle;

sealed partial class Player
{
    const int Channels = 2, Cancels = 4, TasksMax = 32;

    readonly Channel<int>[] channels = new Channel<int>[Channels];
    readonly CancellationTokenSource[] sources = { new(), new(), new(), new() };
    readonly List<Func<string>> waiting = new(); // null once it was told

    CancellationToken CancelAt(int index) =>
        index < 0 ? CancellationToken.None : sources[index % Cancels].Token;

    string Outcome(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (ChannelClosedException closed)
        {
            return closed.InnerException is OpError error ? $"error {error.Code}" : "end";
        }
        catch (OperationCanceledException error)
        {
            int which = Array.FindIndex(sources, s => s.Token == error.CancellationToken);
            return "canceled " + (which < 0 ? Cancels : which);
        }
    }

    /// The outcome, or the number of a task that waits.
    string TaskAnswer(Func<string> poll)
    {
        string outcome = poll();

        if (outcome != null)
            return outcome;
        waiting.Add(poll);
        return $"waits {waiting.Count - 1}";
    }

    string Send(ValueTask task) => TaskAnswer(() =>
    {
        if (!task.IsCompleted)
            return null;
        string outcome = Outcome(() =>
        {
            task.GetAwaiter().GetResult();
            return "sent";
        });
        // A sender is told only that the channel is closed, not how.
        return outcome == "end" || outcome.StartsWith("error") ? "closed" : outcome;
    });

    string Receive(ValueTask<int> task) => TaskAnswer(() =>
        task.IsCompleted ? Outcome(() => $"item {task.GetAwaiter().GetResult()}") : null);

    public void PollChannels()
    {
        for (int i = 0; i < waiting.Count; i++)
        {
            string outcome = waiting[i]?.Invoke();

            if (outcome == null)
                continue;
            waiting[i] = null;
            world.Print($"task {i} {outcome}");
        }
    }

    string DoChannel(string word, int[] n)
    {
        int index = n[0] % Channels;
        Channel<int> channel = channels[index];

        if (word == "chcancel" || word == "chfresh")
        {
            ref CancellationTokenSource source = ref sources[n[0] % Cancels];
            if (word == "chcancel")
                source.Cancel();
            else if (source.IsCancellationRequested)
                source = new CancellationTokenSource();
            return "ok";
        }
        if (word == "chnew")
        {
            if (channel != null)
                return "none";
            channels[index] = n[1] < 0 ? Channel.CreateUnbounded<int>()
                : Channel.CreateBounded<int>(n[1]);
            return "ok";
        }
        if (channel == null || waiting.Count == TasksMax)
            return "none";
        switch (word)
        {
            case "chsend": return Send(channel.Writer.WriteAsync(n[1], CancelAt(n[2])));
            case "chput": return channel.Writer.TryWrite(n[1]) ? "sent" : "no";
            case "chrecv": return Receive(channel.Reader.ReadAsync(CancelAt(n[1])));
            case "chtake": return channel.Reader.TryRead(out int item) ? $"item {item}" : "no";
            case "chclose": return channel.Writer.TryComplete(
                n[1] == 0 ? null : new OpError(n[1], 0)) ? "ok" : "no";
            default: return $"count {channel.Reader.Count}";
        }
    }
}
