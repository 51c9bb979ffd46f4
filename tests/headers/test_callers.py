#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each function and each macro of the public headers is used by an example, a test or the
program: what nobody calls is neither tested nor needed.

usage: test_callers.py
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
COMMENT = re.compile(r"/\*.*?\*/", re.S)
MACRO = re.compile(r"^#\s*define\s+(MAG_\w+)", re.M)
DIRECTIVE = re.compile(r"^\s*#.*(?:\\\n.*)*", re.M)
FUNCTION = re.compile(r"\b(?:MAG_API|MAG_INLINE\w*)\b[^;{(]*?\b(mag_\w+)\s*\(")
VARIABLE = re.compile(r"\bextern MAG_API\b[^;(]*?\b(mag_\w+)(?: MAG_TLS_MODEL)?;")
# These programs are only compiled, and models have headers of their own.
NO_CALLERS = ("tests/headers/every_", "tests/model/")
LANGUAGES = {".c", ".h", ".cpp", ".py"}


def public_names(headers):
    """Each name that they offer, and in which one."""
    names = {}
    for header in headers:
        text = COMMENT.sub("", header.read_text(encoding="utf-8"))
        code = DIRECTIVE.sub("", text)
        for name in MACRO.findall(text) + FUNCTION.findall(code) + VARIABLE.findall(code):
            if not name.endswith("_H"):
                names[name] = header.name
    return names


def used_words():
    words = set()
    for folder in ("examples", "tests", "bench"):
        for path in (TOP / folder).rglob("*"):
            if path.suffix in LANGUAGES and path != pathlib.Path(__file__) and \
                    not str(path.relative_to(TOP)).startswith(NO_CALLERS):
                text = COMMENT.sub("", path.read_text(encoding="utf-8"))
                words.update(re.findall(r"\w+", text))
    return words


def main():
    names, words = public_names(sorted((TOP / "include/magpie").glob("*.h"))), used_words()
    unused = sorted(name for name in names if name not in words)
    for name in unused:
        print(f"FAILED: {names[name]}: nobody uses {name}")
    print(f"{len(names)} checks, {len(unused)} failures")
    # Some of each kind, so that a pattern which finds nothing is noticed.
    known = {"MAG_AWAIT", "mag_sched_post", "mag_vtask_get", "mag_operation_word"}
    return 0 if not unused and known <= names.keys() and len(names) > 200 else 1


if __name__ == "__main__":
    sys.exit(main())
