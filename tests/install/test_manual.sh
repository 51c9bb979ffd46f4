#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual page knows each command, option and variable of the program, and no other;
# the page on the default scheduler knows its variables.
#
# usage: test_manual.sh PROGRAM
set -eu
program=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
page=$top/man/magpie.1
guide=$top/docs/guide/default-scheduler.md
failed=0

# What the page says of a command, in plain letters.
section() {
    awk -v head=".SS $1" '/^\.S[SH]/ { inside = $0 == head } inside' "$page" | sed 's|\\||g'
}

options() {
    grep -oE -- '--[a-z]+' | grep -vxE -- '--(help|usage|version)' | sort -u
}

commands=$("$program" --help | awk '/^Commands:/ { on = 1; next } on && !NF { exit } on { print $1 }')
[ -n "$commands" ] || { echo "the program names no command"; exit 1; }
for command in $commands; do
    has=$("$program" "$command" --help | options)
    told=$(section "$command" | options)
    if [ -z "$has" ] || [ "$has" != "$told" ]; then
        echo "$command has: ${has//$'\n'/ }"
        echo "the manual tells of: ${told//$'\n'/ }"
        failed=1
    fi
done
# Each workload with what it shows, in the order of the list.
listed=$("$program" bench --list | awk '/^ *shows: / { sub(/^ *shows: /, ""); print name ": " $0 }
    /^ *[a-z0-9-]+ / { name = $1 }')
told=$(sed -n '/^\.SH WORKLOADS/,/^\.SH ENVIRONMENT/p' "$page" | sed 's|\\||g' |
    awk '/^\.B / { name = $2; getline; print name ": " $0 }')
if [ -z "$listed" ] || [ "$listed" != "$told" ]; then
    echo "bench --list and the manual tell different things of the workloads:"
    diff <(echo "$listed") <(echo "$told") || true
    failed=1
fi
told=$(sed -n 's/^\.SS //p' "$page" | sort)
if [ "$(echo "$commands" | sort)" != "$told" ]; then
    echo "commands: ${commands//$'\n'/ }; in the manual: ${told//$'\n'/ }"
    failed=1
fi

# variables FILE: the variables that the file explains as --help does.
variables() {
    tr '\n' ' ' <"$1" | sed 's|\\||g; s|  *| |g' >"$flat"
    while read -r name meaning && read -r allowed; do
        if grep -qF -- "$name $meaning. Values: $allowed" "$flat" ||
            grep -qF -- "| \`$name\` | $meaning | $allowed |" "$flat"; then
            echo "$name"
        fi
    done <"$table"
}

flat=$(mktemp) table=$(mktemp)
trap 'rm -f "$flat" "$table"' EXIT
"$program" --help | awk '/^Environment/ { on = 1; next } on && !NF { exit } on' >"$table"
named=$(grep -o 'MAGPIE_[A-Z_]*' "$table")
[ -n "$named" ] || { echo "the program names no variable"; exit 1; }
for file in "$page" "$guide"; do
    explained=$(variables "$file")
    told=$(grep -o 'MAGPIE_[A-Z_]*' "$file" | grep -vx MAGPIE_PEERS | sort -u)
    if [ "$named" != "$explained" ] || [ "$(echo "$named" | sort)" != "$told" ]; then
        echo "variables: ${named//$'\n'/ }"
        echo "explained in $file: ${explained//$'\n'/ }; named there: ${told//$'\n'/ }"
        failed=1
    fi
done
exit $failed
