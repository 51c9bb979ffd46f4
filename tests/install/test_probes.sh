#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shared library has a note for each static tracepoint, and the guide lists them all.
# usage: test_probes.sh BUILD
set -u
build=$1
guide=$(cd "$(dirname "$0")/../.." && pwd)/docs/guide/seeing.md
failures=0

if ! grep -q '^MAG_HAVE_SDT_H:INTERNAL=1' "$build/CMakeCache.txt" ||
    grep -q '^MAG_PROBES:BOOL=OFF' "$build/CMakeCache.txt"; then
    echo "skipped: the library was built without sys/sdt.h"
    exit 77
fi
command -v readelf >/dev/null || { echo "skipped: there is no readelf"; exit 77; }
# Pairs of lines: the provider, then the name.
has=$(readelf -n "$build/libmagpie.so" | awk '/Provider: magpie$/ { getline; print $2 }' | sort -u)
# shellcheck disable=SC2016 # the backquotes are those of the page
told=$(sed -n 's/^| `magpie:\([a-z_]*\)`.*/\1/p' "$guide" | sort -u)
for name in job_begin job_end park wake steal await complete; do
    echo "$has" | grep -qx "$name" || {
        echo "FAILED: libmagpie.so has no tracepoint '$name'"
        failures=$((failures + 1))
    }
done
[ "$has" = "$told" ] || {
    echo "FAILED: the library has these: $has"
    echo "the guide tells of these: $told"
    failures=$((failures + 1))
}
[ "$failures" -eq 0 ] || exit 1
echo "tracepoints: all checks passed"
