// C = A B, divided until one tile is left; the tiles, their product and the check are those
// of bench/kernels/matmul.c.
//
// SPDX-License-Identifier: Apache-2.0
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Magpie.Peer;

sealed unsafe class Matmul : Workload
{
    const int Tile = 64, Cells = Tile * Tile;

    readonly int size;
    readonly int tiles; // in a row of tiles
    readonly double* a;
    readonly double* b;
    readonly double* c;

    /// <summary>A cube of the computation, counted in tiles.</summary>
    readonly record struct Cube(int Row, int Column, int Inner, int Span)
    {
        public Cube Octant(int down, int right, int inwards)
        {
            int half = Span / 2;

            return new Cube(Row + down * half, Column + right * half, Inner + inwards * half, half);
        }
    }

    /// <summary>C += A B for one tile, in blocks of four rows and two vectors of eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddWide(double* a, double* b, double* c)
    {
        for (int i = 0; i < Tile; i += 4)
        {
            for (int j = 0; j < Tile; j += 16)
            {
                double* c0 = c + i * Tile + j, c1 = c0 + Tile, c2 = c1 + Tile, c3 = c2 + Tile;
                double* a0 = a + i * Tile;
                Vector512<double> s00 = Vector512.Load(c0), s01 = Vector512.Load(c0 + 8);
                Vector512<double> s10 = Vector512.Load(c1), s11 = Vector512.Load(c1 + 8);
                Vector512<double> s20 = Vector512.Load(c2), s21 = Vector512.Load(c2 + 8);
                Vector512<double> s30 = Vector512.Load(c3), s31 = Vector512.Load(c3 + 8);

                for (int k = 0; k < Tile; k++)
                {
                    Vector512<double> b0 = Vector512.Load(b + k * Tile + j);
                    Vector512<double> b1 = Vector512.Load(b + k * Tile + j + 8);
                    Vector512<double> x = Vector512.Create(a0[k]);

                    s00 = Avx512F.FusedMultiplyAdd(x, b0, s00);
                    s01 = Avx512F.FusedMultiplyAdd(x, b1, s01);
                    x = Vector512.Create(a0[Tile + k]);
                    s10 = Avx512F.FusedMultiplyAdd(x, b0, s10);
                    s11 = Avx512F.FusedMultiplyAdd(x, b1, s11);
                    x = Vector512.Create(a0[2 * Tile + k]);
                    s20 = Avx512F.FusedMultiplyAdd(x, b0, s20);
                    s21 = Avx512F.FusedMultiplyAdd(x, b1, s21);
                    x = Vector512.Create(a0[3 * Tile + k]);
                    s30 = Avx512F.FusedMultiplyAdd(x, b0, s30);
                    s31 = Avx512F.FusedMultiplyAdd(x, b1, s31);
                }
                s00.Store(c0);
                s01.Store(c0 + 8);
                s10.Store(c1);
                s11.Store(c1 + 8);
                s20.Store(c2);
                s21.Store(c2 + 8);
                s30.Store(c3);
                s31.Store(c3 + 8);
            }
        }
    }

    /// <summary>The same with vectors of whatever width .NET has for this processor.</summary>
    static void Add(double* a, double* b, double* c)
    {
        int lanes = Vector<double>.Count;

        for (int i = 0; i < Tile; i++)
        {
            for (int j = 0; j < Tile; j += 2 * lanes)
            {
                double* into = c + i * Tile + j;
                Vector<double> low = Vector.Load(into), high = Vector.Load(into + lanes);

                for (int k = 0; k < Tile; k++)
                {
                    var x = new Vector<double>(a[i * Tile + k]);

                    low += x * Vector.Load(b + k * Tile + j);
                    high += x * Vector.Load(b + k * Tile + j + lanes);
                }
                Vector.Store(low, into);
                Vector.Store(high, into + lanes);
            }
        }
    }

    double* TileAt(double* matrix, int row, int column) =>
        matrix + ((long)row * tiles + column) * Cells;

    void Multiply(Cube cube)
    {
        if (cube.Span == 1)
        {
            double* left = TileAt(a, cube.Row, cube.Inner);
            double* right = TileAt(b, cube.Inner, cube.Column);
            double* into = TileAt(c, cube.Row, cube.Column);

            if (Avx512F.IsSupported)
                AddWide(left, right, into);
            else
                Add(left, right, into);
            return;
        }
        // The two halves of the sum go to the same place, so they follow each other.
        for (int i = 0; i < 2; i++)
        {
            int inwards = i;

            Parallel.Invoke(() => Multiply(cube.Octant(0, 0, inwards)),
                            () => Multiply(cube.Octant(0, 1, inwards)),
                            () => Multiply(cube.Octant(1, 0, inwards)),
                            () => Multiply(cube.Octant(1, 1, inwards)));
        }
    }

    /// <summary>Entry (i, j) of a matrix: a number from -4 to 4.</summary>
    static double Entry(ulong i, ulong j, ulong salt)
    {
        ulong x = i * 0x9e3779b97f4a7c15 ^ (j + salt);

        x *= 0xbf58476d1ce4e5b9;
        x ^= x >> 29;
        return (long)(x * 0x94d049bb133111eb >> 33) % 5 - (long)(x >> 40) % 5;
    }

    double* Cell(double* matrix, int i, int j) =>
        TileAt(matrix, i / Tile, j / Tile) + i % Tile * Tile + j % Tile;

    // Outside the collected heap, and for the whole life of the process.
    double* Matrix() => (double*)NativeMemory.AlignedAlloc((nuint)size * (nuint)size * 8, 64);

    public Matmul(int size)
    {
        this.size = size;
        tiles = size / Tile;
        a = Matrix();
        b = Matrix();
        c = Matrix();
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                *Cell(a, i, j) = Entry((ulong)i, (ulong)j, 1);
                *Cell(b, i, j) = Entry((ulong)i, (ulong)j, 1000003);
            }
        }
    }

    public override void Reset() => NativeMemory.Clear(c, (nuint)size * (nuint)size * 8);

    public override void Run() => Pool.Run(() => Multiply(new Cube(0, 0, 0, tiles)));

    /// <summary>x' C y for two fixed vectors.</summary>
    public override ulong Answer
    {
        get
        {
            long sum = 0;

            for (int i = 0; i < size; i++)
            {
                long row = 0;

                for (int j = 0; j < size; j++)
                    row += (long)*Cell(c, i, j) * (j % 11 - 5);
                sum += (i % 13 - 6) * row;
            }
            return (ulong)sum;
        }
    }
}
