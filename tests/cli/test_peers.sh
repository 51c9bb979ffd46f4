#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every peer whose toolchain is installed can be built, and is right on every workload it has.
# usage: test_peers.sh PROGRAM DIRECTORY
set -u
magpie=$1 built=$2
if grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$(dirname "$built")/CMakeCache.txt"; then
    echo "skipped: the peers know nothing of the sanitizer, and were tested without"
    exit 77
fi
unset MAGPIE_PEERS
# Where data for mgzip is made.
export XDG_CACHE_HOME="$built"
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
failed=0

# run PEERS WORKERS SIZE,... WORKLOAD...: three workers are more than some machines have.
# The trees of uts are large: two runs where the time is enough for them.
run() {
    peers=$1 workers=$2 sizes=$3
    shift 3
    "$magpie" bench "$@" --size "$sizes" --workers "$workers" --runs 2 --seconds 2 \
        --peers "$peers" --peers-dir "$built" >"$out" 2>&1 || {
        echo "FAILED: $* of $sizes on $workers"
        cat "$out"
        failed=1
    }
}

run all 1 1 fib
sed -n '/^peer /p' "$out"
# The peers that are ready.  Asking the others again each time would take as long as the test.
ready=$(sed -n 's/^peer \([a-z]*\):.*/\1/p' "$out" | paste -sd, -)
[ -n "$ready" ] || {
    echo "skipped: there is no toolchain of any peer"
    exit 77
}
run "$ready" 1 1 nqueens cilksort regions
run "$ready" 1,3 16 fib
run "$ready" 1,3 7 nqueens
run "$ready" 1,3 10,1000 skynet
run "$ready" 1,3 64,256 matmul
run "$ready" 3 1,3 uts
run "$ready" 1,2,3 2049,50000 cilksort
run "$ready" 1,2 50000 sort-random sort-sorted sort-stable
run "$ready" 1,2 3 for-pareto for-triangle for-nested
run "$ready" 1,3 50 regions
run "$ready" 1,3 1,100003 reduce scan
run "$ready" 1,2 99 post-chain
run "$ready" 1,3 1001 post-self post-any post-all
run "$ready" 1,3 20001 post-foreign post-foreigns
run "$ready" 2 3 post-wake
run "$ready" 1,2 2 mgzip mgzip-libdeflate
run "$ready" 1,2 9 bursts trickle
run "$ready" 1,2,3 100 heat
run "$ready" 1,2,3 6400 triad random chase
run "$ready" 1,2 99 team barrier
run "$ready" 1,2 20001 submit submit-all
exit $failed
