// Recursions without data: fib, nqueens, skynet, regions.  The boards are those of
// bench/kernels/nqueens.h, the leaf of a region is that of bench/kernels/regions.c.
//
// SPDX-License-Identifier: Apache-2.0
use crate::Workload;
use rayon::prelude::*;

/// A workload that is one function.
pub struct Tree<F> {
    function: F,
    answer: u64,
}

impl<F: Fn() -> u64 + Send> Tree<F> {
    pub fn new(function: F) -> Self {
        Tree { function, answer: 0 }
    }
}

impl<F: Fn() -> u64 + Send> Workload for Tree<F> {
    fn run(&mut self) {
        self.answer = (self.function)();
    }
    fn answer(&self) -> u64 {
        self.answer
    }
}

pub fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// The sum of `child` over all children, each of which can be stolen.
fn sum_of<T: Sync>(children: &[T], child: &(impl Fn(&T) -> u64 + Sync)) -> u64 {
    match children {
        [] => 0,
        [only] => child(only),
        _ => {
            let (left, right) = children.split_at(children.len() / 2);
            let (a, b) = rayon::join(|| sum_of(left, child), || sum_of(right, child));
            a + b
        }
    }
}

const QUEENS_MAX: usize = 20;

fn queens(full: u32, taken: u32, rising: u32, falling: u32) -> u64 {
    let mut children = [0u32; QUEENS_MAX];
    let mut count = 0;
    let mut free = full & !(taken | rising | falling);

    if taken == full {
        return 1;
    }
    while free != 0 {
        children[count] = free & free.wrapping_neg();
        count += 1;
        free &= free - 1;
    }
    sum_of(&children[..count], &|&queen| {
        queens(full, taken | queen, (rising | queen) << 1, (falling | queen) >> 1)
    })
}

pub fn queens_of(size: u64) -> u64 {
    queens((1 << size) - 1, 0, 0, 0)
}

pub fn skynet(first: u64, leaves: u64) -> u64 {
    const CHILDREN: [u64; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    if leaves == 1 {
        return first;
    }
    sum_of(&CHILDREN, &|&i| skynet(first + i * (leaves / 10), leaves / 10))
}

const LEAVES: u64 = 16;
const STEPS: u32 = 600;

/// Not inlined: a compiler that sees several leaves does them at a time, with vectors.
#[inline(never)]
pub fn region_steps(seed: u64) -> u64 {
    let mut x = seed;

    for _ in 0..STEPS {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

pub fn region_leaf(region: u64, index: u64) -> u64 {
    region_steps(region * LEAVES + index + 1)
}

pub fn regions(count: u64) -> u64 {
    let mut sum = 0;

    for region in 0..count {
        sum ^= (0..LEAVES as usize)
            .into_par_iter()
            .map(|i| region_leaf(region, i as u64))
            .reduce(|| 0, |a, b| a ^ b);
    }
    sum
}
