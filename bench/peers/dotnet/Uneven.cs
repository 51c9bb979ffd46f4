// Loops whose indices take different times.  The work of an index is that of
// bench/kernels/uneven.c.
//
// SPDX-License-Identifier: Apache-2.0
namespace Magpie.Peer;

static class Uneven
{
    const int Pareto = 20000, Triangle = 2000, Outer = 40, Inner = 1000;
    const ulong Least = 10, Most = 100000, Each = 50;

    static ulong Steps(ulong seed, ulong count)
    {
        ulong x = seed;

        for (ulong i = 0; i < count; i++)
        {
            x = x * 0x9e3779b97f4a7c15 + 1;
            x ^= x >> 32;
        }
        return x;
    }

    static ulong ParetoAt(ulong index)
    {
        ulong chance = (Steps(index, 2) >> 32) + 1;

        return Steps(index, Math.Min((Least << 32) / chance, Most));
    }

    /// <summary>The sum of a function over the numbers below a count.</summary>
    static ulong SumOver(int count, int workers, Func<ulong, ulong> index)
    {
        ulong sum = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers };

        Parallel.For(0, count, options, () => 0UL, (i, _, part) => part + index((ulong)i),
                     part => Interlocked.Add(ref sum, part));
        return sum;
    }

    static Workload Loops(ulong loops, Func<ulong> loop) => new Function(() =>
    {
        ulong sum = 0;

        for (ulong i = 0; i < loops; i++)
            sum += loop();
        return sum;
    });

    public static Workload ParetoLoops(ulong loops, int workers) =>
        Loops(loops, () => SumOver(Pareto, workers, ParetoAt));

    public static Workload TriangleLoops(ulong loops, int workers) =>
        Loops(loops, () => SumOver(Triangle, workers, i => Steps(i, i)));

    public static Workload NestedLoops(ulong loops, int workers) =>
        Loops(loops, () => SumOver(Outer, workers, outer =>
            SumOver(Inner, workers, inner => Steps(outer * Inner + inner, Each))));
}
