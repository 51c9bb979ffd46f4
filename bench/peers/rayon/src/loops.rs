// Loops of short iterations.  The work of an index is that of bench/kernels/loops.h.
//
// SPDX-License-Identifier: Apache-2.0
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::hint::black_box;

const EMPTY: u64 = 16;

fn mixed(index: u64) -> u64 {
    let mut x = index.wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(1);

    x ^= x >> 32;
    x.wrapping_mul(0xd1342543de82ef95)
}

fn loops(count: u64, indices: u64, index: impl Fn(u64) -> u64 + Send + Sync) -> u64 {
    (0..count).fold(0u64, |sum, _| {
        sum.wrapping_add((0..indices).into_par_iter().map(&index).reduce(|| 0, u64::wrapping_add))
    })
}

pub fn empty_loops(count: u64) -> u64 {
    loops(count, EMPTY, |_| black_box(1))
}

pub fn mix_loops(count: u64, indices: u64) -> u64 {
    loops(count, indices, mixed)
}
