#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands for gdb, on a live process and on its core dump.
# usage: test_gdb.sh PROGRAM, which must have come to a standstill when it raises SIGTRAP
set -u
program=$1
script=$(cd "$(dirname "$0")/../.." && pwd)/tools/gdb/magpie.py
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

command -v gdb >/dev/null || { echo "skipped: there is no gdb"; exit 77; }
gdb -nx -batch -ex 'python print("it has Python")' 2>/dev/null | grep -q Python ||
    { echo "skipped: this gdb has no Python"; exit 77; }

# look OUTPUT ARGUMENT...: gdb on the program, with our commands after those of ARGUMENT.
look() {
    output=$1
    shift
    gdb -nx -batch -iex 'set debuginfod enabled off' "$@" -ex "source $script" \
        -ex 'echo == workers\n' -ex 'magpie workers' -ex 'echo == tasks\n' -ex 'magpie tasks' \
        -ex 'echo == why\n' -ex 'magpie why page' -ex 'echo == end\n' >"$output" 2>&1 </dev/null
}

# has OUTPUT TEXT
has() {
    grep -qE -e "$2" "$1" || {
        failures=$((failures + 1))
        echo "FAILED: '$2' is not in $(basename "$1"):"
        cat "$1"
    }
}

check() {
    has "$1" 'scheduler 0x[0-9a-f]+ "codec": running, 1 workers'
    has "$1" 'worker 0: runs, thread [0-9]+ in .*, job decode_frame'
    has "$1" 'job 0x[0-9a-f]+ upload: waits (on worker 0|for any worker)'
    has "$1" 'async function load_page 0x[0-9a-f]+: pending'
    has "$1" 'async function fetch 0x[0-9a-f]+: pending, awaited'
    has "$1" 'promise 0x[0-9a-f]+: pending'
    [ "$(grep -c 'which waits for' "$1")" -eq 2 ] || {
        failures=$((failures + 1))
        echo "FAILED: the chain of waits has not two links in $1"
    }
    if grep -q 'Python Exception\|Error' "$1"; then
        failures=$((failures + 1))
        echo "FAILED: an error in $1:"
        cat "$1"
    fi
}

look "$dir/live" "$program" -ex run -ex "generate-core-file $dir/core"
if ! grep -q 'SIGTRAP' "$dir/live"; then
    echo "skipped: gdb may not run a program here"
    exit 77
fi
check "$dir/live"
if [ -s "$dir/core" ]; then
    look "$dir/dead" "$program" "$dir/core"
    check "$dir/dead"
else
    echo "no core dump could be made"
    failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] || exit 1
echo "gdb: all checks passed"
