// Loads from goroutines outside: go statements of empty functions, bursts, a trickle, and
// short parallel regions after pauses.  The work, the pauses and the limits are those of
// bench/kernels/: load.c, submit.c, tick.c.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"runtime"
	sorting "sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// timed is a workload that measures itself.
type timed interface {
	seconds() float64 // of the last run
}

func percentile(took []float64, percent int) float64 {
	sorting.Float64s(took)
	return took[len(took)*percent/100] * float64(len(took))
}

// submit starts empty functions, from one goroutine or from several.
type submit struct {
	size    uint64
	threads uint64
	begun   uint64 // by all, a little behind
	ran     uint64
	before  uint64
	result  uint64
}

func (s *submit) waitFor(all uint64, rest int64) {
	for int64(all-atomic.LoadUint64(&s.ran)) > rest {
		if rest != 0 {
			time.Sleep(50 * time.Microsecond)
		} else {
			runtime.Gosched()
		}
	}
}

func (s *submit) some(wanted uint64) {
	for done := uint64(0); done < wanted; {
		count := wanted - done
		if count > 256 {
			count = 256
		}
		for i := uint64(0); i < count; i++ {
			go func() { atomic.AddUint64(&s.ran, 1) }()
		}
		done += count
		s.waitFor(atomic.AddUint64(&s.begun, count), 16384)
	}
}

func (s *submit) reset() {}

func (s *submit) run() {
	var group sync.WaitGroup

	s.before = atomic.LoadUint64(&s.ran)
	atomic.StoreUint64(&s.begun, s.before)
	for i := uint64(0); i < s.threads; i++ {
		share := s.size / s.threads
		if i < s.size%s.threads {
			share++
		}
		group.Add(1)
		go func() {
			s.some(share)
			group.Done()
		}()
	}
	group.Wait()
	s.waitFor(s.before+s.size, 0)
	s.result = atomic.LoadUint64(&s.ran) - s.before
}

func (s *submit) answer() uint64 { return s.result }

// bursts: 100 jobs of 10 us each millisecond; the 99th percentile.
type bursts struct {
	size uint64
	left int64
	sum  uint64
	took float64
}

func (b *bursts) job() {
	mine := uint64(0)
	for i := uint64(0); i < 8; i++ {
		mine ^= regionLeaf(i, i)
	}
	atomic.AddUint64(&b.sum, mine)
	atomic.AddInt64(&b.left, -1)
}

func (b *bursts) burst() {
	atomic.StoreInt64(&b.left, 100)
	for i := 0; i < 100; i++ {
		go b.job()
	}
	for atomic.LoadInt64(&b.left) != 0 {
		time.Sleep(20 * time.Microsecond)
	}
}

func (b *bursts) reset() {}

func (b *bursts) run() {
	took := make([]float64, b.size)
	next := time.Now()

	for i := range took {
		time.Sleep(time.Until(next))
		from := time.Now()
		b.burst()
		took[i] = time.Since(from).Seconds()
		next = from.Add(time.Millisecond)
	}
	b.took = percentile(took, 99)
}

func (b *bursts) answer() uint64   { return b.size }
func (b *bursts) seconds() float64 { return b.took }

// trickle: an empty job each millisecond; the processor time of the process.
type trickle struct {
	size uint64
	left int64
	took float64
}

func processorSeconds() float64 {
	var usage syscall.Rusage

	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) * 1e-9
}

func (t *trickle) reset() {}

func (t *trickle) run() {
	before := processorSeconds()
	next := time.Now()

	atomic.StoreInt64(&t.left, int64(t.size))
	for i := uint64(0); i < t.size; i++ {
		time.Sleep(time.Until(next))
		next = next.Add(time.Millisecond)
		go func() { atomic.AddInt64(&t.left, -1) }()
	}
	for atomic.LoadInt64(&t.left) != 0 {
		time.Sleep(20 * time.Microsecond)
	}
	t.took = processorSeconds() - before
}

func (t *trickle) answer() uint64   { return t.size }
func (t *trickle) seconds() float64 { return t.took }

// tick: short regions after pauses.
type tick struct {
	size    uint64
	percent int
	right   uint64
	took    float64
}

const (
	tickParts  = 8
	tickLeaves = 10
)

func tickSeed(tick, part, leaf uint64) uint64 {
	return (tick*tickParts+part)*tickLeaves + leaf + 1
}

func tickRegion(tick uint64) uint64 {
	var group sync.WaitGroup
	var parts [tickParts]uint64
	sum := uint64(0)

	group.Add(tickParts)
	for i := uint64(0); i < tickParts; i++ {
		part := i
		go func() {
			for leaf := uint64(0); leaf < tickLeaves; leaf++ {
				parts[part] ^= regionSteps(tickSeed(tick, part, leaf))
			}
			group.Done()
		}()
	}
	group.Wait()
	for _, part := range parts {
		sum ^= part
	}
	return sum
}

func tickRightSum(tick uint64) uint64 {
	seeds := uint64(0)

	for part := uint64(0); part < tickParts; part++ {
		for leaf := uint64(0); leaf < tickLeaves; leaf++ {
			seeds ^= tickSeed(tick, part, leaf)
		}
	}
	return regionSteps(seeds)
}

func (t *tick) reset() {}

func (t *tick) run() {
	pauses := [5]time.Duration{100, 300, 1000, 3000, 10000}
	took := make([]float64, t.size)

	t.right = 0
	for i := range took {
		time.Sleep(pauses[i%5] * time.Microsecond)
		from := time.Now()
		sum := tickRegion(uint64(i))
		took[i] = time.Since(from).Seconds()
		if sum == tickRightSum(uint64(i)) {
			t.right++
		}
	}
	t.took = percentile(took, t.percent)
}

func (t *tick) answer() uint64   { return t.right }
func (t *tick) seconds() float64 { return t.took }
