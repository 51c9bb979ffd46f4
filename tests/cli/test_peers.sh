#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every peer whose toolchain is here can be built, and is right on every workload it has.
# usage: test_peers.sh PROGRAM DIRECTORY
set -u
magpie=$1 built=$2
if grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$(dirname "$built")/CMakeCache.txt"; then
    echo "skipped: the peers know nothing of the sanitizer, and were tested without"
    exit 77
fi
unset MAGPIE_PEERS
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
failed=0

# run WORKLOAD SIZE WORKERS: three are more than some machines have.
run() {
    "$magpie" bench "$1" --size "$2" --workers "$3" --runs 2 --seconds 2 --peers all \
        --peers-dir "$built" >"$out" 2>&1 || {
        echo "FAILED: $1 of $2 on $3"
        cat "$out"
        failed=1
    }
}

run fib 1 1
sed -n '/^peer /p' "$out"
grep -q '^peer [a-z]*:' "$out" || {
    echo "skipped: there is no toolchain of any peer"
    exit 77
}
for work in "fib 16 1,3" "nqueens 1 1" "nqueens 7 1,3" "skynet 10 1" "skynet 1000 1,3" \
    "matmul 64 1" "matmul 256 1,3" "uts 1 3" "uts 3 3" "cilksort 1 1" "cilksort 2049 2" \
    "cilksort 50000 1,3" "regions 1 1" "regions 50 1,3" "post-chain 99 1,2" \
    "post-self 999 1,3" "post-pool 999 1,3" "post-all 1001 1,3" "post-foreign 20000 1,2" \
    "post-foreigns 20001 1,3" "post-wake 3 2"; do
    # shellcheck disable=SC2086 # three words
    run $work
done
exit $failed
