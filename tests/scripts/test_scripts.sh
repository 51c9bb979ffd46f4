#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The scripts around the library: how they take arguments, what they install,
# and that a run which tested too little does not pass.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cases=0 failures=0

# expect WHAT COMMAND...: the command must succeed.
expect() {
    local what=$1
    shift
    cases=$((cases + 1))
    "$@" && return
    echo "not so: $what"
    for file in out err calls; do
        [ -s "$file" ] && sed "s/^/    $file: /" "$file"
    done
    failures=$((failures + 1))
}

# run STATUS COMMAND...: whether it ends so; leaves what it says in out and err.
run() {
    local wanted=$1
    shift
    "$@" >out 2>err </dev/null
    [ $? = "$wanted" ]
}

lines() { [ "$(wc -l <"$1")" = "$2" ]; }
says() { grep -qF -- "$2" "$1"; }

# ------------------------------------------------------------------------ arguments

for script in bench/run tests/run; do
    expect "$script --help" run 0 "$top/$script" --help
    expect "its help says how it is used" says out "usage: $script"
    if [ -w /dev/full ]; then
        # shellcheck disable=SC2016 # for the other shell
        expect "$script --help on a full disk fails" run 1 sh -c '"$0" --help >/dev/full' "$top/$script"
        expect "in one line" lines err 1
    fi
    for argument in --nonsense -x; do
        expect "$script $argument is refused" run 2 "$top/$script" "$argument"
        expect "in one line" lines err 1
        expect "and nothing else" lines out 0
        expect "which names it" says err "'$argument'"
    done
done
expect "a word is refused" run 2 "$top/tests/run" nonsense
expect "a preset that is none" run 2 "$top/tests/run" --preset nonsense
expect "a preset without a name" run 2 "$top/tests/run" --preset
expect "a label that is none" run 2 "$top/tests/run" --label nonsense
expect "an option without a value" run 2 "$top/bench/run" --runs
expect "a job that is none" run 2 "$top/.ci/run" nonsense

# --------------------------------------------------------------------------- set-up

# bin NAME...: a folder `path` with these programs of the system, and nothing else.
bin() {
    rm -rf path
    mkdir path
    for name in bash "$@"; do
        ln -s "$(command -v "$name")" "path/$name"
    done
}

# fake NAME TEXT: a fake program, which also notes that it was called.
fake() {
    rm -f "path/$1"
    printf '#!/bin/bash\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$work" "$2" >"path/$1"
    chmod +x "path/$1"
}

# A system with apt where everything but libcmocka-dev and relacy-dev is installed.
debian() {
    bin env cat tail mkdir
    : >calls
    for name in gcc g++ ninja python3 gnuplot; do
        fake "$name" ''
    done
    fake cmake 'echo "cmake version 3.25.1"'
    fake id 'echo 0'
    # shellcheck disable=SC2016 # it is for the fake
    fake pkg-config '[ "$2" != cmocka ]'
    fake dpkg-query 'echo not-installed; exit 1'
    fake apt-get ''
    fake apt-cache ''
}

# shellcheck disable=SC2016 # it is for the inner shell
setup=('.' "$top/tools/setup.sh" '&&' 'MAG_WELCOME="gnuplot-nox:gnuplot relacy-dev:/nowhere"'
    '&&' 'MAG_GUESTS="qemu-system-x86:/"'
    '&&' 'mag_setup' 'build')
set_up() { run "$1" env -i "PATH=$work/path" bash -c "${setup[*]}"; }

bin cat id mkdir
for script in bench/run tests/run; do
    expect "$script stops without apt" run 1 env "PATH=$work/path" bash "$top/$script"
    for manager in dnf pacman zypper brew; do
        expect "it tells what $manager would install" says err "  $manager "
    done
    expect "each time with hwloc and a compiler" test "$(grep -c 'gcc.*hwloc.*cmocka' err)" = 4
    expect "dnf by its name for ninja" grep -q '^  dnf .* ninja-build ' err
done

debian
expect "what is missing is installed" set_up 0
expect "after the lists were updated" grep -q '^apt-get .* update$' calls
grep ' install ' calls | sed 's/.* --no-install-recommends //' >installed
expect "that first, then what is welcome, and nothing else" \
    test "$(cat installed)" = "libcmocka-dev
relacy-dev"

# shellcheck disable=SC2016 # it is for the inner shell
peers=("${setup[@]/#build/peers}")
peers=("${peers[@]/#MAG_WELCOME=*/MAG_WELCOME= MAG_PEERS=\"libtbb-dev:/nowhere golang-go:go\"}")
debian
fake go ''
expect "peers' toolchains are asked for" run 0 env -i "PATH=$work/path" bash -c "${peers[*]}"
expect "those that are not there" \
    grep -q '^apt-get .* install --no-install-recommends libtbb-dev$' calls

