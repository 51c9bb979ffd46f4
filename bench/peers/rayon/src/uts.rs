// Counts the nodes of the unbalanced trees T1 and T3, as bench/kernels/uts.c defines them,
// with the same SHA-1 of nettle.
//
// SPDX-License-Identifier: Apache-2.0
use std::ffi::c_void;

const STATE: usize = 20;

/// Room for nettle's struct sha1_ctx, which has 104 bytes.
#[repr(C, align(16))]
struct Sha1 {
    room: [u8; 256],
}

#[link(name = "nettle")]
extern "C" {
    fn nettle_sha1_init(hash: *mut c_void);
    fn nettle_sha1_update(hash: *mut c_void, length: usize, data: *const u8);
    fn nettle_sha1_digest(hash: *mut c_void, length: usize, digest: *mut u8);
}

fn sha1(parts: &[&[u8]]) -> [u8; STATE] {
    let mut hash = Sha1 { room: [0; 256] };
    let context = &mut hash as *mut Sha1 as *mut c_void;
    let mut digest = [0; STATE];

    // Safe: the room is larger than what nettle keeps there, the lengths are those given.
    unsafe {
        nettle_sha1_init(context);
        for part in parts {
            nettle_sha1_update(context, part.len(), part.as_ptr());
        }
        nettle_sha1_digest(context, STATE, digest.as_mut_ptr());
    }
    digest
}

enum Shape {
    /// Mean number of children, and the depth from which on there are none.
    Geometric(f64, u32),
    /// Children of the root, how likely another node has some, and how many.
    Binomial(u32, f64, u32),
}

struct Tree {
    shape: Shape,
    seed: u32,
    /// What was published.
    leaves: u64,
    depth: u32,
}

const T1: Tree = Tree { shape: Shape::Geometric(4.0, 10), seed: 19, leaves: 3305118, depth: 10 };
const T3: Tree =
    Tree { shape: Shape::Binomial(2000, 0.124875, 8), seed: 42, leaves: 3599034, depth: 1572 };

struct Node {
    state: [u8; STATE],
    depth: u32,
}

#[derive(Clone, Copy)]
struct Count {
    nodes: u64,
    leaves: u64,
    depth: u32,
}

fn sum(a: Count, b: Count) -> Count {
    Count {
        nodes: a.nodes + b.nodes,
        leaves: a.leaves + b.leaves,
        depth: a.depth.max(b.depth),
    }
}

fn root(tree: &Tree) -> Node {
    let mut seed = [0; STATE];

    seed[16..].copy_from_slice(&tree.seed.to_be_bytes());
    Node { state: sha1(&[&seed]), depth: 0 }
}

fn child(parent: &Node, index: u32) -> Node {
    Node { state: sha1(&[&parent.state, &index.to_be_bytes()]), depth: parent.depth + 1 }
}

/// A number in [0, 1) that the node's state decides.
fn random(node: &Node) -> f64 {
    let bits = u32::from_be_bytes([node.state[16], node.state[17], node.state[18], node.state[19]]);

    f64::from(bits & 0x7fffffff) / 2147483648.0
}

fn children(tree: &Tree, node: &Node) -> u32 {
    match tree.shape {
        Shape::Binomial(of_root, _, _) if node.depth == 0 => of_root,
        Shape::Binomial(_, q, m) => {
            if random(node) < q {
                m
            } else {
                0
            }
        }
        Shape::Geometric(_, depth_max) if node.depth >= depth_max => 0,
        Shape::Geometric(b0, _) => {
            let p = 1.0 / (1.0 + b0);
            ((1.0 - random(node)).ln() / (1.0 - p).ln()).floor() as u32
        }
    }
}

/// Children are split by halves, down to one.
fn walk_range(tree: &Tree, node: &Node, from: u32, to: u32) -> Count {
    if to - from == 1 {
        return walk(tree, &child(node, from));
    }
    let middle = from + (to - from) / 2;
    let (low, high) = rayon::join(
        || walk_range(tree, node, from, middle),
        || walk_range(tree, node, middle, to),
    );
    sum(low, high)
}

fn walk(tree: &Tree, node: &Node) -> Count {
    let count = children(tree, node);
    let own = Count { nodes: 1, leaves: u64::from(count == 0), depth: node.depth };

    if count == 0 {
        own
    } else {
        sum(own, walk_range(tree, node, 0, count))
    }
}

/// The number of nodes; 0 when leaves or depth are wrong.
pub fn search(size: u64) -> u64 {
    let tree = if size == 1 { &T1 } else { &T3 };
    let count = walk(tree, &root(tree));

    if count.leaves == tree.leaves && count.depth == tree.depth {
        count.nodes
    } else {
        0
    }
}
