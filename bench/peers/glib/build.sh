#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# GLib's GThreadPool.  How it is called: ../README.md
set -eu

check() {
    command -v gcc >/dev/null || { echo "there is no gcc (Debian: gcc)"; exit 3; }
    pkg-config --exists glib-2.0 2>/dev/null ||
        { echo "there is no GLib (Debian: libglib2.0-dev)"; exit 3; }
    echo "GLib $(pkg-config --modversion glib-2.0), $(gcc --version | head -n 1)"
}

build() {
    # shellcheck disable=SC2046 # a list of words
    gcc -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE -I../../.. \
        $(pkg-config --cflags glib-2.0) glib.c ../common/*.c ../../kernels/*.c -o "$1/peer" \
        $(pkg-config --libs glib-2.0) -lnettle -lm -pthread
}

"$@"
