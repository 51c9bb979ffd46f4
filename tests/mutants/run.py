#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts one wrong line at a time into the library and asks whether the tests notice.

usage: tests/mutants/run.py [--check] [--filter REGEX] [--build DIR] [--list]

  --check    only whether each entry fits the tree
  --filter   the mutants whose names match
  --build    where the copy of the tree and its build are (build/mutants)
  --list     their names

tests/mutants/*.txt hold the mutants:

    @ NAME FILE TEST... [hangs]
    - a line that stands in FILE, without its indentation; several are consecutive ones,
      and a lone - is an empty one
    + what stands there instead; none: nothing

The text is in FILE once.  It is changed in a copy of the tree, never in the tree itself,
and of the copy only the tests that are named are built and run, at a tenth of the stress,
ROUNDS times until one fails.  A test that does not end has noticed a mutant only if the
entry says `hangs`.  Limits of the tests grow with MAG_TEST_SLOW, and are those of a fast
machine otherwise.  survivors.txt names mutants that no test can notice, NAME: reason.

Prints a line for each mutant that is not noticed, then the score.  The last line is
"N passed, N failed, N skipped": a mutant that survives without a reason has failed.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROUNDS = 5
SLOW = max(1.0, float(os.environ.get("MAG_TEST_SLOW") or 1))
LIMIT_S = 60 * SLOW


class Mutant:
    def __init__(self, words, where):
        self.name, self.path, self.where = words[0], words[1], where
        self.hangs = "hangs" in words[2:]
        self.tests = [word for word in words[2:] if word != "hangs"]
        self.old, self.new = [], []

    def place(self, root):
        """The file's lines, and the index of the first old one."""
        lines = (root / self.path).read_text(encoding="utf-8").splitlines(keepends=True)
        bare, size = [line.strip() for line in lines], len(self.old)
        found = [i for i in range(len(bare)) if bare[i:i + size] == self.old]
        if not self.old or len(found) != 1:
            raise ValueError(f"its text stands {len(found)} times in {self.path}")
        return lines, found[0]

    def text(self, root):
        lines, at = self.place(root)
        lines[at:at + len(self.old)] = [line + "\n" for line in self.new]
        return "".join(lines)


def read_all():
    mutants = []
    for path in sorted(HERE.glob("*.txt")):
        if path.name == "survivors.txt":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("@ "):
                mutants.append(Mutant(line.split()[1:], f"{path.name}:{number}"))
            elif line[:2] in ("- ", "+ ", "-", "+"):
                (mutants[-1].old if line[0] == "-" else mutants[-1].new).append(line[2:].strip())
            elif line and not line.startswith("#"):
                raise SystemExit(f"{path.name}:{number}: neither @, - nor +")
    return mutants


def read_survivors():
    reasons = {}
    for line in (HERE / "survivors.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split(":", 1)
            reasons[name] = reason.strip()
    return reasons


def programs():
    """The names of all tests that are C programs."""
    return {path.stem for kind in ("unit", "stress", "alone")
            for path in (ROOT / "tests" / kind).rglob("*.c")}


def check(mutants, survivors):
    """What does not fit, a line each."""
    names, there = [mutant.name for mutant in mutants], programs()
    for name in survivors:
        if name not in names:
            yield f"survivors.txt: there is no mutant {name}"
    for mutant in mutants:
        where = f"{mutant.where}: {mutant.name}: "
        if names.count(mutant.name) != 1:
            yield where + "the name is there twice"
        if mutant.old == mutant.new:
            yield where + "nothing is changed"
        if not mutant.tests:
            yield where + "no test is named"
        for test in mutant.tests:
            if test not in there:
                yield where + f"there is no {test}"
        try:
            mutant.place(ROOT)
        except (ValueError, OSError) as error:
            yield where + str(error)


def copy_tree(to):
    """The files as they are in the work tree; what has not changed keeps its time."""
    ran = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True)
    for name in ran.stdout.splitlines():
        source, target = ROOT / name, to / name
        if not source.is_file():
            continue
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


class Build:
    def __init__(self, directory):
        self.tree, self.build = directory / "tree", directory / "build"
        copy_tree(self.tree)
        flags = ["-DCMAKE_BUILD_TYPE=Debug", "-DMAG_WERROR=OFF", "-DCMAKE_C_FLAGS=-w -O1",
                 "-DMAG_TEST_TREE=OFF", "-G", "Ninja"]
        subprocess.run(["cmake", "-S", str(self.tree), "-B", str(self.build), *flags], check=True,
                       stdout=subprocess.DEVNULL)

    def make(self, tests):
        ran = subprocess.run(["cmake", "--build", str(self.build), "--target", *tests],
                             capture_output=True, text=True, check=False)
        return ran.returncode == 0, ran.stdout

    def run(self, test):
        """"passed", "failed" or "hung"."""
        slow = 0.1 * SLOW
        environment = {**os.environ, "MAG_TEST_SCALE": "10", "MAG_TEST_SLOW": f"{slow}"}
        try:
            ran = subprocess.run([str(self.build / "tests" / test)], env=environment, check=False,
                                 timeout=LIMIT_S, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, cwd=self.build)
        except subprocess.TimeoutExpired:
            return "hung"
        return "passed" if ran.returncode == 0 else "failed"


def fate_of(mutant, build):
    """What becomes of it: "noticed", or why not."""
    path = build.tree / mutant.path
    right = path.read_text(encoding="utf-8")
    path.write_text(mutant.text(build.tree), encoding="utf-8")
    try:
        made, output = build.make(mutant.tests)
        if not made:
            return "does not compile\n" + output[-2000:]
        for _ in range(ROUNDS):
            for test in mutant.tests:
                how = build.run(test)
                if how == "failed" or (how == "hung" and mutant.hangs):
                    return "noticed"
                if how == "hung":
                    return f"{test} hangs, which the entry does not expect"
        return "survives"
    finally:
        path.write_text(right, encoding="utf-8")


def try_all(mutants, survivors, build):
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    made, output = build.make(tests)
    if not made:
        print(output[-4000:])
        return 0, 1, 0
    broken = [test for test in tests if build.run(test) != "passed"]
    if broken:
        print("without a mutant these do not pass:", *broken)
        return 0, len(broken), 0
    passed = failed = skipped = 0
    for mutant in mutants:
        fate = fate_of(mutant, build)
        if fate == "noticed":
            passed += 1
        elif mutant.name in survivors and fate == "survives":
            print(f"skipped: {mutant.name}: {survivors[mutant.name]}")
            skipped += 1
        else:
            print(f"{mutant.where}: {mutant.name}: {fate}", flush=True)
            failed += 1
    print(f"score: {passed} of {len(mutants)} are noticed, {skipped} have a reason")
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutants")
    arguments = parser.parse_args()
    mutants, survivors = read_all(), read_survivors()
    wrong = list(check(mutants, survivors))
    for line in wrong:
        print(line)
    chosen = [mutant for mutant in mutants if re.search(arguments.filter, mutant.name)]
    if arguments.list:
        print(*(mutant.name for mutant in chosen), sep="\n")
    if arguments.check or arguments.list or wrong or not chosen:
        print(f"{len(mutants)} mutants, {len(wrong)} do not fit")
        return 1 if wrong or not chosen else 0
    passed, failed, skipped = try_all(chosen, survivors, Build(arguments.build.resolve()))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
