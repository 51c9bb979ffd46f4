#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `magpie trace` and MAGPIE_TRACE: a program on the default scheduler leaves a trace that
# viewers can read.
# usage: test_trace_program.sh MAGPIE PROGRAM NAME, where NAME must appear in its trace
set -u
magpie=$1 program=$2 name=$3
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $1"
    cat err
}

# run STATUS ARGUMENT...: `magpie trace` ends with that status.
run() {
    wanted=$1
    shift
    "$magpie" trace "$@" >out 2>err </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || fail "magpie trace $*: status $status, not $wanted"
}

has() {
    grep -qF -e "$1" err || fail "magpie trace does not say '$1'"
}

if ! command -v python3 >/dev/null; then
    echo "skipped: there is no python3 to read the traces with"
    exit 77
fi

# A worker without work searches or parks, if it gets a processor before the program ends:
# on a busy machine in one of some runs.
right=no
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    run 0 "$program"
    has "trace.json: open it"
    if "$here/check_trace.py" trace.json "$name" "park|search"; then
        right=yes
        break
    fi
done
[ "$right" = yes ] || fail "the trace of $program is wrong"
run 0 --output=other.json -- "$program" --output=mine
"$here/check_trace.py" other.json "$name" || fail "--output has another trace"
run 0 -o "each.%p.json" sh -c "'$program' >/dev/null && '$program'"
[ "$(find . -name 'each.*.json' | wc -l)" -eq 2 ] || fail "%p does not make two files"

# The program's own status, and why there is no trace.
run 3 sh -c "exit 3"
has "did not start the default scheduler"
run 1 true
has "did not start the default scheduler"
run 137 sh -c 'kill -9 $$'
run 127 "$dir/absent"
has "absent: No such file"
run 126 "$dir"
run 2
has "PROGRAM is missing"
run 2 --unknown
mkdir no
chmod 500 no
if [ ! -w no ]; then
    run 1 -o no/trace.json "$program"
fi
run 1 -o absent/trace.json "$program"
# What is no regular file is not removed, whoever runs it.
mkfifo pipe
run 1 -o pipe "$program"
has "pipe: not a regular file"
[ -p pipe ] || fail "a pipe was removed"
run 1 -o no "$program"
has "no: not a regular file"

# An unusable file is a wrong value of the variable, as the doctor tells of others.
MAGPIE_TRACE=absent/trace.json "$program" >out 2>err && fail "it starts with a file that cannot be"

[ "$failures" -eq 0 ] || exit 1
echo "magpie trace: all checks passed"
