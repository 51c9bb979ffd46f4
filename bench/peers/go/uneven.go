// Loops whose indices take different times: goroutines that take the next few indices from
// a counter; in nested loops a goroutine for each index of the outer one.  The work of an
// index is that of bench/kernels/uneven.c.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	pareto   = 20000
	triangle = 2000
	outer    = 40
	inner    = 1000
	least    = 10
	most     = 100000
	each     = 50
	taken    = 16 // indices at a time
)

func steps(seed, count uint64) uint64 {
	x := seed
	for i := uint64(0); i < count; i++ {
		x = x*0x9e3779b97f4a7c15 + 1
		x ^= x >> 32
	}
	return x
}

func paretoIndex(index uint64) uint64 {
	chance := steps(index, 2)>>32 + 1
	count := (uint64(least) << 32) / chance
	if count > most {
		count = most
	}
	return steps(index, count)
}

func triangleIndex(index uint64) uint64 { return steps(index, index) }

// The sum of f over so many indices.
func sumOver(count uint64, f func(index uint64) uint64) uint64 {
	var next, sum uint64
	var all sync.WaitGroup
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			var own uint64
			for {
				end := atomic.AddUint64(&next, taken)
				begin := end - taken
				if begin >= count {
					break
				}
				if end > count {
					end = count
				}
				for index := begin; index < end; index++ {
					own += f(index)
				}
			}
			atomic.AddUint64(&sum, own)
		}()
	}
	all.Wait()
	return sum
}

func nestedLoop() uint64 {
	var sums [outer]uint64
	var all sync.WaitGroup
	var sum uint64
	for i := range sums {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for k := uint64(0); k < inner; k++ {
				sums[i] += steps(uint64(i)*inner+k, each)
			}
		}(i)
	}
	all.Wait()
	for _, one := range sums {
		sum += one
	}
	return sum
}

func loops(count uint64, one func() uint64) uint64 {
	var sum uint64
	for i := uint64(0); i < count; i++ {
		sum += one()
	}
	return sum
}
