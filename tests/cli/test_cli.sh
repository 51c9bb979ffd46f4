#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the magpie program does with its arguments, its outputs and its exit status.
# usage: test_cli.sh PROGRAM
set -u
magpie=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
checks=0 failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $1"
    sed 's/^/  stdout: /' "$dir/out"
    sed 's/^/  stderr: /' "$dir/err"
}

# run STATUS ARGUMENT...: the program ends with that status.
run() {
    wanted=$1
    shift
    checks=$((checks + 1))
    "$magpie" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || fail "magpie $*: status $status, not $wanted"
}

# bad TEXT ARGUMENT...: status 2, nothing on standard output, and one line with TEXT.
bad() {
    text=$1
    shift
    run 2 "$@"
    [ ! -s "$dir/out" ] || fail "magpie $*: prints on standard output"
    [ "$(wc -l <"$dir/err")" -eq 1 ] || fail "magpie $*: not one line on standard error"
    grep -qF -e "$text" "$dir/err" || fail "magpie $*: does not say '$text'"
}

# lost TEXT FILE ARGUMENT...: standard output is FILE, or closed for -: status 1, and one line
# with TEXT on standard error.
lost() {
    text=$1 file=$2
    shift 2
    checks=$((checks + 1))
    : >"$dir/out"
    if [ "$file" = - ]; then
        "$magpie" "$@" >&- 2>"$dir/err"
    else
        "$magpie" "$@" >"$file" 2>"$dir/err"
    fi
    [ $? -eq 1 ] || fail "magpie $* >$file: output is lost, and the status is not 1"
    [ "$(grep -c "standard output: $text" "$dir/err")" -eq 1 ] ||
        fail "magpie $* >$file: does not say '$text' once"
    case $* in
        *"--json -") ;;
        *) [ "$(wc -l <"$dir/err")" -eq 1 ] || fail "magpie $* >$file: not one line" ;;
    esac
}

# has FILE TEXT: the file has the text.
has() {
    checks=$((checks + 1))
    grep -qF -e "$2" "$1" || fail "'$2' is not in $(basename "$1")"
}

# hasnot FILE TEXT
hasnot() {
    checks=$((checks + 1))
    ! grep -qF -e "$2" "$1" || fail "'$2' is in $(basename "$1")"
}

# --- help and version: standard output, status 0
for command in "" bench report topo doctor trace sim; do
    # shellcheck disable=SC2086 # no word where the command is empty
    run 0 $command --help
    has "$dir/out" "Usage: magpie"
done
run 0 --version
has "$dir/out" "magpie 0."

# --- bad arguments
bad "COMMAND is missing"
bad "'frobnicate' is not a command" frobnicate
bad "unrecognized option '--frobnicate'" --frobnicate
bad "unrecognized option '--frobnicate'" bench --frobnicate
bad "option '--runs' requires an argument" bench --runs
bad "'fbi' is not a workload" bench fbi
bad "--runs: 'x' is not a number" bench --runs x
bad "--runs: 0 is not from 1 to 1000" bench --runs 0
bad "--workers: '1,' is not a list" bench --workers 1,
bad "--workers: 'two' is not a list" bench --workers two
bad "--workers: '1..' is not a list" bench --workers 1..
bad "--workers: '1..max..2' is not a list" bench --workers 1..max..2
bad "--workers: from 3 to 2 there is no number" bench --workers 3..2
bad "--placement: 'near' is not per-core, compact, scatter or per-pu" bench --placement scatter,near
bad "--pin: '' is not never, always or adaptive" bench --pin ""
bad "--workers: 0 is not from 1" bench --workers 1,0
bad "--workers: 5000 is not from 1" bench --workers 5000
bad "--size: 99 does not fit fib" bench fib --size 99
bad "--size: 2 does not fit uts" bench uts --size 2
bad "--size: '99999999999999999999' is not a list" bench fib --size 99999999999999999999
bad "--size: '10^99' is not a list" bench fib --size 10^99
bad "--seconds: '-1' is not a time" bench --seconds=-1
bad "--seconds: 'nan' is not a time" bench --seconds nan
bad "--peers: 'nobody' is not one of openmp, tbb" bench fib --peers openmp,nobody
bad "--peers: '' is not one of" bench fib --peers ""
bad "option '--peers-dir' requires an argument" bench fib --peers-dir
bad "--peers-dir: '' is not a folder" bench fib --peers-dir ""
bad "FILE is missing" report
bad "unexpected argument 'b': only one file is read" report a b
bad "unexpected argument 'here'" topo here
bad "unexpected argument 'here'" doctor here
bad "is not per-core" topo --placement everywhere
bad "this machine does not have" topo --placement 99999
bad "--workers: 0 is not from 1" topo --workers 0
bad "'nonsense' is not a machine that hwloc understands" topo --synthetic nonsense
bad "only one of them" topo --xml a --synthetic b
bad "'fbi' is not a workload" sim fbi
bad "--workers: 2000 is not from 1 to 1024" sim --workers 2000
bad "--size: 2 does not fit uts" sim uts --size 2
bad "--size: 15 does not fit skynet" sim skynet --size 15
bad "only one of them" sim --topology a --synthetic b
bad "--victims: 'few' is not one of" sim --victims few
bad "--waking: 'late' is not one of" sim --waking late

