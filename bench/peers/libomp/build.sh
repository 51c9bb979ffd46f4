#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenMP as clang has it: the peer of ../openmp with another compiler and its libomp.  How
# it is called: ../README.md
set -eu

# The newest clang that has OpenMP's runtime.
find_clang() {
    for clang in clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do
        command -v "$clang" >/dev/null || continue
        if echo 'int main(void) { return 0; }' |
            "$clang" -fopenmp -x c - -o /dev/null 2>/dev/null; then
            echo "$clang"
            return
        fi
    done
}

check() {
    clang=$(find_clang)
    [ -n "$clang" ] || { echo "there is no clang with OpenMP (Debian: clang, libomp-dev)"; exit 3; }
    "$clang" --version | head -n 1
}

build() {
    "$(find_clang)" -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE \
        -fopenmp -I../../.. ../openmp/openmp.c ../openmp/loops.c ../openmp/grid.c ../openmp/memory.c ../common/*.c ../../kernels/*.c -o "$1/peer" \
        -lnettle -lm
}

"$@"
