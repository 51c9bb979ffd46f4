#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules that no compiler checks.  Prints path:line: rule for each violation.

usage: tools/check_style.py [--root DIR] [--no-format]

  layers      who may include whom: vtask -> sched -> numa -> libc
  orders      every memory order has a reason in a comment directly above its statement
  explicit    atomic operations name their order
  size        a file has at most 500 lines
  spdx        every source file names its licence
  guard       a header's guard is its path
  comment     no // comments in C, no notes to self
  documented  every public function has a comment directly above it
  format      clang-format 14 would change nothing (skipped, and said so, where absent)
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOMS = {"numa": set(), "sched": {"numa"}, "vtask": {"sched", "numa"}}
PUBLIC_OF = {"numa.h": "numa", "pool.h": "numa", "sched.h": "sched", "fork.h": "sched"}
NEUTRAL = {"base.h", "atomic.h", "magpie.h"}
SOURCES = ("numa", "sched", "vtask", "bench", "tests", "examples", "include")
LINES_MAX = 500

PRIVATE = re.compile(r'#\s*include\s+"([\w.-]+)/([\w./-]+)"')
PUBLIC = re.compile(r"#\s*include\s+<magpie/([\w.]+)>")
ORDER = re.compile(r"\bmemory_order_\w+|\bMAG_(LOAD|STORE)\(")
IMPLICIT = re.compile(r"\batomic_(?!\w*_explicit\b)(load|store|exchange|compare_exchange|fetch)\w*\(")
NOTE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PROTOTYPE = re.compile(r"^(MAG_API|static inline)\b")


def is_comment(line):
    return line.lstrip().startswith(("/*", "*"))


def owner_of(header):
    """The room that a public header belongs to; vtask's are all the others."""
    return PUBLIC_OF.get(header, "vtask")


def check_layers(path, lines):
    room = path.parts[0]
    for number, line in enumerate(lines, 1):
        private, public = PRIVATE.search(line), PUBLIC.search(line)
        if room in ROOMS:
            if private and private[1] != room:
                yield number, f"layers: {room}/ may not include {private[1]}/{private[2]}"
            if public and public[1] not in NEUTRAL:
                owner = owner_of(public[1])
                if owner != room and owner not in ROOMS[room]:
                    yield number, f"layers: {room}/ may not use <magpie/{public[1]}>"
        elif room in ("bench", "examples") and private and private[1] in ROOMS:
            yield number, f"layers: {room}/ sees only <magpie/...>"


def statement_start(lines, i):
    """The first line of the statement that line i belongs to."""
    while i > 0:
        before = lines[i - 1].rstrip()
        if (before == "" or before.endswith((";", "{", "}", ":", "*/")) or
                before.lstrip().startswith("#")):
            return i
        i -= 1
    return i


def check_orders(path, lines):
    in_macro = False
    for i, line in enumerate(lines):
        defines = line.lstrip().startswith("#") or in_macro
        in_macro = defines and line.rstrip().endswith("\\")
        if defines or is_comment(line) or not ORDER.search(line):
            continue
        start = statement_start(lines, i)
        if start == 0 or not lines[start - 1].rstrip().endswith("*/"):
            yield i + 1, "orders: no reason directly above this memory order"


def check_explicit(path, lines):
    for number, line in enumerate(lines, 1):
        if not is_comment(line) and IMPLICIT.search(line):
            yield number, "explicit: name the memory order"


def check_size(path, lines):
    if len(lines) > LINES_MAX:
        yield len(lines), f"size: {len(lines)} lines, at most {LINES_MAX}"


def check_spdx(path, lines):
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:80]):
        yield 1, "spdx: no licence line"


def guard_of(path):
    parts = path.parts[1:] if path.parts[0] == "include" else path.parts
    return re.sub(r"\W", "_", "_".join(parts)).upper()


def check_guard(path, lines):
    if path.suffix == ".h" and f"#ifndef {guard_of(path)}" not in lines:
        yield 1, f"guard: expected {guard_of(path)}"


def check_comment(path, lines):
    for number, line in enumerate(lines, 1):
        if NOTE.search(line):
            yield number, "comment: a note to self belongs elsewhere"
        if path.suffix in (".c", ".h") and re.search(r"(^|[\s;{}])//", line) \
                and not is_comment(line):
            yield number, "comment: use /* */"


def check_documented(path, lines):
    if path.parts[0] != "include":
        return
    for i, line in enumerate(lines):
        if not line.startswith("MAG_API"):
            continue
        above = lines[i - 1].rstrip() if i else ""
        # A group of one-line accessors shares the comment above the first.
        if not (above.endswith("*/") or above.endswith(";")):
            yield i + 1, "documented: a public function without a comment above it"


CHECKS = (check_layers, check_orders, check_explicit, check_size, check_spdx, check_guard,
          check_comment, check_documented)


def sources(root):
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.suffix in (".c", ".h", ".cpp") and "peers" not in relative.parts:
                yield relative


def check_format(root, paths):
    tool = shutil.which("clang-format-14")
    if tool is None:
        print("format: skipped, there is no clang-format-14")
        return 0
    named = [str(path) for path in paths if path.suffix in (".c", ".h")]
    if not named:
        return 0
    result = subprocess.run([tool, "--dry-run", "--Werror", *named], cwd=root, check=False)
    return result.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--no-format", action="store_true")
    arguments = parser.parse_args()
    paths = list(sources(arguments.root))
    violations = 0
    for path in paths:
        lines = (arguments.root / path).read_text(encoding="utf-8").splitlines()
        for check in CHECKS:
            for number, text in check(path, lines):
                print(f"{path}:{number}: {text}")
                violations += 1
    failed = violations != 0
    if not arguments.no_format and check_format(arguments.root, paths) != 0:
        failed = True
    print(f"{len(paths)} files, {violations} violations")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