# --- simulations: the same twice
for twice in 1 2; do
    run 0 sim fib loop --size 20 --workers 1,8,64 --seed 3 --synthetic "package:2 [numa] l3:2 core:16 pu:1"
    cp "$dir/out" "$dir/sim$twice"
done
has "$dir/sim1" "fib(20): work "
has "$dir/sim1" "loop(20): work "
checks=$((checks + 1))
cmp -s "$dir/sim1" "$dir/sim2" || fail "the same simulation gives two results"
run 0 sim fib bursts --size 20 --workers 2,8 --synthetic "core:8 pu:1" --json "$dir/sim.json" --html "$dir/sim.html"
has "$dir/sim.json" '"runtime": "sim"'
has "$dir/sim.json" '"simulated"'
has "$dir/sim.html" "<h2>fib(20)"
run 0 report "$dir/sim.json"
run 0 sim fib trickle --check --size 20
has "$dir/out" "fib(20) "
has "$dir/out" " within 15 %"
has "$dir/out" "fib(20)"
run 0 sim fib --size 20 --workers 8 --synthetic "core:8 pu:1" --victims one --waking early --barrier one
has "$dir/out" "fib(20)"
bad "--barrier: 'none' is not one of" sim --barrier none
run 1 sim fib --size 5 --workers 1 --json /nonexistent/file
has "$dir/err" "magpie sim: /nonexistent/file: "
run 0 bench costs
has "$dir/out" "wake-delay "
bad "'costs' is measured by itself" bench costs fib
run 0 sim --list
has "$dir/out" "wake-delay"
echo "wake-dealy 1" >"$dir/costs"
run 1 sim fib --costs "$dir/costs"
has "$dir/err" "line 1: 'wake-dealy' is not a figure of the model"
run 1 sim fib --costs /nonexistent
has "$dir/err" "magpie sim: /nonexistent: cannot be read"
run 1 sim fib --topology /nonexistent
has "$dir/err" "magpie sim: /nonexistent: "

# --- inputs and outputs that fail
run 1 topo --xml /nonexistent
has "$dir/err" "magpie topo: /nonexistent: "
echo nonsense >"$dir/nonsense.xml"
run 1 topo --xml "$dir/nonsense.xml"
has "$dir/err" "not a machine that hwloc understands"
run 1 report /nonexistent
has "$dir/err" "magpie report: /nonexistent: No such file or directory"
run 1 bench fib --size 5 --runs 1 --json /nonexistent/file
has "$dir/err" "magpie bench: /nonexistent/file: No such file or directory"
hasnot "$dir/out" "fib(5)"
if [ -w /dev/full ]; then
    for form in json csv html; do
        run 1 bench fib --size 5 --runs 1 --$form /dev/full
        has "$dir/err" "magpie bench: /dev/full: No space left on device"
    done
    for command in --help --usage --version "bench --help" "bench --usage" "report --help" \
        "topo --help" "doctor --help" "trace --help" topo "topo --json" doctor "doctor --json" "bench --list" \
        "bench fib --size 5 --runs 1" "bench fib --size 5 --runs 1 --json -"; do
        # shellcheck disable=SC2086 # words
        lost "No space left on device" /dev/full $command
    done
    run 0 bench fib --size 5 --runs 1 --json "$dir/lost.json"
    lost "No space left on device" /dev/full report "$dir/lost.json"
