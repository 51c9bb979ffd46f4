// Numbers through System.Threading.Channels, from producers to consumers that are async
// methods on the pool: WriteAsync, and ReadAllAsync, as the manual shows.
//
// SPDX-License-Identifier: Apache-2.0
using System.Threading.Channels;

namespace Magpie.Peer;

/// <summary>A channel, with room for a number of items or, for 0, without a limit.</summary>
sealed class Channels(ulong size, int senders, int receivers, int room) : Workload
{
    ulong answer;

    static async Task Produce(ChannelWriter<ulong> writer, ulong begin, ulong end)
    {
        for (ulong item = begin; item < end; item++)
            await writer.WriteAsync(item);
    }

    static async Task<(ulong Sum, ulong Count)> Consume(ChannelReader<ulong> reader)
    {
        ulong sum = 0, count = 0;

        await foreach (ulong item in reader.ReadAllAsync())
        {
            sum += item;
            count++;
        }
        return (sum, count);
    }

    async Task<ulong> Play()
    {
        bool oneWriter = senders == 1, oneReader = receivers == 1;
        Channel<ulong> channel = room == 0
            ? Channel.CreateUnbounded<ulong>(new UnboundedChannelOptions
                { SingleWriter = oneWriter, SingleReader = oneReader })
            : Channel.CreateBounded<ulong>(new BoundedChannelOptions(room)
                { SingleWriter = oneWriter, SingleReader = oneReader });
        ulong each = size / (ulong)senders, sum = 0, count = 0;
        var consumers = new Task<(ulong Sum, ulong Count)>[receivers];
        var producers = new Task[senders];

        for (int i = 0; i < receivers; i++)
            consumers[i] = Task.Run(() => Consume(channel.Reader));
        for (int i = 0; i < senders; i++)
        {
            ulong begin = (ulong)i * each, end = i + 1 < senders ? begin + each : size;
            producers[i] = Task.Run(() => Produce(channel.Writer, begin, end));
        }
        await Task.WhenAll(producers);
        channel.Writer.Complete();
        foreach ((ulong Sum, ulong Count) tally in await Task.WhenAll(consumers))
        {
            sum += tally.Sum;
            count += tally.Count;
        }
        return sum == size * (size - 1) / 2 ? count : 0;
    }

    public override void Run() => answer = Play().GetAwaiter().GetResult();

    public override ulong Answer => answer;
}
