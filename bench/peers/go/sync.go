// A channel of one place as a semaphore, and sync.Mutex: taken and given back by one
// goroutine, and by two that contend.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "sync"

// contention is a number of goroutines that take turns.
type contention struct {
	size       uint64
	contenders uint64
	take, give func()
	count      uint64 // of whose turn it is
}

func (c *contention) reset() { c.count = 0 }

func (c *contention) run() {
	var all sync.WaitGroup

	for i := uint64(0); i < c.contenders; i++ {
		part := c.size / c.contenders
		if i < c.size%c.contenders {
			part++
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for ; part != 0; part-- {
				c.take()
				c.count++
				c.give()
			}
		}()
	}
	all.Wait()
}

func (c *contention) answer() uint64 { return c.count }

func newSemaphore(size, contenders uint64) *contention {
	permits := make(chan struct{}, 1)

	return &contention{size: size, contenders: contenders,
		take: func() { permits <- struct{}{} },
		give: func() { <-permits }}
}

func newMutex(size, contenders uint64) *contention {
	lock := new(sync.Mutex)

	return &contention{size: size, contenders: contenders, take: lock.Lock, give: lock.Unlock}
}
