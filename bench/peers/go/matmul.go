// C = A B, divided until one tile is left; data and check are those of
// bench/kernels/matmul.c.  Go has no vectors, so a leaf costs many times what it costs
// elsewhere.
//
// SPDX-License-Identifier: Apache-2.0
package main

const (
	tile  = 64
	cells = tile * tile
)

type matmul struct {
	size    int
	tiles   int // in a row of tiles
	a, b, c []float64
}

// A cube of the computation, counted in tiles.
type cube struct{ row, column, inner, span int }

func (q cube) octant(down, right, inwards int) cube {
	half := q.span / 2
	return cube{q.row + down*half, q.column + right*half, q.inner + inwards*half, half}
}

func (m *matmul) tileOf(matrix []float64, row, column int) *[cells]float64 {
	return (*[cells]float64)(matrix[(row*m.tiles+column)*cells:])
}

// C += A B for one tile, four columns of A at a time.
func tileAdd(a, b, c *[cells]float64) {
	for i := 0; i < tile; i++ {
		into := (*[tile]float64)(c[i*tile:])
		for k := 0; k < tile; k += 4 {
			x0, x1, x2, x3 := a[i*tile+k], a[i*tile+k+1], a[i*tile+k+2], a[i*tile+k+3]
			b0 := (*[tile]float64)(b[k*tile:])
			b1 := (*[tile]float64)(b[(k+1)*tile:])
			b2 := (*[tile]float64)(b[(k+2)*tile:])
			b3 := (*[tile]float64)(b[(k+3)*tile:])
			for j := range into {
				into[j] += x0*b0[j] + x1*b1[j] + x2*b2[j] + x3*b3[j]
			}
		}
	}
}

func (m *matmul) multiply(q cube) {
	if q.span == 1 {
		tileAdd(m.tileOf(m.a, q.row, q.inner), m.tileOf(m.b, q.inner, q.column),
			m.tileOf(m.c, q.row, q.column))
		return
	}
	// The two halves of the sum go to the same place, so they follow each other.
	for inwards := 0; inwards < 2; inwards++ {
		inwards := inwards
		invoke(
			func() { m.multiply(q.octant(0, 0, inwards)) },
			func() { m.multiply(q.octant(0, 1, inwards)) },
			func() { m.multiply(q.octant(1, 0, inwards)) },
			func() { m.multiply(q.octant(1, 1, inwards)) })
	}
}

// Entry (i, j) of a matrix: a number from -4 to 4.
func entry(i, j, salt uint64) float64 {
	x := i*0x9e3779b97f4a7c15 ^ (j + salt)
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 29
	return float64(int64(x*0x94d049bb133111eb>>33)%5 - int64(x>>40)%5)
}

func newMatmul(size int) *matmul {
	m := &matmul{size: size, tiles: size / tile}
	m.a = make([]float64, size*size)
	m.b = make([]float64, size*size)
	m.c = make([]float64, size*size)
	for i := 0; i < size; i++ {
		for j := 0; j < size; j++ {
			m.a[m.at(i, j)] = entry(uint64(i), uint64(j), 1)
			m.b[m.at(i, j)] = entry(uint64(i), uint64(j), 1000003)
		}
	}
	return m
}

func (m *matmul) at(i, j int) int {
	return (i/tile*m.tiles+j/tile)*cells + i%tile*tile + j%tile
}

func (m *matmul) reset() {
	for i := range m.c {
		m.c[i] = 0
	}
}

func (m *matmul) run() { m.multiply(cube{0, 0, 0, m.tiles}) }

// x' C y for two fixed vectors.
func (m *matmul) answer() uint64 {
	var sum int64
	for i := 0; i < m.size; i++ {
		var row int64
		for j := 0; j < m.size; j++ {
			row += int64(m.c[m.at(i, j)]) * int64(j%11-5)
		}
		sum += int64(i%13-6) * row
	}
	return uint64(sum)
}