debian
# shellcheck disable=SC2016 # it is for the fake
fake apt-cache '[ "$2" != relacy-dev ]'
expect "what a release lacks is done without" set_up 0
expect "if it is not needed" \
    grep -q '^apt-get .* install --no-install-recommends libcmocka-dev$' calls

debian
fake pkg-config ''
fake apt-cache 'exit 1'
expect "where nothing is missing" set_up 0
expect "nothing is installed" test "$(grep -c apt-get calls)" = 0

debian
fake id 'echo 1000'
expect "without root and sudo it stops" set_up 1
expect "and says what to install" says err "apt-get install --no-install-recommends libcmocka-dev"
# shellcheck disable=SC2016 # it is for the fake
fake sudo '"$@"'
expect "with sudo it does not" set_up 0
expect "and uses it" grep -q '^sudo env .*apt-get .* install' calls

debian
fake apt-get 'echo "no network"; exit 100'
expect "when apt fails, so does it" set_up 1
expect "and tells why" says err "no network"

debian
# shellcheck disable=SC2016 # it is for the fake
fake apt-get 'case $* in *relacy*) echo "no space"; exit 100 ;; esac'
expect "when what is only welcome fails" set_up 0
expect "it is done without" says err "are done without"

debian
fake pkg-config ''
fake apt-get 'echo "no network"; exit 100'
expect "also where nothing else is missing" set_up 0
expect "and said so" says err "are done without"
fake apt-cache 'exit 1'
expect "and nothing is said" set_up 0
expect "of what a release lacks" lines err 0

debian
rm path/cmake
# shellcheck disable=SC2016 # it is for the fake
fake apt-cache '[ "$1" != policy ] || printf "cmake:\n  Installed: (none)\n  Candidate: 3.22.1-1ubuntu1\n"'
expect "a release whose CMake is too old" set_up 1
expect "is told" says err "CMake 3.25 or newer is needed, and this system offers 3.22.1-1ubuntu1"
expect "before anything is installed" test "$(grep -c ' install ' calls)" = 0
for candidate in 3.25.1-1 "(none)"; do
    debian
    rm path/cmake
    # CMake comes with the installation.
    fake apt-get "case \$* in *cmake*) printf '#!/bin/bash\\necho cmake version 3.25.1\\n' >path/cmake; chmod +x path/cmake ;; esac"
    fake apt-cache "[ \"\$1\" != policy ] || echo '  Candidate: $candidate'"
    ln -s "$(command -v chmod)" path/chmod
    expect "one that offers $candidate is tried" set_up 0
done

debian
fake cmake 'echo "cmake version 3.22.1"'
expect "a CMake that is too old" set_up 1
expect "is noticed before anything is installed" test "$(grep -c apt-get calls)" = 0

debian
fake pkg-config ''
fake apt-cache 'exit 1'
for version in 3.22.1 3.9.6 2.8; do
    fake cmake "echo 'cmake version $version'"
    expect "CMake $version is too old" set_up 1
    expect "it says so" says err "CMake 3.25 or newer is needed, and this is $version"
done
for version in 3.25.0 3.31.6 4.0.1 10.2; do
    fake cmake "echo 'cmake version $version'"
    expect "CMake $version will do" set_up 0
done

# Only the program's own output goes to standard output.
mkdir -p tree/bench tree/tools tree/build/release/bench
cp "$top/bench/run" tree/bench
cp "$top/tools/setup.sh" tree/tools
printf '#!/bin/bash\necho "what, was, asked, for"\n' >tree/build/release/bench/magpie
chmod +x tree/build/release/bench/magpie
debian
expect "a run that installs and builds" \
    run 0 env -i "PATH=$work/path" bash tree/bench/run fib --csv -
expect "says so" grep -q '^Installing: libcmocka-dev' err
expect "and what it builds" says err "Building (release)"
expect "which is no test" grep -q '^cmake --build build/release --target benchmarks$' calls
expect "and where the page is" says err "The page is $work/report.html"
expect "beside standard output, not in it" test "$(cat out)" = "what, was, asked, for"

# ------------------------------------------------------------------ counting of tests

