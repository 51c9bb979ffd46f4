// Counts the nodes of the unbalanced trees T1 and T3, as bench/kernels/uts.c defines them,
// with the SHA-1 of .NET's library.
//
// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Magpie.Peer;

static class Uts
{
    const int State = 20, Group = 8;

    [InlineArray(State)]
    struct Digest
    {
        byte first;
    }

    struct Node
    {
        public Digest State;
        public int Depth;
    }

    readonly record struct Count(ulong Nodes, ulong Leaves, int Depth)
    {
        public static Count operator +(Count a, Count b) =>
            new(a.Nodes + b.Nodes, a.Leaves + b.Leaves, Math.Max(a.Depth, b.Depth));
    }

    /// <summary>A tree, and what was published of it.</summary>
    /// <param name="B0">Children of the root; of a geometric tree the mean everywhere.</param>
    /// <param name="DepthMax">Geometric: nodes from here on have no children.</param>
    /// <param name="Q">Binomial: how likely a node has children...</param>
    /// <param name="M">...and how many then.</param>
    record Shape(bool Binomial, uint Seed, double B0, int DepthMax, double Q, int M, ulong Leaves,
                 int Depth);

    static readonly Shape T1 = new(false, 19, 4, 10, 0, 0, 3305118, 10);
    static readonly Shape T3 = new(true, 42, 2000, 0, 0.124875, 8, 3599034, 1572);

    static Node Root(Shape tree)
    {
        Span<byte> seed = stackalloc byte[State];
        var root = new Node();

        seed.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(seed[16..], tree.Seed);
        SHA1.HashData(seed, root.State);
        return root;
    }

    static Node Child(in Node parent, int index)
    {
        Span<byte> bytes = stackalloc byte[State + 4];
        var child = new Node { Depth = parent.Depth + 1 };

        ((ReadOnlySpan<byte>)parent.State).CopyTo(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes[State..], index);
        SHA1.HashData(bytes, child.State);
        return child;
    }

    /// <summary>A number in [0, 1) that the node's state decides.</summary>
    static double Random(in Node node)
    {
        ReadOnlySpan<byte> state = node.State;

        return (BinaryPrimitives.ReadUInt32BigEndian(state[16..]) & 0x7fffffff) / 2147483648.0;
    }

    static int Children(Shape tree, in Node node)
    {
        if (tree.Binomial && node.Depth == 0)
            return (int)tree.B0;
        if (tree.Binomial)
            return Random(node) < tree.Q ? tree.M : 0;
        if (node.Depth >= tree.DepthMax)
            return 0;

        double p = 1.0 / (1.0 + tree.B0);

        return (int)Math.Floor(Math.Log(1.0 - Random(node)) / Math.Log(1.0 - p));
    }

    /// <summary>A few children are tasks one by one, many by halves.</summary>
    static Count WalkRange(Shape tree, Node node, int from, int to)
    {
        if (to - from > Group)
        {
            int middle = from + (to - from) / 2;
            Task<Count> low = Task.Run(() => WalkRange(tree, node, from, middle));
            Count high = WalkRange(tree, node, middle, to);

            return low.Result + high;
        }

        var children = new Task<Count>[to - from];
        var count = new Count();

        for (int i = 0; i < children.Length; i++)
        {
            int index = from + i;
            children[i] = Task.Run(() => Walk(tree, Child(node, index)));
        }
        for (int i = children.Length; i-- > 0;)
            count += children[i].Result;
        return count;
    }

    static Count Walk(Shape tree, Node node)
    {
        int children = Children(tree, node);
        var own = new Count(1, children == 0 ? 1u : 0u, node.Depth);

        return children == 0 ? own : own + WalkRange(tree, node, 0, children);
    }

    /// <summary>The number of nodes; 0 when leaves or depth are wrong.</summary>
    public static ulong Search(ulong size)
    {
        Shape tree = size == 1 ? T1 : T3;
        Count count = Walk(tree, Root(tree));

        return count.Leaves == tree.Leaves && count.Depth == tree.Depth ? count.Nodes : 0;
    }
}
