#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenMP tasks, as gcc has them.  How it is called: ../README.md
set -eu

check() {
    command -v gcc >/dev/null || { echo "there is no gcc (Debian: gcc)"; exit 3; }
    gcc --version | head -n 1
}

build() {
    gcc -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE -fopenmp -I../../.. openmp.c loops.c grid.c memory.c \
        ../common/*.c ../../kernels/*.c -o "$1/peer" -lnettle -lm
}

"$@"
