// Items through three stages that do nothing: in order, parallel, in order.  As the Go blog
// has pipelines: a goroutine for each stage, one for each worker in the parallel one, and
// channels between them.  The last stage puts the items in order.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"runtime"
	"sync"
)

const tokens = 16

type pipeline struct {
	size uint64
	seen uint64
}

func (p *pipeline) reset() { p.seen = 0 }

func (p *pipeline) run() {
	made := make(chan uint64, tokens)
	changed := make(chan uint64, tokens)
	go func() {
		for number := uint64(0); number < p.size; number++ {
			made <- number
		}
		close(made)
	}()
	var changers sync.WaitGroup
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		changers.Add(1)
		go func() {
			for number := range made {
				changed <- number + 1
			}
			changers.Done()
		}()
	}
	go func() {
		changers.Wait()
		close(changed)
	}()
	early := map[uint64]bool{}
	for number := range changed {
		early[number] = true
		for early[p.seen+1] {
			delete(early, p.seen+1)
			p.seen++
		}
	}
}

func (p *pipeline) answer() uint64 { return p.seen }
