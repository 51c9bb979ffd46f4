#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every peer whose toolchain is here can be built, and is right on every workload it has.
# usage: test_peers.sh PROGRAM DIRECTORY
set -u
magpie=$1 built=$2
unset MAGPIE_PEERS
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
failed=0

# run WORKLOAD SIZE: on one worker and on three, which is more than some machines have.
run() {
    "$magpie" bench "$1" --size "$2" --workers 1,3 --runs 2 --seconds 2 --peers all \
        --peers-dir "$built" >"$out" 2>&1 || {
        echo "FAILED: $1 of $2"
        cat "$out"
        failed=1
    }
}

run fib 1
sed -n '/^peer /p' "$out"
grep -q '^peer [a-z]*:' "$out" || {
    echo "skipped: there is no toolchain of any peer"
    exit 77
}
for work in "fib 16" "nqueens 1" "nqueens 7" "skynet 10" "skynet 1000" "matmul 64" \
    "matmul 256" "uts 1" "uts 3" "cilksort 1" "cilksort 2049" "cilksort 50000" \
    "regions 1" "regions 50"; do
    # shellcheck disable=SC2086 # two words
    run $work
done
exit $failed
