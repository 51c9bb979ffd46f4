# SPDX-License-Identifier: Apache-2.0
# What ran, counted by test function where a test program names its functions, else by
# program; and whether that is everything that the tree holds.
#
#   awk -f tests/summary.awk phase=expect EXPECTED phase=progress CTEST-OUTPUT \
#       phase=log LastTest.log
#
# EXPECTED has a line per test: its name, and how many functions it has at least.  The
# last line printed is "N passed, N failed, N skipped"; the exit status is 0 only if
# nothing failed, nothing is missing and something passed.

phase == "expect" {
    wanted[$1] = $2
    next
}

# 3/9 Test #3: test_fork ......   Passed    0.1 sec
phase == "progress" && match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
    name = substr($0, RSTART + RLENGTH)
    sub(/ .*/, "", name)
    state[name] = "failed"
    if ($0 ~ / Passed +[0-9.]+ sec/)
        state[name] = "passed"
    if ($0 ~ /\*\*\*Skipped +[0-9.]+ sec/)
        state[name] = "skipped"
    next
}

phase != "log" {
    next
}

/^[0-9]+\/[0-9]+ Testing: / {
    name = $3
    case_name = ""
    next
}

/\[ RUN      \] / {
    case_name = $NF
    ran[name]++
}

case_name != "" && index($0, "[       OK ] " case_name) {
    passed[name]++
    case_name = ""
}

case_name != "" && index($0, "[  SKIPPED ] " case_name) {
    tell_skip(case_name)
    skipped[name]++
    case_name = ""
}

/^skipped: / {
    reason = substr($0, 10)
}

/^<end of output>/ {
    if (name in state && state[name] == "skipped")
        tell_skip("all of it")
}

function tell_skip(what)
{
    notes = notes "skipped " name ", " what ": " (reason != "" ? reason : "no reason given") "\n"
    reason = ""
}

# A program that ran all its functions may still fail, by what a sanitizer finds at its end.
function count(name)
{
    if (ran[name] == 0) {
        sum[state[name]]++
        return
    }
    sum["passed"] += passed[name]
    sum["skipped"] += skipped[name]
    lost = ran[name] - passed[name] - skipped[name]
    if (lost == 0 && state[name] == "failed")
        lost = 1
    sum["failed"] += lost
}

function check(name,    base)
{
    base = name
    sub(/-fenced$/, "", base)
    if (base in wanted && state[name] == "passed" && ran[name] < wanted[base]) {
        notes = notes "incomplete: " name " ran " ran[name] + 0 " of " wanted[base] " functions\n"
        sum["failed"] += wanted[base] - ran[name]
    }
}

END {
    for (name in state) {
        count(name)
        check(name)
    }
    for (name in wanted) {
        if (!(name in state)) {
            notes = notes "missing: " name " is in the tree and did not run\n"
            sum["failed"] += wanted[name] > 0 ? wanted[name] : 1
        }
    }
    printf "%s", notes
    printf "%d passed, %d failed, %d skipped\n", sum["passed"], sum["failed"], sum["skipped"]
    exit sum["failed"] > 0 || sum["passed"] == 0
}