# A tree of one test, which has a second form, and a ctest of ours.
mkdir -p tree/tests/unit/base tree/build/dev
cp "$top/tests/run" "$top/tests/summary.awk" tree/tests
echo 'cmocka_unit_test(one)' >tree/tests/unit/base/test_a.c
printf '# in two forms\ntest_a\n' >tree/tests/fenced.txt
# tested NAME [ARGUMENT...]: a run, with the arguments, whose ctest runs these tests.
tested() {
    local names=$1
    shift
    debian
    fake pkg-config ''
    fake apt-cache 'exit 1'
    for name in awk grep tee wc; do
        ln -s "$(command -v "$name")" "path/$name"
    done
    for name in $names; do
        echo "1/1 Test #1: $name ....   Passed    0.01 sec"
    done >progress.txt
    for name in $names; do
        printf '1/1 Testing: %s\n[ RUN      ] one\n[       OK ] one\n' "$name"
    done >log.txt
    fake ctest "cat $work/log.txt >build/dev/Testing/Temporary/LastTest.log; cat $work/progress.txt"
    env -i "PATH=$work/path" bash tree/tests/run "$@" >out 2>err
}
expect "both forms of a test" tested "test_a test_a-fenced"
expect "are what is wanted" test "$(tail -n 1 out)" = "2 passed, 0 failed, 0 skipped"
tested test_a
expect "a second form that did not run is a failure" \
    test "$(tail -n 1 out)" = "1 passed, 1 failed, 0 skipped"
expect "and named" says out "missing: test_a-fenced"
expect "of one label" tested test_a --label unit
expect "only that is wanted" test "$(tail -n 1 out)" = "1 passed, 0 failed, 0 skipped"
expect "and built" grep -q '^cmake --build build/dev --target unit-tests$' calls
expect "and run" grep -q '^ctest .*-L \^unit\$$' calls
# CMake sees to tests/serial.txt.
while read -r name; do
    case $name in
        '#'*) ;;
        *) expect "$name is there" test -n "$(find "$top/tests" -name "$name.c")" ;;
    esac
done <"$top/tests/fenced.txt"

rm calls

# summary STATUS LAST-LINE: what tests/summary.awk makes of the three files.
summary() {
    run "$1" awk -f "$top/tests/summary.awk" phase=expect expect.txt phase=progress \
        progress.txt phase=log log.txt && [ "$(tail -n 1 out)" = "$2" ]
}

cat >progress.txt <<'END'
1/4 Test  #1: test_a ...........   Passed    0.01 sec
2/4 Test  #2: test_sh ..........   Passed    0.01 sec
END
cat >log.txt <<'END'
1/4 Testing: test_a
[ RUN      ] one
[       OK ] one
[ RUN      ] two
skipped: there is no such machine
[  SKIPPED ] two
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] two
<end of output>
2/4 Testing: test_sh
<end of output>
END
printf 'test_a 2\ntest_sh 0\n' >expect.txt
expect "functions are counted, and programs without" summary 0 "2 passed, 0 failed, 1 skipped"
expect "with the reason of a skip" says out "skipped test_a, two: there is no such machine"

printf 'test_a 3\ntest_sh 0\n' >expect.txt
expect "a function that did not run is a failure" summary 1 "2 passed, 1 failed, 1 skipped"
printf 'test_a 2\ntest_sh 0\ntest_lost 0\n' >expect.txt
expect "so is a program" summary 1 "2 passed, 1 failed, 1 skipped"
expect "which is named" says out "missing: test_lost"

printf 'test_a 2\n' >expect.txt
sed -i 's/test_a .*/test_a ....***Failed    0.01 sec/' progress.txt
expect "a sanitizer's report at the end is a failure" summary 1 "2 passed, 1 failed, 1 skipped"
sed -i '/two$/d' log.txt
sed -i 's/^skipped:.*/[ RUN      ] two/' log.txt
expect "a crash is one" summary 1 "2 passed, 1 failed, 0 skipped"

printf 'test_a 2\n' >expect.txt
cat >progress.txt <<'END'
1/1 Test  #1: test_a-fenced ....   Passed    0.01 sec
END
sed -i 's/test_a$/test_a-fenced/; s/^\[ RUN      \] two/[ RUN      ] two\n[       OK ] two/' log.txt
expect "a program's second form does not stand in for the first" summary 1 "2 passed, 2 failed, 0 skipped"
: >expect.txt
expect "and can be run alone" summary 0 "2 passed, 0 failed, 0 skipped"

cat >progress.txt <<'END'
1/1 Test  #1: test_sh ..........***Skipped   0.01 sec
END
printf 'test_sh 0\n' >expect.txt
expect "a run that skipped everything does not pass" summary 1 "0 passed, 0 failed, 1 skipped"
: >progress.txt
: >expect.txt
expect "nor does one of nothing" summary 1 "0 passed, 0 failed, 0 skipped"

echo "$cases cases, $failures failed"
[ $failures = 0 ]
