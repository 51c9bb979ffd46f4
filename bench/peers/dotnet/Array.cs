// The sum of an array, and its running sums.  The numbers and the leaves are those of
// bench/kernels/array.c.  .NET has no scan: the sums of pieces are found first, and then the
// running sums of each piece.
//
// SPDX-License-Identifier: Apache-2.0
using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Magpie.Peer;

static class Numbers
{
    public static double[] Make(int size)
    {
        double[] values = new double[size];

        for (int i = 0; i < size; i++)
            values[i] = (long)i * 7 % 16;
        return values;
    }

    public static double Sum(ReadOnlySpan<double> values)
    {
        ReadOnlySpan<Vector<double>> rows = MemoryMarshal.Cast<double, Vector<double>>(values);
        Vector<double> first = default, second = default;
        double sum = 0;
        int i = 0;

        for (; i + 1 < rows.Length; i += 2)
        {
            first += rows[i];
            second += rows[i + 1];
        }
        foreach (double value in values[(i * Vector<double>.Count)..])
            sum += value;
        return sum + Vector.Sum(first + second);
    }
}

sealed class Reduce(int size) : Workload
{
    readonly double[] values = Numbers.Make(size);
    readonly object guard = new();
    double total;

    void AddUp()
    {
        total = 0;
        Parallel.ForEach(Partitioner.Create(0, values.Length), () => 0.0,
            (range, _, sum) =>
                sum + Numbers.Sum(values.AsSpan(range.Item1, range.Item2 - range.Item1)),
            sum => { lock (guard) total += sum; });
    }

    public override void Run() => Pool.Run(AddUp);

    public override ulong Answer => (ulong)total;
}

sealed class Scan(int size, int workers) : Workload
{
    readonly double[] values = Numbers.Make(size);
    readonly double[] sums = new double[size];

    void ScanPiece(int begin, int end, double sum)
    {
        ReadOnlySpan<double> from = values.AsSpan(begin, end - begin);
        Span<double> into = sums.AsSpan(begin, end - begin);

        for (int i = 0; i < from.Length; i++)
        {
            sum += from[i];
            into[i] = sum;
        }
    }

    void ScanAll()
    {
        int pieces = 4 * workers;
        double[] before = new double[pieces];
        int Begin(int piece) => (int)((long)values.Length * piece / pieces);

        Parallel.For(0, pieces - 1, piece => before[piece + 1] =
            Numbers.Sum(values.AsSpan(Begin(piece), Begin(piece + 1) - Begin(piece))));
        for (int piece = 1; piece < pieces; piece++)
            before[piece] += before[piece - 1];
        Parallel.For(0, pieces, piece =>
            ScanPiece(Begin(piece), Begin(piece + 1), before[piece]));
    }

    public override void Reset()
    {
        for (int i = 0; i < sums.Length; i += 256)
            sums[i] = -1;
    }

    public override void Run() => Pool.Run(ScanAll);

    public override ulong Answer
    {
        get
        {
            double sum = 0;
            ulong right = 0;

            for (int i = 0; i < values.Length; i++)
            {
                sum += values[i];
                right += sums[i] == sum ? 1u : 0u;
            }
            return right;
        }
    }
}
