#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The public headers are silent under warnings that this project does not use itself: each
# alone, all together, and where a program expands their macros.
#
# usage: test_warnings.sh
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failures=0

BOTH="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wcast-qual \
-Wcast-align -Wredundant-decls -Wfloat-equal -Wformat=2 -Wunused"
C="-Wc++-compat -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
-Wbad-function-cast -Wnested-externs"
CXX="-Wold-style-cast -Wzero-as-null-pointer-constant -Wextra-semi -Wnon-virtual-dtor"
GXX="$CXX -Wuseless-cast -Wlogical-op -Wduplicated-cond"

# silent COMPILER FLAGS FILE...: it says nothing at all.
silent() {
    local compiler=$1 flags=$2
    shift 2
    checks=$((checks + 1))
    # shellcheck disable=SC2086 # lists of words
    "$compiler" $flags $BOTH -I "$top/include" "$@" >"$work/log" 2>&1 && [ ! -s "$work/log" ] &&
        return
    failures=$((failures + 1))
    echo "FAILED: $compiler $flags $*"
    head -8 "$work/log" | sed 's/^/    /'
}

# A header with only macros declares nothing, but a translation unit must declare something.
: >"$work/all.c"
for header in "$top"/include/magpie/*.h "$top"/include/magpie/detail/*.h; do
    name=${header#"$top/include/"}
    printf '#include <%s>\ntypedef int unit;\n' "$name" >"$work/one_${name//\//_}.c"
    printf '#include <%s>\n' "$name" >>"$work/all.c"
done
for header in "$top"/include/magpie/*.hpp "$top"/include/magpie/cpp/*.hpp; do
    name=${header#"$top/include/"}
    printf '#include <%s>\n' "$name" >"$work/one_${name//\//_}.cpp"
done
# In the other order, and twice.
tac "$work/all.c" >"$work/reversed.c"
cat "$work/reversed.c" >>"$work/all.c"
echo 'typedef int unit;' | tee -a "$work/all.c" >>"$work/reversed.c"

languages() { # COMPILER C++-COMPILER C-FLAGS C++-FLAGS
    local file flags
    if ! command -v "$1" >/dev/null || ! command -v "$2" >/dev/null; then
        echo "skipped: there is no $1 or no $2"
        return
    fi
    for file in "$work"/*.c; do
        silent "$1" "-std=c11 $3 -fsyntax-only" "$file"
        silent "$2" "-std=c++17 $4 -fsyntax-only -x c++" "$file"
    done
    silent "$2" "-std=c++20 $4 -fsyntax-only -x c++" "$work/all.c"
    for file in "$work"/*.cpp; do
        silent "$2" "-std=c++17 $4 -fsyntax-only" "$file"
        silent "$2" "-std=c++20 $4 -fsyntax-only" "$file"
    done
    for file in "$top"/tests/headers/every_*macro.c; do
        for flags in -O0 -O2 "-O1 -DMAG_DEBUG_TASKS=1" "-O1 -fsanitize=thread" "-O1 -DNDEBUG"; do
            silent "$1" "-std=c11 $3 $flags -S -o /dev/null" "$file"
            silent "$2" "-std=c++17 $4 $flags -S -o /dev/null -x c++" "$file"
        done
        silent "$2" "-std=c++20 $4 -S -o /dev/null -x c++" "$file"
        silent "$1" "-std=gnu11 $3 -S -o /dev/null" "$file"
    done
}

languages gcc g++ "$C" "$GXX"
languages clang-14 clang++-14 "$C" "$CXX"
languages clang-19 clang++-19 "$C" "$CXX"

echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ] && [ "$checks" -gt 60 ]
