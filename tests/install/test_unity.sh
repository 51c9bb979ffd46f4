#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The library compiles as a single unit (CMAKE_UNITY_BUILD), without a warning, and works:
# no two of its files give the same name to different things.
#
# usage: test_unity.sh BUILD-DIRECTORY
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$(sed -n 's/^CMAKE_C_FLAGS:[A-Z]*=//p' "$1/CMakeCache.txt")

# One unit for both libraries; with and without what debug builds add.
for debug in ON OFF; do
    cmake -S "$top" -B "$work/$debug" -G Ninja "-DCMAKE_C_FLAGS=$flags" -DCMAKE_BUILD_TYPE= \
        -DMAG_DEBUG_TASKS=$debug -DMAG_WERROR=ON -DBUILD_TESTING=OFF -DMAG_BUILD_PROGRAM=OFF \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 \
        -DMAG_TLS_MODEL=global-dynamic >"$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    cmake --build "$work/$debug" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    grep -q Unity "$work/log" || { echo "it was not built as one unit"; exit 1; }
    define=
    [ $debug = OFF ] || define=-DMAG_DEBUG_TASKS=1
    for example in sum pooled_source async_functions; do
        # shellcheck disable=SC2046,SC2086 # lists of words
        cc -std=c11 $flags $define -I "$top/include" "$top/examples/$example.c" -o "$work/example" \
            "$work/$debug/libmagpie.a" $(pkg-config --libs hwloc ck) -pthread
        "$work/example" >"$work/log" || { cat "$work/log"; echo "$example failed"; exit 1; }
    done
done
echo "ok"