fi
for command in --help --usage --version "bench --help" topo doctor "bench --list" \
    "bench fib --size 5 --runs 1" "bench fib --size 5 --runs 1 --json -"; do
    # shellcheck disable=SC2086 # words
    lost "Bad file descriptor" - $command
done
# A file that is opened while standard output is closed does not get what is printed.
lost "Bad file descriptor" - bench fib --size 5 --runs 1 --json "$dir/closed.json"
hasnot "$dir/closed.json" "every answer is right"
has "$dir/closed.json" '"fib"'
# There was no output, so none is lost; a reader that closes its end is not an error.
checks=$((checks + 2))
"$magpie" --frobnicate >&- 2>"$dir/err"
[ $? -eq 2 ] || fail "a wrong argument with a closed output"
"$magpie" --help 2>"$dir/err" | :
[ ! -s "$dir/err" ] || fail "magpie --help: a reader that has left is told"

# --- the list
run 0 bench --list
for workload in fib nqueens skynet matmul uts cilksort heat post post-self post-wake post-strand timer pool; do
    has "$dir/out" "$workload"
done
has "$dir/out" "shows: the cost of a fork and its join"
checks=$((checks + 1))
[ "$(grep -c '^ *shows: ..' "$dir/out")" -eq "$(grep -c '^ *size: ' "$dir/out")" ] ||
    fail "a workload does not say what it shows"

# --- a run, and the same from its JSON
run 0 bench fib nqueens --size 8 --workers 1,3 --runs 2 --json "$dir/run.json" \
    --csv "$dir/run.csv" --html "$dir/run.html"
has "$dir/out" "fib(8)"
has "$dir/out" "nqueens(8)"
has "$dir/out" "every answer is right"
hasnot "$dir/out" "$(printf '\033')"
hasnot "$dir/err" "round"
has "$dir/run.json" '"command": "magpie bench fib nqueens --size 8 --workers 1,3 --runs 2'
has "$dir/run.json" '"workers": 3'
has "$dir/run.html" "</html>"
has "$dir/run.html" "Shows the cost of a fork and its join"
checks=$((checks + 1))
[ "$(wc -l <"$dir/run.csv")" -eq 7 ] || fail "the CSV has not a head and six rows"
cp "$dir/out" "$dir/table"
run 0 report "$dir/run.json" --csv "$dir/again.csv" --html "$dir/again.html" \
    --json "$dir/again.json"
checks=$((checks + 4))
cmp -s "$dir/out" "$dir/table" || fail "the table from JSON differs"
cmp -s "$dir/run.csv" "$dir/again.csv" || fail "the CSV from JSON differs"
cmp -s "$dir/run.json" "$dir/again.json" || fail "the JSON from JSON differs"
cmp -s "$dir/run.html" "$dir/again.html" || fail "the page from JSON differs"

# --- without names everything ends when the time is over, in the first run too; and rows say that they had few runs
run 0 bench --seconds 0.001 --workers 1 --json "$dir/late.json" --html "$dir/late.html"
grep -q "^fib(39) *serial *1 no time left$" "$dir/out" || fail "a row does not say that it had no time"
has "$dir/out" "left out, as 0.001 s are over (--seconds gives more): nqueens "
hasnot "$dir/out" "nqueens("
has "$dir/out" "every answer is right"
has "$dir/late.json" '"late": true'
cp "$dir/out" "$dir/table"
run 0 report "$dir/late.json"
has "$dir/out" "no time left"
has "$dir/out" "every answer is right"
run 0 bench fib --size 8 --workers 1 --runs 1
grep -q "^fib(8) .* 1 run$" "$dir/out" || fail "a row does not say that it had one run"
run 0 bench fib regions --size 8 --workers 1 --seconds 0.001
has "$dir/out" "regions(8)"
hasnot "$dir/out" "left out"
run 0 bench fib --size 8 --workers 1 --runs 5
hasnot "$dir/out" "iB  "

