#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/mthumb makes small copies that look like the pictures, and skips broken ones.
# usage: test_mthumb.sh PROGRAM JPEG
set -u
mthumb=$(realpath "$1") jpeg=$(realpath "$2")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
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
    sed 's/^/  stderr: /' err
}

# ends STATUS ARGUMENT...
ends() {
    local wanted=$1
    shift
    "$mthumb" "$@" >out 2>err
    is "mthumb $* ends with $wanted" [ $? = "$wanted" ]
}

# looks FILE WIDTH HEIGHT: it has this size, and its corners have their colours.
looks() {
    local width height colors
    read -r width height colors <<<"$("$jpeg" show "$1" 2>err)"
    is "$1 is $2 x $3, not $width x $height" [ "$width $height" = "$2 $3" ]
    is "$1 has the colours $colors" awk -v c="$colors" 'BEGIN {
        split(c, is); split("0 0 255 0 0 255 255 255", want)
        for (i = 1; i <= 8; i++)
            if (is[i] - want[i] > 40 || want[i] - is[i] > 40) exit 1
    }' /dev/null
}

mkdir in
for size in "1000 500" "500 1000" "640 640" "161 160" "2000 30" "4000 3000" "33 50"; do
    # shellcheck disable=SC2086 # two numbers
    "$jpeg" make $size "in/${size/ /x}.jpg" || exit 1
done
for threads in "-p 1" "-p 2" "-p 5" ""; do
    mkdir out.d
    # shellcheck disable=SC2086 # words
    ends 0 $threads -o out.d in/*
    is "nothing is said" [ ! -s err ]
    looks out.d/1000x500.jpg 160 80
    looks out.d/500x1000.jpg 80 160
    looks out.d/640x640.jpg 160 160
    looks out.d/4000x3000.jpg 160 120
    looks out.d/33x50.jpg 33 50
    is "a flat one" [ "$("$jpeg" show out.d/2000x30.jpg | cut -d' ' -f1,2)" = "160 2" ]
    [ -d first ] || cp -r out.d first
    is "$threads makes the same copies" diff -r first out.d
    rm -r out.d
done
mkdir out.d
ends 0 -s 40 -o out.d in/640x640.jpg
looks out.d/640x640.jpg 40 40

# --- broken ones, among others
head -c 5000 in/4000x3000.jpg >in/short.jpg
echo "no picture" >in/text.jpg
: >in/empty.jpg
mkdir in/directory.jpg
ends 2 -p 2 -o out.d in/*.jpg in/nothing.jpg
for name in short text empty directory nothing; do
    is "$name.jpg is reported" grep -q "in/$name.jpg: .*; skipped" err
    is "and not written" [ ! -e out.d/$name.jpg ]
done
is "what is not there is said as the system says it" grep -q "nothing.jpg: No such file" err
is "five lines" [ "$(wc -l <err)" = 5 ]
is "the others are there" [ "$(find out.d -name '*.jpg' | wc -l)" = 7 ]

# --- what it refuses
ends 1
ends 1 -o out.d
ends 1 -s 0 -o out.d in/640x640.jpg
ends 1 -o nowhere in/640x640.jpg
if command -v script >/dev/null; then
    script -qec "'$mthumb' -o out.d in/640x640.jpg in/33x50.jpg" typescript >terminal </dev/null
    is "progress on a terminal" grep -q "2 of 2" terminal
fi

echo "$((checks - failures)) of $checks checks passed"
[ $failures = 0 ]
