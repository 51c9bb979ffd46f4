// Loads from threads outside: spawned functions, bursts, a trickle, and short parallel
// regions after pauses.  The work, the pauses and the limits are those of bench/kernels/:
// load.c, submit.c, tick.c.
//
// SPDX-License-Identifier: Apache-2.0
use crate::{tree, Workload};

use rayon::prelude::*;
use rayon::ThreadPool;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MILLISECOND: Duration = Duration::from_millis(1);
const LOOK: Duration = Duration::from_micros(20);

fn sleep_until(until: Instant) {
    let now = Instant::now();

    if until > now {
        std::thread::sleep(until - now);
    }
}

fn percentile(took: &mut [f64], percent: usize) -> f64 {
    took.sort_by(|a, b| a.total_cmp(b));
    took[took.len() * percent / 100] * took.len() as f64
}

#[repr(align(64))]
struct Cell(AtomicU64);

const CELLS: usize = 512;
static RUNS: [Cell; CELLS] = [const { Cell(AtomicU64::new(0)) }; CELLS];

/// Each worker counts in a cell of its own.
fn count_call() {
    let runs = &RUNS[rayon::current_thread_index().unwrap_or(0) % CELLS].0;

    runs.store(runs.load(Ordering::Relaxed) + 1, Ordering::Release);
}

fn calls_run() -> u64 {
    RUNS.iter().map(|cell| cell.0.load(Ordering::Acquire)).sum()
}

/// Empty functions, spawned by one thread or by several.
pub struct Submit {
    size: u64,
    threads: u64,
    submitted: AtomicU64,
    answer: u64,
}

impl Submit {
    pub fn new(size: u64, threads: u64) -> Self {
        Submit { size, threads, submitted: AtomicU64::new(0), answer: 0 }
    }

    fn wait_for(all: u64, rest: i64) {
        while all.wrapping_sub(calls_run()) as i64 > rest {
            if rest != 0 {
                std::thread::sleep(Duration::from_micros(50));
            } else {
                std::thread::yield_now();
            }
        }
    }

    fn submit(&self, pool: &ThreadPool, wanted: u64) {
        let mut done = 0;

        while done < wanted {
            let count = (wanted - done).min(256);

            for _ in 0..count {
                pool.spawn(count_call);
            }
            done += count;
            let all = self.submitted.fetch_add(count, Ordering::Relaxed) + count;
            Self::wait_for(all, 16384);
        }
    }
}

impl Workload for Submit {
    fn run(&mut self) {}

    fn run_on(&mut self, pool: &ThreadPool) {
        let before = calls_run();
        let this = &*self;

        this.submitted.store(before, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for i in 1..this.threads {
                let share = this.size / this.threads + u64::from(i < this.size % this.threads);
                scope.spawn(move || this.submit(pool, share));
            }
            this.submit(pool, this.size / this.threads + u64::from(this.size % this.threads > 0));
        });
        Self::wait_for(before + this.size, 0);
        self.answer = calls_run() - before;
    }

    fn answer(&self) -> u64 {
        self.answer
    }
}

static LEFT: AtomicI64 = AtomicI64::new(0);
static SUM: AtomicU64 = AtomicU64::new(0);

fn wait_for_jobs() {
    while LEFT.load(Ordering::Acquire) != 0 {
        std::thread::sleep(LOOK);
    }
}

/// A burst of 100 jobs of 10 us each millisecond: the 99th percentile.
pub struct Bursts {
    pub size: u64,
    pub took: f64,
}

fn burst_job() {
    let mut mine = 0;

    for i in 0..8 {
        mine ^= tree::region_leaf(i, i);
    }
    SUM.fetch_add(mine, Ordering::Relaxed);
    LEFT.fetch_sub(1, Ordering::Release);
}

impl Workload for Bursts {
    fn run(&mut self) {}

    fn run_on(&mut self, pool: &ThreadPool) {
        let mut took = vec![0.0; self.size as usize];
        let mut next = Instant::now();

        for time in took.iter_mut() {
            sleep_until(next);
            let from = Instant::now();
            LEFT.store(100, Ordering::Relaxed);
            for _ in 0..100 {
                pool.spawn(burst_job);
            }
            wait_for_jobs();
            *time = from.elapsed().as_secs_f64();
            next = from + MILLISECOND;
        }
        self.took = percentile(&mut took, 99);
    }

    fn answer(&self) -> u64 {
        self.size
    }

    fn seconds(&self) -> f64 {
        self.took
    }
}

/// An empty job each millisecond: the processor time of the process.
pub struct Trickle {
    pub size: u64,
    pub took: f64,
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

fn processor_seconds() -> f64 {
    const PROCESS: i32 = 2;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };

    // The kernel fills in what is asked for.
    unsafe { clock_gettime(PROCESS, &mut time) };
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

impl Workload for Trickle {
    fn run(&mut self) {}

    fn run_on(&mut self, pool: &ThreadPool) {
        let before = processor_seconds();
        let mut next = Instant::now();

        LEFT.store(self.size as i64, Ordering::Relaxed);
        for _ in 0..self.size {
            sleep_until(next);
            next += MILLISECOND;
            pool.spawn(|| {
                LEFT.fetch_sub(1, Ordering::Release);
            });
        }
        wait_for_jobs();
        self.took = processor_seconds() - before;
    }

    fn answer(&self) -> u64 {
        self.size
    }

    fn seconds(&self) -> f64 {
        self.took
    }
}

const PARTS: u64 = 8;
const LEAVES_OF_A_PART: u64 = 10;

fn seed(tick: u64, part: u64, leaf: u64) -> u64 {
    (tick * PARTS + part) * LEAVES_OF_A_PART + leaf + 1
}

fn part(tick: u64, part: u64) -> u64 {
    (0..LEAVES_OF_A_PART).fold(0, |sum, leaf| sum ^ tree::region_steps(seed(tick, part, leaf)))
}

fn region(tick: u64) -> u64 {
    (0..PARTS).into_par_iter().map(|i| part(tick, i)).reduce(|| 0, |a, b| a ^ b)
}

fn right_sum(tick: u64) -> u64 {
    let mut seeds = 0;

    for part in 0..PARTS {
        for leaf in 0..LEAVES_OF_A_PART {
            seeds ^= seed(tick, part, leaf);
        }
    }
    tree::region_steps(seeds)
}

/// Short regions after pauses.
pub struct Tick {
    pub size: u64,
    pub percent: usize,
    pub right: u64,
    pub took: f64,
}

impl Workload for Tick {
    fn run(&mut self) {}

    fn run_on(&mut self, pool: &ThreadPool) {
        const PAUSES: [u64; 5] = [100, 300, 1000, 3000, 10000];
        let mut took = vec![0.0; self.size as usize];

        self.right = 0;
        for (tick, time) in took.iter_mut().enumerate() {
            std::thread::sleep(Duration::from_micros(PAUSES[tick % 5]));
            let from = Instant::now();
            let sum = pool.install(|| region(tick as u64));
            *time = from.elapsed().as_secs_f64();
            self.right += u64::from(sum == right_sum(tick as u64));
        }
        self.took = percentile(&mut took, self.percent);
    }

    fn answer(&self) -> u64 {
        self.right
    }

    fn seconds(&self) -> f64 {
        self.took
    }
}