# --- ranges of workers, and seatings beside each other, on a machine with two nodes
HWLOC_SYNTHETIC="node:2 core:1 pu:1" run 0 bench fib --size 8 --workers 1..max --placement compact,scatter \
    --pin never,always --runs 1 --json "$dir/seats.json" --html "$dir/seats.html"
has "$dir/out" "placement compact: a node ends after worker 1"
has "$dir/out" "scatter/pin-always"
checks=$((checks + 1))
[ "$(grep -c '"runtime": "scatter"' "$dir/seats.json")" -eq 2 ] || fail "scatter has not a row for 1 and for 2 workers"
has "$dir/seats.json" '"pin": "never"'
has "$dir/seats.html" "<dt>a node ends after worker</dt><dd>1</dd>"
run 0 report "$dir/seats.json" --html "$dir/again.html"
checks=$((checks + 1))
cmp -s "$dir/seats.html" "$dir/again.html" || fail "the page of seatings from JSON differs"

# --- where the time went, and the same from its JSON
run 0 bench fib --size 20 --workers 2 --runs 2 --why --json "$dir/why.json" --html "$dir/why.html"
has "$dir/out" "time went to"
has "$dir/out" "time lost to"
has "$dir/why.json" '"search_s": '
has "$dir/why.json" '"imbalance": '
has "$dir/why.html" "<h2>Where the time went</h2>"
cp "$dir/out" "$dir/table"
run 0 report --why "$dir/why.json" --html "$dir/again.html"
checks=$((checks + 2))
cmp -s "$dir/out" "$dir/table" || fail "where the time went differs when made from JSON"
cmp -s "$dir/why.html" "$dir/again.html" || fail "the page of where the time went differs"
run 0 report "$dir/why.json"
hasnot "$dir/out" "time went to"

# --- the group of memory: its rows, and the matrix of node pairs
run 0 bench memory --size 6400 --workers 1 --runs 1 --json "$dir/memory.json" --html "$dir/memory.html"
has "$dir/out" "triad(6400)"
has "$dir/out" "chase(6400)"
has "$dir/out" "bandwidth, GB/s"
has "$dir/out" "latency, ns"
has "$dir/memory.json" '"gb_per_s": '
has "$dir/memory.html" "<h2>Memory of the nodes</h2>"
cp "$dir/out" "$dir/table"
run 0 report "$dir/memory.json" --html "$dir/again.html"
checks=$((checks + 2))
cmp -s "$dir/out" "$dir/table" || fail "the table with a matrix differs when made from JSON"
cmp -s "$dir/memory.html" "$dir/again.html" || fail "the page with a matrix from JSON differs"
run 0 bench triad --size 6400 --workers 1 --runs 1
hasnot "$dir/out" "bandwidth, GB/s"

# --- Task Bench: its rows once more as a table
run 0 bench metg-tree --size 64 --workers 1 --runs 1 --json "$dir/metg.json" --html "$dir/metg.html"
has "$dir/out" "METG(50%) of"
has "$dir/metg.html" "<h2>Task Bench<small>"
cp "$dir/out" "$dir/table"
run 0 report "$dir/metg.json"
checks=$((checks + 1))
cmp -s "$dir/out" "$dir/table" || fail "the table of Task Bench differs when made from JSON"

# --- standard output as a file: the table steps aside
run 0 bench fib --size 8 --runs 1 --json -
has "$dir/err" "fib(8)"
hasnot "$dir/out" "speed-up:"
cp "$dir/out" "$dir/out.json"
run 0 report "$dir/out.json"
has "$dir/out" "fib(8)"

