// Array.Sort, which is what .NET has for an array: it uses one thread.  The numbers and the
// checks are those of bench/kernels/sort.c.
//
// SPDX-License-Identifier: Apache-2.0
namespace Magpie.Peer;

sealed class ArraySort(int size, bool nearly) : Workload
{
    readonly uint[] values = new uint[size];

    uint Original(int i) => nearly ? (uint)i : Sort.Scramble((uint)i);

    public override void Reset()
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Original(i);
        for (int i = 0; nearly && i < values.Length / 100; i++)
        {
            int a = (int)(Sort.Scramble((uint)(2 * i)) % (uint)values.Length);
            int b = (int)(Sort.Scramble((uint)(2 * i + 1)) % (uint)values.Length);

            (values[a], values[b]) = (values[b], values[a]);
        }
    }

    public override void Run() => Pool.Run(() => Array.Sort(values));

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
                difference += (ulong)Original(i) - values[i];
                inOrder += i > 0 && values[i - 1] < values[i] ? 1u : 0u;
            }
            return difference == 0 ? inOrder : 0;
        }
    }
}
