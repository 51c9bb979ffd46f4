#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# oneTBB.  How it is called: ../README.md
set -eu

# Its version is in a header, so this also finds out whether there is one.
version() {
    printf '#include <oneapi/tbb/version.h>\nmagpie TBB_VERSION_MAJOR TBB_VERSION_MINOR\n' |
        g++ -E -P -x c++ - 2>/dev/null | awk '$1 == "magpie" { print $2 "." $3 }'
}

check() {
    command -v g++ >/dev/null || { echo "there is no g++ (Debian: g++)"; exit 3; }
    found=$(version)
    [ -n "$found" ] || { echo "there is no oneTBB (Debian: libtbb-dev)"; exit 3; }
    echo "oneTBB $found, $(g++ --version | head -n 1)"
}

build() {
    rm -rf "$1/objects"
    mkdir -p "$1/objects"
    for file in ../common/*.c ../../kernels/*.c; do
        gcc -std=c11 -O2 -falign-functions=32 -ffp-contract=fast -g -D_GNU_SOURCE -I../../.. -c "$file" \
            -o "$1/objects/$(basename "$file" .c).o"
    done
    g++ -std=c++17 -O2 -falign-functions=32 -g -I../../.. tbb.cpp "$1"/objects/*.o -o "$1/peer" -ltbb -lnettle -lm
}

"$@"