# --- the command is kept as it can be typed again, whatever its bytes are
odd="$dir/a $(printf '\377').csv"
run 0 bench fib --size 8 --runs 1 --csv "$odd" --json "$dir/odd.json"
has "$dir/odd.json" " --csv '$dir/a ?.csv' --json "
run 0 report "$dir/odd.json"
long=$(printf '%0300d' 0 | sed 's/0/\xe2\x82\xac/g')
for long in "$long" "a$long" "aa$long"; do
    run 0 bench fib --size 8 --runs 1 --peers-dir "$long" --json "$dir/odd.json"
    run 0 report "$dir/odd.json"
done

# --- peers: one that is wrong, one that is absent, one that cannot be built
# peer NAME CHECK BUILD: lines of shell, in which $2 is where the program goes
peer() {
    mkdir -p "$dir/peers/$1"
    # shellcheck disable=SC2016 # it is for build.sh
    printf 'case $1 in check) %s ;; build) %s ;; esac\n' "$2" "$3" >"$dir/peers/$1/build.sh"
}
cat >"$dir/lane" <<'END'
#!/bin/sh
echo ready
while read -r word && [ "$word" = run ]; do echo "done 0.5 21"; done
END
chmod +x "$dir/lane"
MAGPIE_PEERS=$dir/peers
export MAGPIE_PEERS
peer openmp 'echo OpenMP 99' "cp '$dir/lane' \$2/peer"
peer tbb 'echo there is no such thing; exit 3' 'exit 1'
run 0 bench fib --size 8 --workers 1,2 --runs 2 --peers tbb,openmp --peers-dir "$dir/built" \
    --json "$dir/peers.json" --csv "$dir/peers.csv" --html "$dir/peers.html"
has "$dir/out" "peer tbb absent: there is no such thing"
has "$dir/out" "peer openmp: OpenMP 99"
has "$dir/out" "500.0 ms"
has "$dir/peers.json" '"runtime": "openmp"'
has "$dir/peers.json" '"state": "absent"'
has "$dir/peers.csv" '"fib",8,"openmp",2,2,0.5,0.5,0.5,'
has "$dir/peers.html" "absent: there is no such thing"
cp "$dir/out" "$dir/table"
run 0 report "$dir/peers.json"
checks=$((checks + 1))
cmp -s "$dir/out" "$dir/table" || fail "the table with peers differs when made from JSON"
XDG_CACHE_HOME=$dir/cache run 1 bench fib --size 9 --workers 1 --runs 1 --peers openmp
has "$dir/out" "wrong answer: 21, not 34"
has "$dir/out" "1 of 3 rows failed"
checks=$((checks + 1))
[ -x "$dir/cache/magpie/peers/openmp/peer" ] || fail "the peer is not in the cache"
peer tbb 'echo TBB' 'echo x.cpp:1: error: no; exit 1'
run 1 bench fib --size 8 --workers 1 --runs 1 --peers tbb --peers-dir "$dir/built"
has "$dir/out" "peer tbb failed: x.cpp:1: error: no"
has "$dir/out" "every answer is right"

# --- nowhere to build a peer
XDG_CACHE_HOME='' HOME='' run 1 bench fib --size 8 --workers 1 --runs 1 --peers openmp
has "$dir/err" "HOME is not set; --peers-dir must name a folder"

# --- the figures: of the named workloads, with the peers that are available
run 0 bench fib --figures --size 8 --runs 1 --peers openmp --peers-dir "$dir/built" \
    --json "$dir/figures.json"
has "$dir/out" "fib(8), 2 workers: faster than openmp"
hasnot "$dir/out" "skynet"
has "$dir/out" "figures reached, "
cp "$dir/out" "$dir/table"
run 0 report --figures "$dir/figures.json"
checks=$((checks + 1))
cmp -s "$dir/out" "$dir/table" || fail "the figures from JSON differ"
unset MAGPIE_PEERS

# --- numbers may be written as powers
run 0 bench skynet --size 10^3,1e4 --workers 1 --runs 1
has "$dir/out" "skynet(1000)"
has "$dir/out" "skynet(10^4)"

