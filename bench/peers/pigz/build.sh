#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pigz, a parallel gzip.  How it is called: ../README.md
set -eu

check() {
    command -v gcc >/dev/null || { echo "there is no gcc (Debian: gcc)"; exit 3; }
    command -v pigz >/dev/null || { echo "there is no pigz (Debian: pigz)"; exit 3; }
    # Older ones say it on standard error.
    pigz --version 2>&1
}

build() {
    gcc -std=c11 -O2 -g -D_GNU_SOURCE -I../../.. pigz.c ../common/*.c ../../kernels/*.c \
        -o "$1/peer" -lnettle -lm -pthread
}

"$@"
