#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs to a temporary prefix, then builds and runs programs against what is there, in
# each way that a user may.
#
# usage: test_install.sh BUILD-DIRECTORY
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$build/CMakeCache.txt"; then
    echo "skipped: what is installed is not built with a sanitizer"
    exit 77
fi

step() {
    echo "-- $1"
    shift
    "$@"
}

step "install" cmake --install "$build" --prefix "$work/prefix" >/dev/null
lib=$(dirname "$(find "$work/prefix" -name libmagpie.so)")
export LD_LIBRARY_PATH=$lib PKG_CONFIG_PATH=$lib/pkgconfig

echo "-- what is installed"
for file in include/magpie/magpie.h bin/magpie share/man/man1/magpie.1; do
    test -e "$work/prefix/$file" || { echo "missing: $file"; exit 1; }
done
test -e "$lib/libmagpie.a"
readelf -d "$lib/libmagpie.so" | grep -q 'SONAME.*libmagpie\.so\.0'
readelf -d "$lib/libmagpie.so" | grep -q NODELETE

echo "-- only mag_ is exported"
nm -D --defined-only "$lib/libmagpie.so" | awk '{print $3}' >"$work/symbols"
test -s "$work/symbols"
if grep -v '^mag_' "$work/symbols"; then
    echo "these symbols are not ours to export"
    exit 1
fi

mkdir "$work/consumer"
cp "$here/consumer.c" "$here/consumer.cpp" "$work/consumer"
cp "$here/CMakeLists.consumer.txt" "$work/consumer/CMakeLists.txt"
step "by CMake" cmake -S "$work/consumer" -B "$work/consumer/build" -G Ninja \
    -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/consumer/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for program in by-cmake by-cmake-static by-cmake-cpp; do
    step "run $program" "$work/consumer/build/$program"
done

cd "$work/consumer"
# shellcheck disable=SC2046 # lists of words
{
    step "by pkg-config" cc -std=c11 -Wall -Wextra -Wpedantic -Werror consumer.c \
        $(pkg-config --cflags --libs magpie) -o by-pkg-config
    step "run" ./by-pkg-config
    step "by pkg-config, statically" cc -std=c11 consumer.c $(pkg-config --cflags magpie) \
        "$lib/libmagpie.a" $(pkg-config --static --libs magpie | sed 's/-lmagpie//') -o static
    step "run" env -u LD_LIBRARY_PATH ./static
    step "C++17" c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror consumer.cpp \
        $(pkg-config --cflags --libs magpie) -o cpp
    step "run" ./cpp
}

echo "-- each header by itself, in C and C++"
for header in "$work/prefix"/include/magpie/*.h; do
    echo "#include <magpie/$(basename "$header")>" >one.c
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$work/prefix/include" -fsyntax-only one.c
    c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I "$work/prefix/include" \
        -fsyntax-only -x c++ one.c
done
echo "ok"