# --- a plan for a list has a worker for each entry
run 0 topo --synthetic "core:4 pu:1" --placement 3,1,3
has "$dir/out" "3 workers, placed list"

# --- the doctor reports what the mask allows
run 0 doctor
has "$dir/out" "membarrier"
run 0 doctor --json
has "$dir/out" '"quota_cpus"'
has "$dir/out" '"controlled"'
run 0 doctor --watch=1
has "$dir/out" "worker 0: "
run 2 doctor --watch=never
has "$dir/err" "is not a number of seconds"
HWLOC_SYNTHETIC='core:3 pu:1' run 0 doctor
has "$dir/out" "This is another machine: HWLOC_SYNTHETIC puts it in"
HWLOC_SYNTHETIC='core:3 pu:1' run 0 topo
has "$dir/out" "in place of this machine, by HWLOC_SYNTHETIC: 1 node, 3 cores"
run 0 topo
has "$dir/out" "this machine: "
MAGPIE_WORKERS=several MAGPIE_PIN=off run 0 doctor
has "$dir/out" "  MAGPIE_WORKERS    several: wrong"
has "$dir/out" "  MAGPIE_PIN        off"
has "$dir/out" "  MAGPIE_SPIN_US    not set"
tr -s ' \n' ' ' <"$dir/out" >"$dir/flat"
has "$dir/flat" "MAGPIE_WORKERS=several is not valid, and mag_sched_default fails"
has "$dir/flat" "Allowed: 0 to 4096."
has "$dir/flat" "MAGPIE_PIN=off overrides what a program asks"
MAGPIE_PLACEMENT=99999 run 0 doctor
has "$dir/out" "  MAGPIE_PLACEMENT  99999: wrong"
MAGPIE_WORKERS=several run 0 doctor --json
has "$dir/out" '"value": "several"'
has "$dir/out" '"wrong": true'
if command -v taskset >/dev/null && [ "$(nproc)" -gt 1 ]; then
    checks=$((checks + 1))
    one=$(taskset -pc $$ | sed 's/.*: \([0-9]*\).*/\1/')
    taskset -c "$one" "$magpie" doctor >"$dir/out" 2>"$dir/err" || fail "doctor under taskset"
    has "$dir/out" "1 worker: "
    has "$dir/out" "1 PU: $one"
    has "$dir/out" "This process may use 1 of the "
    taskset -c "$one" "$magpie" topo >"$dir/out" 2>"$dir/err" || fail "topo under taskset"
    has "$dir/out" "1 worker, placed per-core"
fi

# --- and what a control group allows, where one can be made
group=
if mkdir "/sys/fs/cgroup/cpu/mag-cli-$$" 2>/dev/null; then
    group=/sys/fs/cgroup/cpu/mag-cli-$$
    echo 100000 >"$group/cpu.cfs_period_us" && echo 150000 >"$group/cpu.cfs_quota_us"
elif grep -q cpu /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null &&
    mkdir "/sys/fs/cgroup/mag-cli-$$" 2>/dev/null; then
    group=/sys/fs/cgroup/mag-cli-$$
    echo "150000 100000" >"$group/cpu.max"
fi 2>/dev/null
if [ -n "$group" ] && [ "$(nproc)" -gt 1 ]; then
    sh -c "echo \$\$ >$group/cgroup.procs && exec '$magpie' doctor" >"$dir/out" 2>"$dir/err"
    has "$dir/out" "$group: 1.50 CPUs, 150.0 ms of every 100.0 ms"
    has "$dir/out" "never held back so far"
    has "$dir/out" "2 workers"
    has "$dir/out" "1.50 CPUs are less than 2 workers"
    sh -c "echo \$\$ >$group/cgroup.procs &&
        HWLOC_SYNTHETIC='core:2 pu:2' exec '$magpie' topo -p per-pu" >"$dir/out" 2>"$dir/err"
    has "$dir/out" "2 workers, placed per-pu"
else
    echo "skipped: no control group can be made, or there is one CPU only"
fi
[ -z "$group" ] || rmdir "$group"

echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ] && [ "$checks" -gt 100 ]
