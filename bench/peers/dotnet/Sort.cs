// Sorts by merging quarters, and merges in parallel.  The leaves and the check are those of
// bench/kernels/sort.c.
//
// SPDX-License-Identifier: Apache-2.0
namespace Magpie.Peer;

sealed class Sort(int size) : Workload
{
    /// <summary>Below these a plain sort and a plain merge are faster; and insertion below a
    /// few.</summary>
    const int SortGrain = 2048, MergeGrain = 2048, Insertion = 20;

    readonly uint[] values = new uint[size];
    readonly uint[] spare = new uint[size];

    /// <summary>A bijection on 32 bits that leaves no order.</summary>
    public static uint Scramble(uint x)
    {
        x ^= x >> 16;
        x *= 0x85ebca6b;
        x ^= x >> 13;
        x *= 0xc2b2ae35;
        return x ^ x >> 16;
    }

    static void InsertionSort(Span<uint> values)
    {
        for (int i = 1; i < values.Length; i++)
        {
            uint value = values[i];
            int j = i;

            for (; j > 0 && values[j - 1] > value; j--)
                values[j] = values[j - 1];
            values[j] = value;
        }
    }

    static uint MiddleOf(uint a, uint b, uint c) =>
        Math.Clamp(c, Math.Min(a, b), Math.Max(a, b));

    /// <summary>Parts the values so that those before the returned index are at most the
    /// pivot and those from it on at least the pivot; neither part is empty.</summary>
    static int Part(Span<uint> values)
    {
        int low = 0, high = values.Length - 1;
        uint pivot = MiddleOf(values[0], values[values.Length / 2], values[high]);

        for (;; low++, high--)
        {
            while (values[low] < pivot)
                low++;
            while (values[high] > pivot)
                high--;
            if (low >= high)
                return Math.Max(low, 1);
            (values[low], values[high]) = (values[high], values[low]);
        }
    }

    static void QuickSort(Span<uint> values)
    {
        while (values.Length > Insertion)
        {
            int low = Part(values);

            QuickSort(values[..low]);
            values = values[low..];
        }
        InsertionSort(values);
    }

    static void MergePlain(ReadOnlySpan<uint> a, ReadOnlySpan<uint> b, Span<uint> into)
    {
        int i = 0, j = 0, at = 0;

        while (i < a.Length && j < b.Length)
            into[at++] = a[i] <= b[j] ? a[i++] : b[j++];
        a[i..].CopyTo(into[at..]);
        b[j..].CopyTo(into[(at + a.Length - i)..]);
    }

    /// <summary>How many of the sorted values are less than the limit.</summary>
    static int CountBelow(ReadOnlySpan<uint> values, uint limit)
    {
        int low = 0, high = values.Length;

        while (low < high)
        {
            int middle = low + (high - low) / 2;

            if (values[middle] < limit)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    static void Merge(Memory<uint> a, Memory<uint> b, Memory<uint> into)
    {
        if (a.Length + b.Length <= MergeGrain)
        {
            MergePlain(a.Span, b.Span, into.Span);
            return;
        }
        if (a.Length < b.Length)
            (a, b) = (b, a);

        int aLow = a.Length / 2;
        int bLow = CountBelow(b.Span, a.Span[aLow]);

        Parallel.Invoke(() => Merge(a[..aLow], b[..bLow], into[..(aLow + bLow)]),
                        () => Merge(a[aLow..], b[bLow..], into[(aLow + bLow)..]));
    }

    static void SortAll(Memory<uint> values, Memory<uint> spare)
    {
        int quarter = values.Length / 4;
        int half = 2 * quarter;
        int three = half + quarter;

        if (values.Length <= SortGrain)
        {
            QuickSort(values.Span);
            return;
        }
        Parallel.Invoke(() => SortAll(values[..quarter], spare[..quarter]),
                        () => SortAll(values[quarter..half], spare[quarter..half]),
                        () => SortAll(values[half..three], spare[half..three]),
                        () => SortAll(values[three..], spare[three..]));
        Parallel.Invoke(() => Merge(values[..quarter], values[quarter..half], spare[..half]),
                        () => Merge(values[half..three], values[three..], spare[half..]));
        Merge(spare[..half], spare[half..], values);
    }

    public override void Reset()
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Scramble((uint)i);
    }

    public override void Run() => Pool.Run(() => SortAll(values, spare));

    /// <summary>Distinct values that rise and have the sum of the original ones are those
    /// values.</summary>
    public override ulong Answer
    {
        get
        {
            ulong difference = 0;
            ulong inOrder = 1;

            for (int i = 0; i < values.Length; i++)
            {
                difference += (ulong)Scramble((uint)i) - values[i];
                inOrder += i > 0 && values[i - 1] < values[i] ? 1u : 0u;
            }
            return difference == 0 ? inOrder : 0;
        }
    }
}
