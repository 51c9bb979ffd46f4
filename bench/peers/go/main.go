// The workloads with goroutines: a goroutine for each child but the last where it is a
// call, for each child where they are many.  One result comes by a channel, many by a
// WaitGroup.  The protocol is that of bench/measure/lane.h.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// A workload with its data.
type workload interface {
	reset()         // before each run, not timed
	run()           // what is timed
	answer() uint64 // of the last run
}

// function is a workload without data.
type function struct {
	call   func() uint64
	result uint64
}

func (f *function) reset()         {}
func (f *function) run()           { f.result = f.call() }
func (f *function) answer() uint64 { return f.result }

func find(name string, size uint64) workload {
	switch name {
	case "fib":
		return &function{call: func() uint64 { return fib(size) }}
	case "nqueens":
		return &function{call: func() uint64 { return queens(1<<size-1, 0, 0, 0) }}
	case "skynet":
		return &function{call: func() uint64 { return skynet(0, size) }}
	case "regions":
		return &function{call: func() uint64 { return regions(size) }}
	case "uts":
		return &function{call: func() uint64 { return search(size) }}
	case "channel-1-1":
		return &function{call: func() uint64 { return channels(size, 1, 1) }}
	case "channel-4-1":
		return &function{call: func() uint64 { return channels(size, 4, 1) }}
	case "channel-1-4":
		return &function{call: func() uint64 { return channels(size, 1, 4) }}
	case "channel-4-4":
		return &function{call: func() uint64 { return channels(size, 4, 4) }}
	case "semaphore":
		return newSemaphore(size, 1)
	case "semaphore-2":
		return newSemaphore(size, 2)
	case "mutex":
		return newMutex(size, 1)
	case "mutex-2":
		return newMutex(size, 2)
	case "matmul":
		return newMatmul(int(size))
	case "submit":
		return &submit{size: size, threads: 1}
	case "submit-all":
		return &submit{size: size, threads: 8}
	case "bursts":
		return &bursts{size: size}
	case "trickle":
		return &trickle{size: size}
	case "tick":
		return &tick{size: size, percent: 50}
	case "tick-p99":
		return &tick{size: size, percent: 99}
	case "reduce":
		return newReduce(int(size))
	case "scan":
		return newScan(int(size))
	case "pipeline":
		return &pipeline{size: size}
	case "for-pareto":
		return &function{call: func() uint64 {
			return loops(size, func() uint64 { return sumOver(pareto, paretoIndex) })
		}}
	case "for-triangle":
		return &function{call: func() uint64 {
			return loops(size, func() uint64 { return sumOver(triangle, triangleIndex) })
		}}
	case "for-nested":
		return &function{call: func() uint64 { return loops(size, nestedLoop) }}
	case "sort-sorted":
		return newNearly(int(size))
	case "cilksort", "sort-random":
		return newSort(int(size))
	}
	return nil
}

func start(arguments []string) workload {
	if len(arguments) != 4 {
		return nil
	}
	size, badSize := strconv.ParseUint(arguments[2], 10, 64)
	workers, badWorkers := strconv.Atoi(arguments[3])
	if badSize != nil || badWorkers != nil {
		return nil
	}
	runtime.GOMAXPROCS(workers)
	return find(arguments[1], size)
}

func main() {
	w := start(os.Args)
	if w == nil {
		fmt.Println("failed called as peer WORKLOAD SIZE WORKERS, with one that it has")
		return
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan() && lines.Text() == "run"; {
		w.reset()
		from := time.Now()
		w.run()
		took := time.Since(from).Seconds()
		if t, ok := w.(timed); ok {
			took = t.seconds()
		}
		fmt.Printf("done %.9e %d\n", took, w.answer())
	}
}
