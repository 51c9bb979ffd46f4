// The workloads with rayon: join for two calls, join by halves for many children, and a
// parallel iterator for small regions.  The protocol is that of bench/measure/lane.h.
//
// SPDX-License-Identifier: Apache-2.0
#![allow(unknown_lints, unexpected_cfgs)]

mod array;
mod channels;
mod cilksort;
mod load;
mod loops;
mod matmul;
mod sorts;
mod tree;
mod uneven;
mod uts;

use std::io::{BufRead, Write};
use std::time::Instant;

/// A workload with its data.
pub trait Workload: Send {
    /// Before each run, not timed.
    fn reset(&mut self) {}
    /// What is timed; inside the pool.
    fn run(&mut self);
    /// What is timed, if it does not begin inside the pool.
    fn run_on(&mut self, pool: &rayon::ThreadPool) {
        pool.install(|| self.run())
    }
    /// Not 0: the time of the last run, instead of that of the caller.
    fn seconds(&self) -> f64 {
        0.0
    }
    /// The answer of the last run.
    fn answer(&self) -> u64;
}

fn find(name: &str, size: u64) -> Option<Box<dyn Workload>> {
    Some(match name {
        "fib" => Box::new(tree::Tree::new(move || tree::fib(size))),
        "nqueens" => Box::new(tree::Tree::new(move || tree::queens_of(size))),
        "skynet" => Box::new(tree::Tree::new(move || tree::skynet(0, size))),
        "regions" => Box::new(tree::Tree::new(move || tree::regions(size))),
        "for-empty" => Box::new(tree::Tree::new(move || loops::empty_loops(size))),
        "for-1us" => Box::new(tree::Tree::new(move || loops::mix_loops(size, 1000))),
        "for-10us" => Box::new(tree::Tree::new(move || loops::mix_loops(size, 10000))),
        "for-100us" => Box::new(tree::Tree::new(move || loops::mix_loops(size, 100000))),
        "for-1ms" => Box::new(tree::Tree::new(move || loops::mix_loops(size, 1000000))),
        "for-pareto" => Box::new(tree::Tree::new(move || uneven::pareto_loops(size))),
        "for-triangle" => Box::new(tree::Tree::new(move || uneven::triangle_loops(size))),
        "for-nested" => Box::new(tree::Tree::new(move || uneven::nested_loops(size))),
        "uts" => Box::new(tree::Tree::new(move || uts::search(size))),
        "matmul" => Box::new(matmul::Matmul::new(size as usize)),
        "submit" => Box::new(load::Submit::new(size, 1)),
        "submit-all" => Box::new(load::Submit::new(size, 8)),
        "bursts" => Box::new(load::Bursts { size, took: 0.0 }),
        "trickle" => Box::new(load::Trickle { size, took: 0.0 }),
        "tick" => Box::new(load::Tick { size, percent: 50, right: 0, took: 0.0 }),
        "tick-p99" => Box::new(load::Tick { size, percent: 99, right: 0, took: 0.0 }),
        "cilksort" => Box::new(cilksort::Sort::new(size as usize)),
        "reduce" => Box::new(array::Reduce::new(size as usize)),
        "scan" => Box::new(array::Scan::new(size as usize)),
        "sort-random" => Box::new(sorts::Sorts::new(size as usize, false, false)),
        "sort-sorted" => Box::new(sorts::Sorts::new(size as usize, true, false)),
        "sort-stable" => Box::new(sorts::Sorts::new(size as usize, false, true)),
        "channel-1-1" => Box::new(channels::Channels::new(size, 1, 1, 64)),
        "channel-4-1" => Box::new(channels::Channels::new(size, 4, 1, 64)),
        "channel-1-4" => Box::new(channels::Channels::new(size, 1, 4, 64)),
        "channel-4-4" => Box::new(channels::Channels::new(size, 4, 4, 64)),
        "channel-1-1-unbounded" => Box::new(channels::Channels::new(size, 1, 1, 0)),
        "channel-4-1-unbounded" => Box::new(channels::Channels::new(size, 4, 1, 0)),
        "channel-1-4-unbounded" => Box::new(channels::Channels::new(size, 1, 4, 0)),
        "channel-4-4-unbounded" => Box::new(channels::Channels::new(size, 4, 4, 0)),
        _ => return None,
    })
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    // A parent that is gone wants no answer.
    let _ = writeln!(out, "{}", text);
    let _ = out.flush();
}

fn number(arguments: &[String], index: usize) -> Option<u64> {
    arguments.get(index)?.parse().ok()
}

fn start(arguments: &[String]) -> Option<(Box<dyn Workload>, rayon::ThreadPool)> {
    let size = number(arguments, 2)?;
    let workers = number(arguments, 3)?;
    // The tree T3 is 1572 deep, and a worker that waits runs others' subtrees on top.
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(workers as usize).stack_size(256 << 20);

    Some((find(arguments.get(1)?, size)?, pool.build().ok()?))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (mut workload, pool) = match start(&arguments) {
        Some(started) => started,
        None => return say("failed called as peer WORKLOAD SIZE WORKERS, with one that it has"),
    };

    say("ready");
    for line in std::io::stdin().lock().lines() {
        if !matches!(line.as_deref(), Ok("run")) {
            return;
        }
        workload.reset();
        let from = Instant::now();
        workload.run_on(&pool);
        let mut took = from.elapsed().as_secs_f64();
        if workload.seconds() > 0.0 {
            took = workload.seconds();
        }
        say(&format!("done {:.9e} {}", took, workload.answer()));
    }
}
