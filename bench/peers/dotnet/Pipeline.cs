// Items through three stages that do nothing: in order, parallel, in order.  As the manual of
// the Dataflow library has it: blocks with bounded capacities, linked with the propagation of
// completion.  A TransformBlock keeps the order by default.
//
// SPDX-License-Identifier: Apache-2.0
using System.Threading.Tasks.Dataflow;

namespace Magpie.Peer;

sealed class Pipeline(ulong size, int workers) : Workload
{
    const int Tokens = 16;

    ulong seen;

    async Task Pass()
    {
        var change = new TransformBlock<ulong, ulong>(number => number + 1,
            new ExecutionDataflowBlockOptions
            {
                BoundedCapacity = Tokens,
                MaxDegreeOfParallelism = workers,
                SingleProducerConstrained = true,
            });
        var count = new ActionBlock<ulong>(number =>
            {
                if (number == seen + 1)
                    seen++;
            },
            new ExecutionDataflowBlockOptions
            {
                BoundedCapacity = Tokens,
                SingleProducerConstrained = true,
            });

        change.LinkTo(count, new DataflowLinkOptions { PropagateCompletion = true });
        for (ulong number = 0; number < size; number++)
        {
            if (!change.Post(number))
                await change.SendAsync(number);
        }
        change.Complete();
        await count.Completion;
    }

    public override void Reset() => seen = 0;

    public override void Run() => Task.Run(Pass).GetAwaiter().GetResult();

    public override ulong Answer => seen;
}
