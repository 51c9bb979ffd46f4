// Numbers through a crossbeam channel, from producers to consumers that are threads: send
// and recv block.
//
// SPDX-License-Identifier: Apache-2.0
use crossbeam_channel::{bounded, unbounded};
use std::thread;

use crate::Workload;

pub struct Channels {
    size: u64,
    senders: u64,
    receivers: u64,
    room: usize, // 0: unbounded
    answer: u64,
}

impl Channels {
    pub fn new(size: u64, senders: u64, receivers: u64, room: usize) -> Channels {
        Channels { size, senders, receivers, room, answer: 0 }
    }
}

impl Workload for Channels {
    fn run(&mut self) {
        let (to, from) = if self.room == 0 { unbounded() } else { bounded(self.room) };
        let each = self.size / self.senders;
        let consumers: Vec<_> = (0..self.receivers)
            .map(|_| {
                let from = from.clone();
                thread::spawn(move || {
                    from.iter().fold((0u64, 0u64), |all, item: u64| (all.0 + item, all.1 + 1))
                })
            })
            .collect();
        let producers: Vec<_> = (0..self.senders)
            .map(|i| {
                let to = to.clone();
                let end = if i + 1 < self.senders { (i + 1) * each } else { self.size };
                thread::spawn(move || (i * each..end).for_each(|item| to.send(item).unwrap()))
            })
            .collect();

        drop(to);
        producers.into_iter().for_each(|one| one.join().unwrap());
        let all = consumers
            .into_iter()
            .map(|one| one.join().unwrap())
            .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        let right = all.0 == self.size * (self.size - 1) / 2;
        self.answer = if right { all.1 } else { 0 };
    }

    fn answer(&self) -> u64 {
        self.answer
    }
}
