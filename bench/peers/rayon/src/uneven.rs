// Loops whose indices take different times.  The work of an index is that of
// bench/kernels/uneven.c.
//
// SPDX-License-Identifier: Apache-2.0
use rayon::iter::{IntoParallelIterator, ParallelIterator};

const PARETO: u64 = 20000;
const TRIANGLE: u64 = 2000;
const OUTER: u64 = 40;
const INNER: u64 = 1000;
const LEAST: u64 = 10;
const MOST: u64 = 100000;
const EACH: u64 = 50;

fn steps(seed: u64, count: u64) -> u64 {
    let mut x = seed;

    for _ in 0..count {
        x = x.wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(1);
        x ^= x >> 32;
    }
    x
}

fn pareto(index: u64) -> u64 {
    let chance = (steps(index, 2) >> 32) + 1;

    steps(index, ((LEAST << 32) / chance).min(MOST))
}

fn sum_over(count: u64, index: impl Fn(u64) -> u64 + Send + Sync) -> u64 {
    (0..count).into_par_iter().map(index).reduce(|| 0, u64::wrapping_add)
}

fn loops(count: u64, one: impl Fn() -> u64) -> u64 {
    (0..count).fold(0u64, |sum, _| sum.wrapping_add(one()))
}

pub fn pareto_loops(count: u64) -> u64 {
    loops(count, || sum_over(PARETO, pareto))
}

pub fn triangle_loops(count: u64) -> u64 {
    loops(count, || sum_over(TRIANGLE, |i| steps(i, i)))
}

pub fn nested_loops(count: u64) -> u64 {
    loops(count, || {
        sum_over(OUTER, |outer| sum_over(INNER, |inner| steps(outer * INNER + inner, EACH)))
    })
}
