#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program at the top of a public header compiles as C11 and as C++17 without a
warning, and returns 0.

usage: test_programs.py BUILD-DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
COMPILERS = [("gcc", "c11", "c"), ("g++", "c++17", "c++"), ("clang-14", "c11", "c"),
             ("clang++-14", "c++17", "c++")]
# For headers that are C++ alone.
CXX_COMPILERS = [("g++", "c++17", "c++"), ("g++", "c++20", "c++"), ("clang++-14", "c++17", "c++")]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
# Headers that must begin with one; others may.
WITH_PROGRAM = {
    "async.h",
    "budget.h",
    "cancel.h",
    "debug.h",
    "default.h",
    "error.h",
    "event_loop.h",
    "executor.h",
    "fork.h",
    "fork_range.h",
    "fork_task.h",
    "guest.h",
    "job_kind.h",
    "magpie.hpp",
    "node_memory.h",
    "operation.h",
    "pin.h",
    "plan.h",
    "pool.h",
    "promise.h",
    "sched.h",
    "source.h",
    "strand.h",
    "timer.h",
    "topology.h",
    "unpinned.h",
    "vtask.h",
    "when.h",
}


def program_of(header):
    """The indented lines of the first comment up to the end of main, or None."""
    comment = header.read_text(encoding="utf-8").split("*/", 1)[0]
    code = [line[7:] for line in comment.splitlines()
            if line.startswith(" *     ") or line.rstrip() == " *"]
    text = "\n".join(code)
    found = re.search(r"\A\s*(#include.*?^int main\(.*?^})", text, re.S | re.M)
    return found[1] + "\n" if found else None


def cached(build, name):
    text = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\w+=(.*)$", text, re.M)
    return found[1] if found else ""


def fails(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=120, **options)
    if done.returncode != 0:
        print(" ".join(map(str, command)), "->", done.returncode)
        print(done.stdout.decode(errors="replace")[:2000])
    return done.returncode != 0


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    failures = checks = 0
    if "-fsanitize" in cached(build, "CMAKE_C_FLAGS"):
        print("skipped: a program would need the sanitizer")
        return 77
    defines = ["-DMAG_DEBUG_TASKS=1"] if cached(build, "MAG_DEBUG_TASKS") == "ON" else []
    headers = sorted((TOP / "include/magpie").glob("*.h*"))
    programs = {header.name: program_of(header) for header in headers}
    for name in sorted(WITH_PROGRAM):
        if not programs.get(name):
            print(f"{name} does not begin with a whole program")
            failures += 1
    with tempfile.TemporaryDirectory() as work:
        for name, text in programs.items():
            if not text:
                continue
            source = pathlib.Path(work, name + ".c")
            source.write_text(text, encoding="utf-8")
            compilers = CXX_COMPILERS if name.endswith(".hpp") else COMPILERS
            for compiler, standard, language in compilers:
                if not shutil.which(compiler):
                    continue
                program = pathlib.Path(work, "program")
                checks += 1
                failures += fails(
                    [compiler, f"-std={standard}", *WARNINGS, *defines, "-pthread", "-I",
                     TOP / "include", "-x", language, source, "-o", program,
                     "-L", build, "-lmagpie", f"-Wl,-rpath,{build}"]
                ) or fails([program])
    print(f"{checks} programs, {failures} failures")
    return failures != 0


sys.exit(main())
