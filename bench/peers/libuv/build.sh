#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libuv's thread pool.  How it is called: ../README.md
set -eu

check() {
    command -v gcc >/dev/null || { echo "there is no gcc (Debian: gcc)"; exit 3; }
    pkg-config --exists libuv 2>/dev/null ||
        { echo "there is no libuv (Debian: libuv1-dev)"; exit 3; }
    echo "libuv $(pkg-config --modversion libuv), $(gcc --version | head -n 1)"
}

build() {
    # shellcheck disable=SC2046 # a list of words
    gcc -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE -I../../.. \
        $(pkg-config --cflags libuv) libuv.c ../common/*.c ../../kernels/*.c -o "$1/peer" \
        $(pkg-config --libs libuv) -lnettle -lm -pthread
}

"$@"
