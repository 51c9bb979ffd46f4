// C = A B, divided until one tile is left; the tiles, their product and the check are those
// of bench/kernels/matmul.c.
//
// SPDX-License-Identifier: Apache-2.0
use crate::Workload;

const TILE: usize = 64;
const CELLS: usize = TILE * TILE;

type Kernel = unsafe fn(a: *const f64, b: *const f64, c: *mut f64);

/// C += A B for one tile, summed up in blocks of four rows and two vectors.
macro_rules! kernel {
    ($name:ident, $features:literal, $lanes:literal, $load:ident, $store:ident, $set:ident, $fma:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        unsafe fn $name(a: *const f64, b: *const f64, c: *mut f64) {
            use std::arch::x86_64::*;

            for i in (0..TILE).step_by(4) {
                for j in (0..TILE).step_by(2 * $lanes) {
                    let mut sum = [[$set(0.0); 2]; 4];

                    for r in 0..4 {
                        for v in 0..2 {
                            sum[r][v] = $load(c.add((i + r) * TILE + j + v * $lanes));
                        }
                    }
                    for k in 0..TILE {
                        let row = [$load(b.add(k * TILE + j)), $load(b.add(k * TILE + j + $lanes))];

                        for r in 0..4 {
                            let x = $set(*a.add((i + r) * TILE + k));
                            sum[r][0] = $fma(x, row[0], sum[r][0]);
                            sum[r][1] = $fma(x, row[1], sum[r][1]);
                        }
                    }
                    for r in 0..4 {
                        for v in 0..2 {
                            $store(c.add((i + r) * TILE + j + v * $lanes), sum[r][v]);
                        }
                    }
                }
            }
        }
    };
}

kernel!(avx2, "avx2,fma", 4, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd);
#[cfg(wide)]
kernel!(avx512, "avx512f", 8, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd);

unsafe fn plain(a: *const f64, b: *const f64, c: *mut f64) {
    for i in 0..TILE {
        for k in 0..TILE {
            let x = *a.add(i * TILE + k);

            for j in 0..TILE {
                *c.add(i * TILE + j) += x * *b.add(k * TILE + j);
            }
        }
    }
}

fn kernel_for_this_processor() -> Kernel {
    #[cfg(all(wide, target_arch = "x86_64"))]
    if is_x86_feature_detected!("avx512f") {
        return avx512;
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return avx2;
    }
    plain
}

/// A cube of the computation, counted in tiles.
#[derive(Clone, Copy)]
struct Cube {
    row: usize,
    column: usize,
    inner: usize,
    span: usize,
}

impl Cube {
    fn octant(self, down: usize, right: usize, inwards: usize) -> Cube {
        let half = self.span / 2;

        Cube {
            row: self.row + down * half,
            column: self.column + right * half,
            inner: self.inner + inwards * half,
            span: half,
        }
    }
}

/// The matrices as the recursion sees them: two tasks never write the same tile at a time.
#[derive(Clone, Copy)]
struct View {
    kernel: Kernel,
    tiles: usize,
    a: *const f64,
    b: *const f64,
    c: *mut f64,
}

unsafe impl Send for View {}
unsafe impl Sync for View {}

fn multiply(m: &View, cube: Cube) {
    if cube.span == 1 {
        let at = |row: usize, column: usize| (row * m.tiles + column) * CELLS;

        // Safe: the cube lies within the matrices.
        return unsafe {
            (m.kernel)(
                m.a.add(at(cube.row, cube.inner)),
                m.b.add(at(cube.inner, cube.column)),
                m.c.add(at(cube.row, cube.column)),
            )
        };
    }
    // The two halves of the sum go to the same place, so they follow each other.
    for inwards in 0..2 {
        let part = |down, right| multiply(m, cube.octant(down, right, inwards));

        rayon::join(
            || rayon::join(|| part(0, 0), || part(0, 1)),
            || rayon::join(|| part(1, 0), || part(1, 1)),
        );
    }
}

/// Entry (i, j) of a matrix: a number from -4 to 4.
fn entry(i: u64, j: u64, salt: u64) -> i64 {
    let mut x = i.wrapping_mul(0x9e3779b97f4a7c15) ^ (j + salt);

    x = x.wrapping_mul(0xbf58476d1ce4e5b9);
    x ^= x >> 29;
    (x.wrapping_mul(0x94d049bb133111eb) >> 33) as i64 % 5 - (x >> 40) as i64 % 5
}

const SALT_A: u64 = 1;
const SALT_B: u64 = 1000003;

pub struct Matmul {
    size: usize,
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
}

impl Matmul {
    pub fn new(size: usize) -> Self {
        let zero = || vec![0.0; size * size];
        let mut m = Matmul { size, a: zero(), b: zero(), c: zero() };

        for i in 0..size {
            for j in 0..size {
                let at = m.at(i, j);
                m.a[at] = entry(i as u64, j as u64, SALT_A) as f64;
                m.b[at] = entry(i as u64, j as u64, SALT_B) as f64;
            }
        }
        m
    }

    fn at(&self, i: usize, j: usize) -> usize {
        (i / TILE * (self.size / TILE) + j / TILE) * CELLS + i % TILE * TILE + j % TILE
    }
}

impl Workload for Matmul {
    fn reset(&mut self) {
        self.c.fill(0.0);
    }

    fn run(&mut self) {
        let tiles = self.size / TILE;
        let view = View {
            kernel: kernel_for_this_processor(),
            tiles,
            a: self.a.as_ptr(),
            b: self.b.as_ptr(),
            c: self.c.as_mut_ptr(),
        };

        multiply(&view, Cube { row: 0, column: 0, inner: 0, span: tiles });
    }

    /// x' C y for two fixed vectors.
    fn answer(&self) -> u64 {
        let mut sum: i64 = 0;

        for i in 0..self.size {
            let row: i64 = (0..self.size)
                .map(|j| self.c[self.at(i, j)] as i64 * (j as i64 % 11 - 5))
                .sum();
            sum = sum.wrapping_add((i as i64 % 13 - 6) * row);
        }
        sum as u64
    }
}
