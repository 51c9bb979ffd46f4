#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which test proves which requirement of value tasks.  Reads the comments /* VT-1, VT-2 */
that stand directly above test functions and models, prints the table, and fails when a
requirement has neither a test nor a reason in reasons.txt, or has both.

usage: test_requirements.py [--root DIR] [--quiet]
"""
import argparse
import pathlib
import re
import sys

GROUPS = {  # letter: first and last number, and what it is about
    "A": (1, 14, "the value"),
    "B": (15, 20, "questions"),
    "C": (21, 25, "reading"),
    "D": (26, 33, "awaiting"),
    "E": (34, 40, "equality"),
    "F": (41, 53, "as a promise"),
    "G": (54, 58, "preserving"),
    "H": (59, 68, "sources"),
    "I": (69, 77, "the core's state"),
    "J": (78, 85, "completing"),
    "K": (86, 94, "status and result"),
    "L": (95, 103, "registering"),
    "M": (104, 116, "where it runs"),
    "N": (117, 122, "ambient state"),
    "O": (123, 127, "re-entrancy"),
    "P": (128, 136, "races"),
    "Q": (137, 151, "operations"),
    "R": (152, 163, "cancellation"),
    "S": (164, 175, "pooled frames"),
    "T": (176, 185, "async functions"),
    "U": (186, 188, "sequences"),
    "V": (189, 198, "the receiver's rules"),
    "W": (199, 206, "what C adds"),
}
LAST = 206
NUMBER = re.compile(r"VT-(\d+)(?:\s+to\s+VT-(\d+))?")
# A comment of numbers alone, then the function, or the struct of a model.
TAGGED = re.compile(r"/\*((?:[\s*]*VT-\d+(?:\s+to\s+VT-\d+)?,?)+)\s*\*/\n"
                    r"(?:static \w+[\s*]+(\w+)\(|struct (\w+)[ :{])")
COMMENT = re.compile(r"^/\*[\s*]*VT-\d+(?:,| to |\s*\*/)", re.M)
REASON = re.compile(r"^VT-(\d+)(?:\s+to\s+VT-(\d+))?\s*(due)?:\s*(\S.*)$")


def numbers(text):
    for first, last in NUMBER.findall(text):
        yield from range(int(first), int(last or first) + 1)


def tests(root):
    """Number: the names of its tests; and what is wrong with the comments."""
    found, wrong = {}, []
    files = [path for kind in ("*.c", "*.cpp") for path in (root / "tests").rglob(kind)]
    for path in sorted(files):
        text = path.read_text(encoding="utf-8")
        tagged = list(TAGGED.finditer(text))
        for match in tagged:
            for number in numbers(match[1]):
                found.setdefault(number, []).append(f"{path.stem}: {match[2] or match[3]}")
        starts = {match.start() for match in tagged}
        for match in COMMENT.finditer(text):
            if match.start() not in starts:
                line = text.count("\n", 0, match.start()) + 1
                wrong.append(f"{path}:{line}: numbers above nothing that is a test")
    return found, wrong


def reasons(root):
    """Number: its reason; the numbers that are due; and what is wrong with the file."""
    said, due, wrong = {}, set(), []
    path = root / "tests/requirements/reasons.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        match = REASON.match(line)
        if match is None:
            wrong.append(f"{path}: not a reason: {line}")
            continue
        for number in range(int(match[1]), int(match[2] or match[1]) + 1):
            said[number] = match[4]
            if match[3]:
                due.add(number)
    return said, due, wrong


def judge(number, found, said, due):
    """What is wrong with one number, or None."""
    if not 1 <= number <= LAST:
        return f"VT-{number}: there is no such requirement"
    if number in found and number in said and number not in due:
        return f"VT-{number}: has a test and a reason to have none"
    if number not in found and number not in said:
        return f"VT-{number}: has neither a test nor a reason"
    return None


def print_table(found, said, due):
    for letter, (first, last, about) in GROUPS.items():
        print(f"{letter}  {about}")
        for number in range(first, last + 1):
            for name in found.get(number, ()):
                print(f"   VT-{number:<4} {name}")
            if number not in found and number in said:
                kind = "due" if number in due else "no test"
                print(f"   VT-{number:<4} ({kind}) {said[number]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--quiet", action="store_true", help="no table")
    arguments = parser.parse_args()
    found, wrong = tests(arguments.root)
    said, due, bad_reasons = reasons(arguments.root)
    wrong += bad_reasons
    everything = sorted(set(range(1, LAST + 1)) | set(found) | set(said))
    wrong += filter(None, (judge(number, found, said, due) for number in everything))
    if not arguments.quiet:
        print_table(found, said, due)
    for text in wrong:
        print(text)
    left = due - set(found)
    print(f"{LAST} requirements: {len(found)} have tests, {len(set(said) - set(found) - due)} "
          f"a reason to have none, {len(left)} are due, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
