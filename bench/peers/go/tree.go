// Recursions without data: fib, nqueens, skynet, regions.  The boards are those of
// bench/kernels/nqueens.h, the leaf of a region is that of bench/kernels/regions.c.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"math/bits"
	"sync"
)

func fib(n uint64) uint64 {
	if n < 2 {
		return n
	}
	first := make(chan uint64, 1)
	go func() { first <- fib(n - 1) }()
	second := fib(n - 2)
	return <-first + second
}

func queens(full, taken, rising, falling uint32) uint64 {
	if taken == full {
		return 1
	}
	var all sync.WaitGroup
	free := full &^ (taken | rising | falling)
	counts := make([]uint64, bits.OnesCount32(free))
	all.Add(len(counts))
	for i := range counts {
		queen := free & -free
		free &= free - 1
		go func(i int) {
			counts[i] = queens(full, taken|queen, (rising|queen)<<1, (falling|queen)>>1)
			all.Done()
		}(i)
	}
	all.Wait()
	return sum(counts)
}

func sum(parts []uint64) uint64 {
	var total uint64
	for _, part := range parts {
		total += part
	}
	return total
}

func skynet(first, leaves uint64) uint64 {
	const width = 10
	if leaves == 1 {
		return first
	}
	sums := make(chan uint64, width)
	for i := uint64(0); i < width; i++ {
		from := first + i*(leaves/width)
		go func() { sums <- skynet(from, leaves/width) }()
	}
	var total uint64
	for i := 0; i < width; i++ {
		total += <-sums
	}
	return total
}

const leavesOfRegion = 16

// Not inlined: a compiler that sees several leaves could do them at a time.
//
//go:noinline
func regionSteps(seed uint64) uint64 {
	const steps = 600
	x := seed
	for i := 0; i < steps; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func regionLeaf(region uint64, leaf uint64) uint64 {
	return regionSteps(region*leavesOfRegion + leaf + 1)
}

func regions(count uint64) uint64 {
	var total uint64
	for region := uint64(0); region < count; region++ {
		var all sync.WaitGroup
		var parts [leavesOfRegion]uint64
		all.Add(leavesOfRegion)
		for i := range parts {
			go func(region uint64, i int) {
				parts[i] = regionLeaf(region, uint64(i))
				all.Done()
			}(region, i)
		}
		all.Wait()
		for _, part := range parts {
			total ^= part
		}
	}
	return total
}
