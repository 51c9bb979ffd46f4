// Sorts by merging quarters, and merges in parallel.  The leaves and the check are those of
// bench/kernels/sort.c.
//
// SPDX-License-Identifier: Apache-2.0
use crate::Workload;

/// Below these a plain sort and a plain merge are faster; and insertion below a few.
const SORT_GRAIN: usize = 2048;
const MERGE_GRAIN: usize = 2048;
const INSERTION: usize = 20;

/// A bijection on 32 bits that leaves no order.
pub fn scramble(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85ebca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2ae35);
    x ^ x >> 16
}

fn insertion_sort(values: &mut [u32]) {
    for i in 1..values.len() {
        let value = values[i];
        let mut j = i;

        while j > 0 && values[j - 1] > value {
            values[j] = values[j - 1];
            j -= 1;
        }
        values[j] = value;
    }
}

fn middle_of(a: u32, b: u32, c: u32) -> u32 {
    let (low, high) = (a.min(b), a.max(b));
    c.clamp(low, high)
}

/// Parts the values so that those before the returned index are at most the pivot and
/// those from it on at least the pivot; neither part is empty.
fn part(values: &mut [u32]) -> usize {
    let mut low = 0;
    let mut high = values.len() - 1;
    let pivot = middle_of(values[0], values[values.len() / 2], values[high]);

    loop {
        while values[low] < pivot {
            low += 1;
        }
        while values[high] > pivot {
            high -= 1;
        }
        if low >= high {
            return low.max(1);
        }
        values.swap(low, high);
        low += 1;
        high -= 1;
    }
}

fn quick_sort(mut values: &mut [u32]) {
    while values.len() > INSERTION {
        let low = part(values);
        let (left, right) = values.split_at_mut(low);

        quick_sort(left);
        values = right;
    }
    insertion_sort(values);
}

fn merge_plain(mut a: &[u32], mut b: &[u32], into: &mut [u32]) {
    let mut at = 0;

    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        if x <= y {
            into[at] = x;
            a = &a[1..];
        } else {
            into[at] = y;
            b = &b[1..];
        }
        at += 1;
    }
    into[at..at + a.len()].copy_from_slice(a);
    into[at + a.len()..].copy_from_slice(b);
}

fn merge(a: &[u32], b: &[u32], into: &mut [u32]) {
    if a.len() + b.len() <= MERGE_GRAIN {
        return merge_plain(a, b, into);
    }
    if a.len() < b.len() {
        return merge(b, a, into);
    }
    let limit = a[a.len() / 2];
    let (a_low, a_high) = a.split_at(a.len() / 2);
    let (b_low, b_high) = b.split_at(b.partition_point(|&value| value < limit));
    let (low, high) = into.split_at_mut(a_low.len() + b_low.len());

    rayon::join(|| merge(a_low, b_low, low), || merge(a_high, b_high, high));
}

fn sort(values: &mut [u32], spare: &mut [u32]) {
    let quarter = values.len() / 4;
    let half = 2 * quarter;

    if values.len() <= SORT_GRAIN {
        return quick_sort(values);
    }
    {
        let (low, high) = values.split_at_mut(half);
        let (spare_low, spare_high) = spare.split_at_mut(half);
        let (a, b) = low.split_at_mut(quarter);
        let (c, d) = high.split_at_mut(quarter);
        let (spare_a, spare_b) = spare_low.split_at_mut(quarter);
        let (spare_c, spare_d) = spare_high.split_at_mut(quarter);

        rayon::join(
            || rayon::join(|| sort(a, spare_a), || sort(b, spare_b)),
            || rayon::join(|| sort(c, spare_c), || sort(d, spare_d)),
        );
        rayon::join(|| merge(a, b, spare_low), || merge(c, d, spare_high));
    }
    merge(&spare[..half], &spare[half..], values);
}

pub struct Sort {
    values: Vec<u32>,
    spare: Vec<u32>,
}

impl Sort {
    pub fn new(size: usize) -> Self {
        Sort { values: vec![0; size], spare: vec![0; size] }
    }
}

impl Workload for Sort {
    fn reset(&mut self) {
        for (i, value) in self.values.iter_mut().enumerate() {
            *value = scramble(i as u32);
        }
    }

    fn run(&mut self) {
        sort(&mut self.values, &mut self.spare);
    }

    /// Distinct values that rise and have the sum of the original ones are those values.
    fn answer(&self) -> u64 {
        let sum = |all: &mut dyn Iterator<Item = u32>| all.map(u64::from).sum::<u64>();
        let mut original = (0..self.values.len()).map(|i| scramble(i as u32));
        let same = sum(&mut original) == sum(&mut self.values.iter().copied());
        let in_order = self.values.windows(2).filter(|pair| pair[0] < pair[1]).count();

        if same { in_order as u64 + 1 } else { 0 }
    }
}
