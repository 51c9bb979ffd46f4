#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What examples/mgzip makes is what gunzip reads, and it does with files what gzip does.
# usage: test_mgzip.sh PROGRAM
set -u
mgzip=$(realpath "$1")
command -v gzip >/dev/null || { echo "skipped: there is no gzip"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
seed=${MAG_TEST_SEED:-$(date +%s)}
RANDOM=$((seed % 32768))
echo "seed $seed"
checks=0 failures=0
cd "$dir" || exit 1

fail() {
    failures=$((failures + 1))
    echo "FAILED: $1"
    [ ! -s err ] || sed 's/^/  stderr: /' err
}

# is WHAT COMMAND...: the command must succeed.
is() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$what"
}

# ends STATUS ARGUMENT...: mgzip ends with that status; leaves out and err.
ends() {
    local wanted=$1 status
    shift
    checks=$((checks + 1))
    "$mgzip" "$@" >out 2>err </dev/null
    status=$?
    [ $status = "$wanted" ] || fail "mgzip $*: status $status, not $wanted"
}

# says TEXT: in one line on standard error.
says() {
    checks=$((checks + 1))
    { [ "$(wc -l <err)" = 1 ] && grep -qF -e "$1" err; } || fail "it does not say '$1'"
}

quiet() { is "it says something" [ ! -s err ]; }

# sample SIZE: so many bytes that compress like real ones.
sample() { head -c "$1" source; }

# The program itself, some text, and what does not compress.
{
    cat "$mgzip"
    awk 'BEGIN { for (i = 0; i < 60000; i++) print "line", i, i * i % 977, "of a text" }'
    gzip -1 <"$mgzip" | head -c 300000
    cat "$mgzip"
} | head -c 3000000 >source

# round OPTION...: gunzip and mgzip give back the file `plain`.
round() {
    checks=$((checks + 1))
    if ! "$mgzip" -c "$@" plain >packed.gz 2>err || ! gunzip -c packed.gz | cmp -s - plain; then
        fail "gunzip gives back something else after mgzip $*, $(wc -c <plain) bytes"
    elif ! "$mgzip" -dc packed.gz 2>err | cmp -s - plain; then
        fail "mgzip -d gives back something else after mgzip $*, $(wc -c <plain) bytes"
    fi
}

engines=zlib
"$mgzip" --engine libdeflate </dev/null >/dev/null 2>&1 && engines="zlib libdeflate"

# --------------------------------------------------------------------- what it makes

for engine in $engines; do
    for size in 0 1 32767 32768 32769 65536 131071 131072 131073 262144 1048576 1048577; do
        sample $size >plain
        for processes in 1 2 3; do
            round --engine "$engine" -p $processes
        done
        round --engine "$engine" -b 32
    done
    sample 3000000 >plain
    for level in 1 2 3 4 5 6 7 8 9; do
        round --engine "$engine" -$level -p $((1 + level % 3))
    done
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sample $((RANDOM * RANDOM % 3000000)) >plain
        round --engine "$engine" -$((1 + RANDOM % 9)) -p $((1 + RANDOM % 5)) \
            -b $((32 + RANDOM % 300))
    done
    is "blocks of a gigabyte" round --engine "$engine" -b 1048576

    # From standard input, in pieces, to standard output.
    { sample 100000; sleep 0.1; sample 200000; } | "$mgzip" --engine "$engine" -b 32 -p 2 >packed.gz
    { sample 100000; sample 200000; } >plain
    is "standard input comes back" cmp -s plain <(gunzip -c packed.gz)

    # The number of threads decides nothing, once there are several.
    "$mgzip" --engine "$engine" -nc -p 2 source >two
    "$mgzip" --engine "$engine" -nc -p 5 source >five
    is "two threads and five make the same" cmp -s two five
done
is "the same as gzip, about" [ $(($(wc -c <two) * 100)) -lt $(($(gzip -c source | wc -c) * 103)) ]

# ------------------------------------------------------------------ files and names

sample 200000 >plain
cp plain file
chmod 640 file
touch -d 2001-02-03T04:05:06Z file
ends 0 file
quiet
is "the file is gone" [ ! -e file ]
is "its mode stays" [ "$(stat -c %a file.gz)" = 640 ]
is "its time stays" [ "$(stat -c %Y file.gz)" = 981173106 ]
mv file.gz other.gz
is "its name and time are stored" gunzip -N other.gz
is "and come back" [ "$(stat -c %Y file)" = 981173106 ]
ends 0 -v file
says "replaced with file.gz"
ends 0 -d file
is "it is back" cmp -s file plain
is "with its mode" [ "$(stat -c %a file)" = 640 ]
is "and its time" [ "$(stat -c %Y file)" = 981173106 ]
ends 0 -k file
is "-k keeps it" [ -e file ]
ends 2 -k file
says "already exists; not overwritten"
ends 2 -kq file
quiet
ends 0 -kf file
ends 2 file.gz
says "already has the suffix"
mv file.gz renamed
ends 2 -d renamed
says "unknown suffix"
is "it stays" [ -e renamed ]
ends 0 -t -v renamed
says "OK"
mv renamed file.gz
rm file
ends 0 -d file.gz
ends 0 -S .z file
ends 0 -d -S .z file.z
is "another suffix" cmp -s file plain
tar cf archive.tar plain
gzip -c archive.tar >archive.tgz
rm archive.tar
ends 0 -d archive.tgz
is "a .tgz becomes a .tar" [ -e archive.tar ]
mkdir tree tree/inner
cp plain tree/a
cp plain tree/inner/b
ends 0 -r tree
is "-r enters directories" [ -e tree/inner/b.gz ]
ends 0 -dr tree
is "and back" cmp -s tree/inner/b plain
sample 1000 | "$mgzip" -n >one
sleep 1
sample 1000 | "$mgzip" -n >two
is "the clock decides nothing" cmp -s one two

