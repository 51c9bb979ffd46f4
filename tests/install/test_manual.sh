#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual page knows each command and option of the program, and no other.
#
# usage: test_manual.sh PROGRAM
set -eu
program=$1
page=$(cd "$(dirname "$0")/../.." && pwd)/man/magpie.1
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
told=$(sed -n 's/^\.SS //p' "$page" | sort)
if [ "$(echo "$commands" | sort)" != "$told" ]; then
    echo "commands: ${commands//$'\n'/ }; in the manual: ${told//$'\n'/ }"
    failed=1
fi
exit $failed
