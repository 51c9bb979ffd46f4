// Recursions without data: fib, nqueens, skynet, regions.  A task for each child but the
// last where it is a call, for each child where they are many.  The boards are those of
// bench/kernels/nqueens.h, the leaf of a region is that of bench/kernels/regions.c.
//
// SPDX-License-Identifier: Apache-2.0
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Magpie.Peer;

static class Tree
{
    public static ulong Fib(int n)
    {
        if (n < 2)
            return (ulong)n;

        Task<ulong> first = Task.Run(() => Fib(n - 1));
        ulong second = Fib(n - 2);

        return first.Result + second;
    }

    static ulong Queens(uint full, uint taken, uint rising, uint falling)
    {
        if (taken == full)
            return 1;

        uint free = full & ~(taken | rising | falling);
        var children = new Task<ulong>[BitOperations.PopCount(free)];
        ulong count = 0;

        for (int i = 0; i < children.Length; i++, free &= free - 1)
        {
            uint queen = free & (~free + 1);

            children[i] = Task.Run(() => Queens(full, taken | queen, (rising | queen) << 1,
                                                (falling | queen) >> 1));
        }
        // Those that were started last are still at hand.
        for (int i = children.Length; i-- > 0;)
            count += children[i].Result;
        return count;
    }

    public static ulong Queens(int size) => Queens((1u << size) - 1, 0, 0, 0);

    public static ulong Skynet(ulong first, ulong leaves)
    {
        const int Width = 10;

        if (leaves == 1)
            return first;

        var children = new Task<ulong>[Width];
        ulong part = leaves / Width;
        ulong sum = 0;

        for (int i = 0; i < Width; i++)
        {
            ulong from = first + (ulong)i * part;
            children[i] = Task.Run(() => Skynet(from, part));
        }
        for (int i = Width; i-- > 0;)
            sum += children[i].Result;
        return sum;
    }

    const int Leaves = 16;

    // Not inlined: a compiler that sees several leaves could do them at a time.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static ulong RegionLeaf(ulong region, int leaf)
    {
        const int Steps = 600;
        ulong x = region * Leaves + (ulong)leaf + 1;

        for (int i = 0; i < Steps; i++)
        {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        return x;
    }

    public static ulong Regions(ulong count)
    {
        var parts = new ulong[Leaves];
        ulong sum = 0;

        for (ulong i = 0; i < count; i++)
        {
            ulong region = i;

            Parallel.For(0, Leaves, leaf => parts[leaf] = RegionLeaf(region, leaf));
            foreach (ulong part in parts)
                sum ^= part;
        }
        return sum;
    }
}
