#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The index that examples/mindex makes in parallel is the one of its serial form, and that of
# other tools.
# usage: test_mindex.sh PROGRAM
set -u
mindex=$(realpath "$1")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
seed=${MAG_TEST_SEED:-$(date +%s)}
RANDOM=$((seed % 32768))
echo "seed $seed"
checks=0 failures=0
cd "$dir" || exit 1

# is WHAT COMMAND...: the command must succeed.
is() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" && return
    failures=$((failures + 1))
    echo "FAILED: $what"
}

# ends STATUS ARGUMENT...
ends() {
    local wanted=$1
    shift
    "$mindex" "$@" >out 2>err
    is "mindex $* ends with $wanted" [ $? = "$wanted" ]
}

# --- a tree whose index is known
mkdir -p small/b
echo 'To be, or not to BE: _x1 a' >small/a
printf 'be\nbe\n' >small/b/c
printf 'be\0' >small/d
ln -s a small/e
: >small/f
cat >wanted <<'END'
document 0 7 small/a
document 1 2 small/b/c

_x1 0:1
be 0:2 1:2
not 0:1
or 0:1
to 0:2
END
for form in -s "-p 1" "-p 2" "-p 5" ""; do
    # shellcheck disable=SC2086 # words
    ends 0 $form small
    is "the index of a small tree, $form" cmp out wanted
done

# --- files of very different sizes
mkdir -p tree
for i in $(seq 1 300); do
    lines=$((RANDOM % 20))
    [ $((i % 50)) != 0 ] || lines=$((RANDOM % 20000))
    mkdir -p "tree/$((i % 7))"
    awk -v seed=$RANDOM -v lines=$lines 'BEGIN {
        srand(seed)
        for (i = 0; i < lines; i++)
            printf "word%d, Is %x and\t%s\n", rand() * rand() * 9000, rand() * 1e6, "x" int(rand() * 40) "y"
    }' >"tree/$((i % 7))/$i"
done
ends 0 -s -o serial tree
for threads in 2 3 8; do
    ends 0 -p $threads -o parallel tree
    is "$threads threads make the same index" cmp serial parallel
done
sed '1,/^$/d' serial | cut -d' ' -f1 >terms
is "the terms are sorted" env LC_ALL=C sort -c terms
cat tree/*/* | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9_' '\n' | cut -c 1-40 |
    awk 'length > 1' | LC_ALL=C sort -u >by_others
is "and those that other tools find" cmp terms by_others
is "the counts, too" [ "$(sed '1,/^$/d' serial | tr ' ' '\n' | grep -c :)" = \
    "$(sed 's/.*, \([0-9]*\) postings/\1/' err)" ]

# --- what it refuses
ends 2
ends 2 -p 0 small
ends 1 nothing
is "what is not there is said as the system says it" grep -q "nothing: No such file" err
ends 1 -o /nothing/here small
if [ -w /dev/full ]; then
    "$mindex" small >/dev/full 2>err
    is "a full disk is an error" [ $? = 1 ]
    is "a full disk is said as the system says it" grep -q "No space left" err
    # A link beside it: were it removed, the device would not be.
    ln -s /dev/full full
    ends 1 -o full small
    is "a device stays" [ -c full ]
fi
ends 0 -n 1 small
is "-n 1 stops after the first file" [ "$(grep -c ^document out)" = 1 ]

echo "$((checks - failures)) of $checks checks passed"
[ $failures = 0 ]
