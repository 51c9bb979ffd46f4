// Loops of short iterations.  The work of an index is that of bench/kernels/loops.h; ranges
// in place of indices are what .NET's documentation recommends for short bodies.
//
// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Magpie.Peer;

static class ShortLoops
{
    const int EmptyIndices = 16;

    static ulong Mix(int from, int to)
    {
        ulong sum = 0;

        for (int i = from; i < to; i++)
        {
            ulong x = (ulong)i * 0x9e3779b97f4a7c15 + 1;
            x ^= x >> 32;
            sum += x * 0xd1342543de82ef95;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong One() => 1;

    static ulong Count(int from, int to)
    {
        ulong sum = 0;

        for (int i = from; i < to; i++)
            sum += One();
        return sum;
    }

    static Workload Loops(ulong loops, int workers, int indices, Func<int, int, ulong> range) =>
        new Function(() =>
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = workers };
            ulong sum = 0;

            for (ulong loop = 0; loop < loops; loop++)
                Parallel.ForEach(Partitioner.Create(0, indices), options, () => 0UL,
                                 (part, _, before) => before + range(part.Item1, part.Item2),
                                 part => Interlocked.Add(ref sum, part));
            return sum;
        });

    public static Workload Empty(ulong loops, int workers) =>
        Loops(loops, workers, EmptyIndices, Count);

    public static Workload Mixing(ulong loops, int workers, int indices) =>
        Loops(loops, workers, indices, Mix);
}
