// Numbers through a channel, from producers to consumers that are goroutines.  Go has no
// unbounded channels.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "sync"

type tally struct{ sum, count uint64 }

func channels(size uint64, senders, receivers int) uint64 {
	numbers := make(chan uint64, 64)
	results := make(chan tally, receivers)
	each := size / uint64(senders)
	var producers sync.WaitGroup

	for i := 0; i < receivers; i++ {
		go func() {
			var mine tally
			for item := range numbers {
				mine.sum += item
				mine.count++
			}
			results <- mine
		}()
	}
	for i := 0; i < senders; i++ {
		begin, end := uint64(i)*each, uint64(i+1)*each
		if i+1 == senders {
			end = size
		}
		producers.Add(1)
		go func() {
			defer producers.Done()
			for item := begin; item < end; item++ {
				numbers <- item
			}
		}()
	}
	producers.Wait()
	close(numbers)
	var all tally
	for i := 0; i < receivers; i++ {
		one := <-results
		all.sum += one.sum
		all.count += one.count
	}
	if all.sum != size*(size-1)/2 {
		return 0
	}
	return all.count
}
