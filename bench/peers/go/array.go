// The sum of an array, and its running sums: a goroutine for each piece.  The numbers are
// those of bench/kernels/array.c.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"runtime"
	"sync"
)

func numbers(size int) []float64 {
	values := make([]float64, size)
	for i := range values {
		values[i] = float64(i * 7 % 16)
	}
	return values
}

// Four sums at a time, so that no addition waits for the one before.
func sumOf(values []float64) float64 {
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(values); i += 4 {
		a += values[i]
		b += values[i+1]
		c += values[i+2]
		d += values[i+3]
	}
	for ; i < len(values); i++ {
		a += values[i]
	}
	return a + b + c + d
}

// Calls f for each piece of size numbers: its number, and where it begins and ends.
func inPieces(size int, f func(piece, begin, end int)) int {
	pieces := 4 * runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for piece := 0; piece < pieces; piece++ {
		all.Add(1)
		go func(piece int) {
			defer all.Done()
			f(piece, size*piece/pieces, size*(piece+1)/pieces)
		}(piece)
	}
	all.Wait()
	return pieces
}

type reduce struct {
	values []float64
	total  float64
}

func newReduce(size int) *reduce {
	return &reduce{values: numbers(size)}
}

func (r *reduce) reset() {}

func (r *reduce) run() {
	sums := make([]float64, 4*runtime.GOMAXPROCS(0))
	inPieces(len(r.values), func(piece, begin, end int) {
		sums[piece] = sumOf(r.values[begin:end])
	})
	r.total = sumOf(sums)
}

func (r *reduce) answer() uint64 { return uint64(r.total) }

type scan struct {
	values, sums []float64
}

func newScan(size int) *scan {
	return &scan{values: numbers(size), sums: make([]float64, size)}
}

func (s *scan) reset() {
	for i := 0; i < len(s.sums); i += 256 {
		s.sums[i] = -1
	}
}

func (s *scan) run() {
	before := make([]float64, 4*runtime.GOMAXPROCS(0)+1)
	pieces := inPieces(len(s.values), func(piece, begin, end int) {
		before[piece+1] = sumOf(s.values[begin:end])
	})
	for piece := 1; piece <= pieces; piece++ {
		before[piece] += before[piece-1]
	}
	inPieces(len(s.values), func(piece, begin, end int) {
		sum := before[piece]
		for i := begin; i < end; i++ {
			sum += s.values[i]
			s.sums[i] = sum
		}
	})
}

func (s *scan) answer() uint64 {
	var sum float64
	var right uint64
	for i, value := range s.values {
		sum += value
		if s.sums[i] == sum {
			right++
		}
	}
	return right
}