# ------------------------------------------------------------------- several members

{ sample 5000 | gzip; sample 70000 | "$mgzip"; gzip </dev/null; sample 300 | gzip -9; } >many.gz
{ sample 5000; sample 70000; sample 300; } >plain
ends 0 -dc many.gz
is "members follow each other" cmp -s out plain
if command -v pigz >/dev/null; then
    pigz -c plain >packed.gz
    ends 0 -dc packed.gz
    is "what pigz makes" cmp -s out plain
fi

# ----------------------------------------------------------------------- broken input

gzip -c plain >good.gz
size=$(wc -c <good.gz)
head -c $((size - 9)) good.gz >short.gz
ends 1 -t short.gz
says "unexpected end of file"
ends 1 -d short.gz
is "nothing is left of it" [ ! -e short ]
is "but the input" [ -e short.gz ]
: >empty.gz
ends 1 -t empty.gz
says "unexpected end of file"
ends 1 -t plain
says "not in gzip format"
ends 0 -dcf plain
is "-dcf copies" cmp -s out plain
cp good.gz bad.gz
printf '\1\2\3\4' | dd of=bad.gz bs=1 seek=$((size - 8)) conv=notrunc 2>dd.log
ends 1 -t bad.gz
says "data check"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    cp good.gz bad.gz
    # shellcheck disable=SC2059 # an octal number
    printf "\\$(printf %03o $((RANDOM % 256)))" |
        dd of=bad.gz bs=1 seek=$((RANDOM % size)) conv=notrunc 2>dd.log
    "$mgzip" -dc bad.gz >out 2>err
    status=$?
    is "a wrong byte: status $status" [ $status -le 1 ]
    [ $status = 1 ] || is "a wrong byte gives wrong data" cmp -s out plain
done
{ cat good.gz; echo garbage; } >rest.gz
ends 2 -dc rest.gz
says "trailing garbage ignored"
is "what is before the garbage is whole" cmp -s out plain
{ cat good.gz; head -c 1000 /dev/zero; } >padded.gz
ends 0 -dc padded.gz
quiet

# ---------------------------------------------------------------------- what it refuses

ends 1 nothing
says "No such file"
ends 2 tree
says "is a directory"
ends 1 tree nothing plain
is "an error outweighs a warning, and the rest is done" [ -e plain.gz ]
gunzip plain.gz
ln plain twin
ends 2 plain
says "has 1 other link"
rm twin
ln -s plain link
ends 1 link
is "a link stays" [ -L link ]
mkfifo queue
ends 2 queue
says "not a directory or a regular file"
for arguments in -p0 -pfour "-b 1" "--engine none" "-S /" --nonsense; do
    # shellcheck disable=SC2086 # words
    ends 1 $arguments plain
    is "$arguments is refused" [ -s err ]
done
ends 0 --help
ends 0 -h
ends 0 --version

# --------------------------------------------------------------- what goes wrong midway

for arguments in "-c source" --help --version; do
    checks=$((checks + 1))
    # shellcheck disable=SC2086 # words
    "$mgzip" $arguments >/dev/full 2>err && fail "a full disk is no error: $arguments"
    says "No space left"
done
(ulimit -f 100; "$mgzip" -k source 2>err)
is "a file that may not grow: status 1" [ $? = 1 ]
is "leaves nothing" [ ! -e source.gz ]
"$mgzip" -c tree/a <&- >out 2>err || fail "without standard input"
truncate -s 40G large
for signal in INT TERM HUP; do
    # A shell lets what runs in the background ignore SIGINT.
    env --default-signal=$signal "$mgzip" -k -p 2 large 2>err &
    until [ -s large.gz ] || ! kill -0 $! 2>dd.log; do sleep 0.05; done
    kill -$signal $!
    wait $! 2>dd.log
    is "SIG$signal ends it" [ $? -gt 128 ]
    is "SIG$signal removes what was written" [ ! -e large.gz ]
    is "and nothing else" [ -e large ]
done
rm large

# ---------------------------------------------------------------------------- progress

if command -v script >/dev/null; then
    truncate -s 1G large
    script -qec "'$mgzip' -1c large >/dev/null" typescript >terminal </dev/null
    is "progress on a terminal" grep -q "% of 1074 MB" terminal
    script -qec "'$mgzip' -1qc large >/dev/null" typescript >terminal </dev/null
    is "none with -q" [ ! -s terminal ]
    script -qec "'$mgzip'" typescript >terminal </dev/null
    is "nothing is compressed to a terminal" grep -q "not written to a terminal" terminal
fi

echo "$((checks - failures)) of $checks checks passed"
[ $failures = 0 ]
