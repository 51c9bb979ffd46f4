#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plug-ins that contain libmagpie.a, linked by the compiler alone: they are unloaded
# while threads that have used them live, and may have thread-local variables of their own.
#
# usage: test_plugin.sh BUILD-DIRECTORY
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "skipped: $*"
    exit 77
}

cached() {
    sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}

case $(cached CMAKE_C_FLAGS) in
    *-fsanitize*) skip "a plug-in would need the sanitizer in its host" ;;
esac
[ "$(cached MAG_STATIC_TLS_MODEL)" = global-dynamic ] ||
    skip "the static library was built for programs alone"
defines=
[ "$(cached MAG_DEBUG_TASKS)" != ON ] || defines=-DMAG_DEBUG_TASKS=1
libraries="$(pkg-config --libs hwloc ck) -pthread"

# Nothing in the archive needs a place in the static block of threads.  The linker treats
# its references like those of a program.
readelf -rW "$build/libmagpie.a" >"$work/relocations"
grep -q TLSGD "$work/relocations" || grep -q TLSDESC "$work/relocations" ||
    { echo "no reference to thread-local variables was found"; exit 1; }
! grep -E '_(GOT)?TPOFF|_TLSIE|_TLSLE' "$work/relocations" ||
    { echo "the archive has references of initial-exec"; exit 1; }

# plugin NAME FLAG...: links one.
plugin() {
    local name=$1
    shift
    # shellcheck disable=SC2086 # lists of words
    cc -std=c11 -O2 -fPIC -shared -I "$top/include" $defines "$@" "$here/plugin.c" \
        -o "$work/$name.so" "$build/libmagpie.a" $libraries
}

cc -std=gnu11 -O1 "$here/host.c" -o "$work/host" -pthread -ldl
cd "$work"
plugin plain
plugin hidden -fvisibility=hidden -Wl,--exclude-libs,ALL
plugin small -DOWN_TLS=1600
plugin large -DOWN_TLS=100000
for name in plain hidden small large; do
    for what in stays goes; do
        echo "-- $name $what"
        ./host "./$name.so" $what >log 2>&1 || { cat log; echo "$name: status $?"; exit 1; }
    done
done

# The shared library stays loaded for all, and its plug-in is unloaded.
# shellcheck disable=SC2086 # a list of words
cc -std=c11 -O2 -fPIC -shared -I "$top/include" $defines -DMAG_TLS_INITIAL_EXEC=1 \
    -DOWN_TLS=100000 "$here/plugin.c" -o shared.so -L "$build" -lmagpie "-Wl,-rpath,$build"
echo "-- shared goes"
./host ./shared.so goes
echo "ok"
