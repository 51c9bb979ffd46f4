// The sum of an array, and its running sums.  The numbers and the leaves are those of
// bench/kernels/array.c.  rayon has no scan: the sums of pieces are found first, and then the
// running sums of each piece, as is usual with it.
//
// SPDX-License-Identifier: Apache-2.0
use crate::Workload;
use rayon::prelude::*;

const LANES: usize = 8;
/// Numbers of a piece: 512 KiB.
const PIECE: usize = 65536;

fn numbers(size: usize) -> Vec<f64> {
    (0..size as u64).map(|i| (i * 7 % 16) as f64).collect()
}

fn sum(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let rows = values.chunks_exact(LANES);
    let rest: f64 = rows.remainder().iter().sum();

    for row in rows {
        for lane in 0..LANES {
            sums[lane] += row[lane];
        }
    }
    rest + sums.iter().sum::<f64>()
}

pub struct Reduce {
    values: Vec<f64>,
    total: f64,
}

impl Reduce {
    pub fn new(size: usize) -> Self {
        Reduce { values: numbers(size), total: 0.0 }
    }
}

impl Workload for Reduce {
    fn run(&mut self) {
        self.total = self.values.par_chunks(PIECE).map(sum).sum();
    }

    fn answer(&self) -> u64 {
        self.total as u64
    }
}

pub struct Scan {
    values: Vec<f64>,
    sums: Vec<f64>,
}

impl Scan {
    pub fn new(size: usize) -> Self {
        Scan { values: numbers(size), sums: vec![-1.0; size] }
    }
}

impl Workload for Scan {
    fn reset(&mut self) {
        for value in self.sums.iter_mut().step_by(256) {
            *value = -1.0;
        }
    }

    fn run(&mut self) {
        // As few pieces as keep all workers busy.
        let piece = (self.values.len() / (4 * rayon::current_num_threads())).max(PIECE);
        let mut before: Vec<f64> = self.values.par_chunks(piece).map(sum).collect();
        let mut total = 0.0;

        for value in before.iter_mut() {
            let next = total + *value;
            *value = total;
            total = next;
        }
        self.values.par_chunks(piece).zip(self.sums.par_chunks_mut(piece)).zip(before).for_each(
            |((values, sums), mut sum)| {
                for (value, into) in values.iter().zip(sums) {
                    sum += *value;
                    *into = sum;
                }
            },
        );
    }

    fn answer(&self) -> u64 {
        let mut sum = 0.0;
        let mut right = 0;

        for (value, running) in self.values.iter().zip(&self.sums) {
            sum += *value;
            right += u64::from(*running == sum);
        }
        right
    }
}
