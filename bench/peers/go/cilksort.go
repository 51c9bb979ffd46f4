// Sorts by merging quarters, and merges in parallel.  The leaves and the check are those of
// bench/kernels/sort.c.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "sync"

// Below these a plain sort and a plain merge are faster; and insertion below a few.
const (
	sortGrain  = 2048
	mergeGrain = 2048
	insertion  = 20
)

// A bijection on 32 bits that leaves no order.
func scramble(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}

func insertionSort(values []uint32) {
	for i := 1; i < len(values); i++ {
		value := values[i]
		j := i
		for ; j > 0 && values[j-1] > value; j-- {
			values[j] = values[j-1]
		}
		values[j] = value
	}
}

func middleOf(a, b, c uint32) uint32 {
	if a > b {
		a, b = b, a
	}
	if c < a {
		return a
	}
	if c > b {
		return b
	}
	return c
}

// Parts the values so that those before the returned index are at most the pivot and
// those from it on at least the pivot; neither part is empty.
func part(values []uint32) int {
	low, high := 0, len(values)-1
	pivot := middleOf(values[0], values[len(values)/2], values[high])
	for ; ; low, high = low+1, high-1 {
		for values[low] < pivot {
			low++
		}
		for values[high] > pivot {
			high--
		}
		if low >= high {
			if low == 0 {
				return 1
			}
			return low
		}
		values[low], values[high] = values[high], values[low]
	}
}

func quickSort(values []uint32) {
	for len(values) > insertion {
		low := part(values)
		quickSort(values[:low])
		values = values[low:]
	}
	insertionSort(values)
}

func mergePlain(a, b, into []uint32) {
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			into[0] = a[0]
			a = a[1:]
		} else {
			into[0] = b[0]
			b = b[1:]
		}
		into = into[1:]
	}
	copy(into[copy(into, a):], b)
}

// How many of the sorted values are less than the limit.
func countBelow(values []uint32, limit uint32) int {
	low, high := 0, len(values)
	for low < high {
		middle := low + (high-low)/2
		if values[middle] < limit {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// Runs all functions, the last one here, and waits for the others.
func invoke(functions ...func()) {
	var others sync.WaitGroup
	last := len(functions) - 1
	others.Add(last)
	for _, function := range functions[:last] {
		go func(function func()) {
			function()
			others.Done()
		}(function)
	}
	functions[last]()
	others.Wait()
}

func merge(a, b, into []uint32) {
	if len(a)+len(b) <= mergeGrain {
		mergePlain(a, b, into)
		return
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	aLow := len(a) / 2
	bLow := countBelow(b, a[aLow])
	invoke(
		func() { merge(a[:aLow], b[:bLow], into[:aLow+bLow]) },
		func() { merge(a[aLow:], b[bLow:], into[aLow+bLow:]) })
}

func sort(values, spare []uint32) {
	quarter := len(values) / 4
	half := 2 * quarter
	three := half + quarter
	if len(values) <= sortGrain {
		quickSort(values)
		return
	}
	invoke(
		func() { sort(values[:quarter], spare[:quarter]) },
		func() { sort(values[quarter:half], spare[quarter:half]) },
		func() { sort(values[half:three], spare[half:three]) },
		func() { sort(values[three:], spare[three:]) })
	invoke(
		func() { merge(values[:quarter], values[quarter:half], spare[:half]) },
		func() { merge(values[half:three], values[three:], spare[half:]) })
	merge(spare[:half], spare[half:], values)
}

type sortData struct {
	values []uint32
	spare  []uint32
}

func newSort(size int) *sortData {
	return &sortData{make([]uint32, size), make([]uint32, size)}
}

func (s *sortData) reset() {
	for i := range s.values {
		s.values[i] = scramble(uint32(i))
	}
}

func (s *sortData) run() { sort(s.values, s.spare) }

// Distinct values that rise and have the sum of the original ones are those values.
func (s *sortData) answer() uint64 {
	var difference uint64
	inOrder := uint64(1)
	for i, value := range s.values {
		difference += uint64(scramble(uint32(i))) - uint64(value)
		if i > 0 && s.values[i-1] < value {
			inOrder++
		}
	}
	if difference != 0 {
		return 0
	}
	return inOrder
}

// Numbers that are nearly sorted, in the same data.
type nearlySorted struct{ sortData }

func newNearly(size int) *nearlySorted { return &nearlySorted{*newSort(size)} }

func (s *nearlySorted) reset() {
	count := uint64(len(s.values))
	for i := range s.values {
		s.values[i] = uint32(i)
	}
	for i := uint64(0); i < count/100; i++ {
		a := uint64(scramble(uint32(2*i))) % count
		b := uint64(scramble(uint32(2*i+1))) % count
		s.values[a], s.values[b] = s.values[b], s.values[a]
	}
}

func (s *nearlySorted) answer() uint64 {
	var inOrder uint64
	for i, value := range s.values {
		if value == uint32(i) {
			inOrder++
		}
	}
	return inOrder
}
