// The sorts of rayon: in place and stable.  The numbers and the checks are those of
// bench/kernels/sort.c.
//
// SPDX-License-Identifier: Apache-2.0
use crate::cilksort::scramble;
use crate::Workload;
use rayon::slice::ParallelSliceMut;

pub struct Sorts {
    values: Vec<u32>,
    nearly: bool,
    stable: bool,
}

impl Sorts {
    pub fn new(size: usize, nearly: bool, stable: bool) -> Self {
        Sorts { values: vec![0; size], nearly, stable }
    }
}

impl Workload for Sorts {
    fn reset(&mut self) {
        let count = self.values.len();

        for (i, value) in self.values.iter_mut().enumerate() {
            *value = if self.nearly { i as u32 } else { scramble(i as u32) };
        }
        for i in 0..if self.nearly { count / 100 } else { 0 } {
            let a = scramble(2 * i as u32) as usize % count;
            let b = scramble(2 * i as u32 + 1) as usize % count;

            self.values.swap(a, b);
        }
    }

    fn run(&mut self) {
        if self.stable {
            self.values.par_sort();
        } else {
            self.values.par_sort_unstable();
        }
    }

    /// Distinct values that rise and have the sum of the original ones are those values.
    fn answer(&self) -> u64 {
        let sum = |all: &mut dyn Iterator<Item = u32>| all.map(u64::from).sum::<u64>();
        let nearly = self.nearly;
        let mut original =
            (0..self.values.len()).map(|i| if nearly { i as u32 } else { scramble(i as u32) });
        let same = sum(&mut original) == sum(&mut self.values.iter().copied());
        let in_order = self.values.windows(2).filter(|pair| pair[0] < pair[1]).count();

        if same { in_order as u64 + 1 } else { 0 }
    }
}
