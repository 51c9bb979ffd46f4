// Counts the nodes of the unbalanced trees T1 and T3, as bench/kernels/uts.c defines them,
// with the SHA-1 of Go's library.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"crypto/sha1"
	"encoding/binary"
	"math"
	"sync"
)

type tree struct {
	binomial bool
	seed     uint32
	b0       float64 // children of the root; of a geometric tree the mean everywhere
	depthMax uint32  // geometric: nodes from here on have no children
	q        float64 // binomial: how likely a node has children...
	m        uint32  // ...and how many then
	leaves   uint64  // what was published
	depth    uint32
}

var t1 = tree{false, 19, 4, 10, 0, 0, 3305118, 10}
var t3 = tree{true, 42, 2000, 0, 0.124875, 8, 3599034, 1572}

type node struct {
	state [sha1.Size]byte
	depth uint32
}

type count struct {
	nodes  uint64
	leaves uint64
	depth  uint32
}

func add(a, b count) count {
	depth := a.depth
	if b.depth > depth {
		depth = b.depth
	}
	return count{a.nodes + b.nodes, a.leaves + b.leaves, depth}
}

func root(t *tree) node {
	var seed [sha1.Size]byte
	binary.BigEndian.PutUint32(seed[16:], t.seed)
	return node{sha1.Sum(seed[:]), 0}
}

func child(parent *node, index uint32) node {
	var bytes [sha1.Size + 4]byte
	copy(bytes[:], parent.state[:])
	binary.BigEndian.PutUint32(bytes[sha1.Size:], index)
	return node{sha1.Sum(bytes[:]), parent.depth + 1}
}

// A number in [0, 1) that the node's state decides.
func random(n *node) float64 {
	return float64(binary.BigEndian.Uint32(n.state[16:])&0x7fffffff) / 2147483648.0
}

func children(t *tree, n *node) uint32 {
	if t.binomial {
		if n.depth == 0 {
			return uint32(t.b0)
		}
		if random(n) < t.q {
			return t.m
		}
		return 0
	}
	if n.depth >= t.depthMax {
		return 0
	}
	p := 1.0 / (1.0 + t.b0)
	return uint32(math.Floor(math.Log(1.0-random(n)) / math.Log(1.0-p)))
}

func walk(t *tree, n *node) count {
	number := children(t, n)
	own := count{nodes: 1, depth: n.depth}
	if number == 0 {
		own.leaves = 1
		return own
	}
	var all sync.WaitGroup
	counts := make([]count, number)
	all.Add(len(counts))
	for i := range counts {
		go func(i int) {
			c := child(n, uint32(i))
			counts[i] = walk(t, &c)
			all.Done()
		}(i)
	}
	all.Wait()
	for _, c := range counts {
		own = add(own, c)
	}
	return own
}

// The number of nodes; 0 when leaves or depth are wrong.
func search(size uint64) uint64 {
	t := &t3
	if size == 1 {
		t = &t1
	}
	r := root(t)
	c := walk(t, &r)
	if c.leaves != t.leaves || c.depth != t.depth {
		return 0
	}
	return c.nodes
}
