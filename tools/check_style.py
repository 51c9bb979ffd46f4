#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules that no compiler checks.  Prints path:line: rule: why, for each violation.

usage: tools/check_style.py [--root DIR] [--no-format]

  layers      who may include whom: vtask -> sched -> numa -> base -> libc; private headers
              stay in their room and its tests, but for those of base; <magpie/detail/...>
              is for public headers and the library
  seam        only base/ asks the system to sleep, wake, yield, tell the time, make threads,
              choose CPUs or hold back a cancel; the others call base/os.h
  circles     no module of a room includes itself by way of others; nor does a folder, but
              in vtask.  A module is x.c and x.h
  orders      every memory order has a reason in a comment directly above its statement
  explicit    atomic operations name their order, and there is one kind of them
  silent      the library never prints, exits or aborts
  documented  every public function has a comment directly above it
  guard       a header's guard is its path
  spdx        every source file and script names its licence
  size        a file has at most 500 lines
  width       a line of C has at most 90 columns
  comment     no // comments in C
  words       no notes to self, no paths of somebody's machine, no retired words (RETIRED_IN)
  spaces      no tabs, no trailing blanks, no unresolved conflicts, a newline at the end
  links       what a page points to is there, and so is every page that anything names; docs/README.md
              points to every page
  paths       a `file` that a page names from the top folder is there, and in "`file`: `name`"
              has the name
  names       a mag_name, a MAG_NAME, a test or a sentence_that_a_test_proves that a page speaks of
              is in the code
  quotes      code under a comment with a file's name is that file's, word for word
  contract    a requirement that is named, VT-n, is one of the contract
  promises    each row of docs/design/promises.md has a way and a test; what counts for guests runs there
  format      clang-format 14 would change nothing (skipped, and said so, where absent)
"""
import argparse
import functools
import pathlib
import re
import shutil
import subprocess
import sys

import circles
from rooms import ROOMS, OWNER, BENCH, BENCH_PRIVATE

C_LIKE = {".c", ".h", ".cpp", ".hpp"}
SCRIPTS = {".py", ".sh", ".awk", ".cmake"}
SCRIPT_NAMES = {"run", "CMakeLists.txt"}
PROSE = {".md", ".txt", ".in", ".1", ".json"}
LINES_MAX, COLUMNS_MAX = 500, 90

QUOTED = re.compile(r'#\s*include\s+"([^"]+)"')
PUBLIC = re.compile(r"#\s*include\s+<magpie/([\w./]+)>")
ABOVE_SCHED = re.compile(r"\bvtask|value[ -]task", re.I)
ORDER = re.compile(r"\bmemory_order_\w|\bMAG_(LOAD|STORE)\(")
IMPLICIT = re.compile(r"\batomic_(?:load|store|exchange|compare_exchange_(?:weak|strong)|"
                      r"fetch_(?:add|sub|or|and|xor)|flag_test_and_set|flag_clear)\s*\(")
OTHER_ATOMICS = re.compile(r"\b__(?:sync|atomic)_\w+|\bmemory_order_consume\b")
LOUD = re.compile(r"(?<![\w.>])(?:v?[fd]?printf|f?puts|putchar|perror|v?syslog|abort|_?exit|"
                  r"_Exit|quick_exit)\s*\(")
# What only base/ may use.  Not here, and so free to all: mutexes, keys, pthread_once,
# pthread_atfork and cleanup handlers; mappings, which tests make fail by themselves.
SEAM = re.compile(
    r"#\s*include\s*<(?:sched|time|sys/time|sys/prctl|sys/syscall|linux/[\w/]+)\.h>|"
    r"\b(?:syscall|prctl|(?:clock_)?nanosleep|u?sleep|clock_(?:get|set)\w+|timespec_get|"
    r"gettimeofday|sched_(?:yield|getcpu|[gs]etaffinity)|thrd_\w+|cnd_\w+|"
    r"pthread_(?:create|join|tryjoin_np|timedjoin_np|clockjoin_np|detach|yield|sigmask|"
    r"setcancel\w+|setname_np|getname_np|[gs]etaffinity_np|attr_\w+|cond\w*|barrier\w*))"
    r"\s*\(|\bpthread_cond(?:attr)?_t\b")
CONFLICT = re.compile(r"(?:<{7}|>{7}) ")
NOTE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
PLACE = re.compile(r"/(?:wo" r"rk|ho" r"me|ro" r"ot)/\w|\b(?:issue|session) #?\d", re.I)
# Words with one meaning too many: docs/glossary.md says what to write instead.
RETIRED = [
    (r"cancell(?:ed|ing|ers?)", "canceled, canceling"),
    (r"cancel(?:lation)? sources?", "cancel object"),
    (r"(?:worker|idle|busy|sleeping|running|large|small|whole) pools?", "scheduler, workers"),
    (r"go(?:es)? on on", "continue on"),
    (r"pools? (?:of|with) (?:\w+ )?(?:workers?|threads?)", "scheduler"),
]
RETIRED = [(re.compile(rf"(?<![`\w-]){word}\b", re.I), better) for word, better in RETIRED]
# Where they are refused: rooms, and files of the top folder.
RETIRED_IN = {"adapters", "base", "numa", "sched", "vtask", "include", "bench", "tests", "examples", "docs", "man",
              "README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
PATH = re.compile(r"`((?:include|base|numa|sched|vtask|adapters|bench|tests|tools|examples|docs|cmake|man)"
                  r"/[\w./-]*)`(?:: `(\w+)`)?")
HEADER = re.compile(r"<(magpie/[\w/]+\.h(?:pp)?)>")
NAME = re.compile(r"\b(?:mag|MAG)_\w*[a-zA-Z0-9]\b(?!\*)")
TEST = re.compile(r"`((?:test|stress|model)_[a-z0-9_]+|[a-z0-9]+(?:_[a-z0-9]+){3,})(?:\.\w+)?`")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
PAGE = re.compile(r"\bdocs/(?:[\w-]+/)?[\w-]+\.md(?:#([\w-]+))?")
QUOTE = re.compile(r"^<!-- (\S+\.\w+) -->\n```\w*\n(.*?)^```$", re.M | re.S)
REQUIREMENT = re.compile(r"\bVT-(\d+)\b")
CONTRACT = "docs/design/value-task-contract.md"
PROMISES = "docs/design/promises.md"
GUESTS = "tests/vm/tests.txt"
WAYS = {"guest", "table", "simulation", "lines", "threads"}
NOT_CODE = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


class File:
    """A file, its lines, and for C the same lines without comments and strings."""

    def __init__(self, root, path):
        self.path = path
        self.room = path.parts[0]
        self.text = (root / path).read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.root = root
        self.is_c = path.suffix in C_LIKE
        self.is_script = path.suffix in SCRIPTS or path.name in SCRIPT_NAMES
        self.code = self.lines
        if self.is_c:
            bare = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.text)
            self.code = bare.split("\n")[:len(self.lines)]

    def is_comment(self, i):
        """Whether line i holds a comment, or a part of one, and nothing else."""
        return self.lines[i].strip() != "" and self.code[i].strip() == ""


def public_room(file):
    """The room whose rules a file keeps: its own, or that of a public header's owner."""
    if file.room == "include":
        return OWNER.get("/".join(file.path.parts[2:]))
    return file.room if file.room in ROOMS else None


def bench_layers(file, number, included):
    """Whether the folder of a file in bench/ may include a header of another one."""
    folder, owner = file.path.parts[1], included.split("/")[1]
    if folder not in BENCH:
        yield number, f"bench/{folder} has no line in the table of bench's folders"
    elif owner not in BENCH[folder] | {folder}:
        yield number, f'bench/{folder}/ may not include "{included}"'


def may_look_inside(file, included):
    """Whether a file in bench/ is in a folder that may include this private header."""
    return (file.room == "bench" and
            str(pathlib.PurePath(included).parent) in BENCH_PRIVATE.get(file.path.parts[1], ()))


def public_layers(file, room, number, included):
    """Whether a file may include a public header, or one in detail/."""
    if included not in OWNER:
        yield number, f"<magpie/{included}> has no line in the table of owners"
    elif room and OWNER[included] not in ROOMS[room]:
        yield number, f"{room}/ may not use <magpie/{included}>"
    elif included.startswith("detail/") and file.room not in (*ROOMS, "include"):
        if "shim" not in file.path.parts:
            yield number, f"<magpie/{included}> is for public headers and the library"


def check_layers(file):
    room, seen = public_room(file), set()
    if file.room == "include" and room is None:
        yield 1, "this header has no line in the table of owners"
    for number, line in enumerate(file.lines if file.is_c else (), 1):
        quoted, public = QUOTED.search(line), PUBLIC.search(line)
        if quoted:
            owner = quoted[1].split("/")[0]
            if file.room in ROOMS and owner not in (file.room, "base"):
                yield number, f'{file.room}/ may not include "{quoted[1]}"'
            elif file.room == "adapters" and owner != "adapters":
                yield number, "adapters/ sees only <magpie/...>"
            elif may_look_inside(file, quoted[1]):
                pass
            elif file.room == "examples" and owner == "examples":
                pass
            elif file.room in ("bench", "examples", "include") and owner != "bench":
                yield number, f"{file.room}/ sees only <magpie/...>"
            elif file.room == "bench":
                yield from bench_layers(file, number, quoted[1])
            elif file.room == "tests" and owner in ROOMS and owner != "base":
                seen.add(owner)
                if len(seen) > 1:
                    yield number, "a test looks into one room, not into several"
        if public:
            yield from public_layers(file, room, number, public[1])
        if room in ("base", "numa", "sched") and ABOVE_SCHED.search(line):
            yield number, f"{room}/ does not know what stands above it"


@functools.lru_cache
def inclusions(root, node_of):
    """Which modules, or folders, of a room include which others of it."""
    return circles.reached(((file.path, quoted[1]) for file in files(root)
                            if file.is_c and file.room in ROOMS
                            for quoted in map(QUOTED.search, file.lines)
                            if quoted and quoted[1].split("/")[0] == file.room), node_of)


def check_circles(file):
    if file.room not in ROOMS or not file.is_c:
        return
    for number, line in enumerate(file.lines, 1):
        quoted = QUOTED.search(line)
        for node_of in (circles.module_of, circles.folder_of) if quoted else ():
            here, there = node_of(file.path), node_of(quoted[1])
            mixed = node_of is circles.folder_of and file.room in circles.MIXED_FOLDERS
            if here != there and not mixed and here in inclusions(file.root, node_of).get(there, ()):
                yield number, f"{there} includes {here}, by way of others or itself"


def check_seam(file):
    if file.room in ROOMS and file.room != "base":
        for number, line in enumerate(file.code, 1):
            if SEAM.search(line):
                yield number, "only base/ asks the system for this: call base/os.h"


def statement_start(file, i):
    """The first line of the statement that line i belongs to."""
    while i > 0 and not file.is_comment(i - 1):
        before = file.code[i - 1].strip()
        if before == "" or before.endswith((";", "{", "}", ":")):
            break
        if before.startswith("#") and not before.endswith("\\"):
            break
        i -= 1
    return i


def check_orders(file):
    for i, line in enumerate(file.code if file.is_c else ()):
        if ORDER.search(line) and not line.lstrip().startswith("#"):
            start = statement_start(file, i)
            if start == 0 or not file.is_comment(start - 1):
                yield i + 1, "no reason directly above this memory order"


def check_explicit(file):
    if not file.is_c or file.path.name in ("atomic.h", "stdatomic.h"):
        return
    for number, line in enumerate(file.code, 1):
        if IMPLICIT.search(line):
            yield number, "name the memory order"
        if OTHER_ATOMICS.search(line):
            yield number, "only C11's atomics, and not memory_order_consume"


def check_silent(file):
    if file.room in (*ROOMS, "adapters"):
        for number, line in enumerate(file.code, 1):
            if LOUD.search(line):
                yield number, "the library returns errors, and says nothing"


def check_documented(file):
    if "include" not in file.path.parts:
        return
    for i, line in enumerate(file.code):
        if not re.match(r"(MAG_API|(MAG_MUST_CHECK )?(static inline|MAG_INLINE\w*))\b", line):
            continue
        # One-line accessors in a group share the comment above the first.
        grouped = i > 0 and line.startswith("MAG_API") and file.code[i - 1].endswith(";")
        if i == 0 or not (file.is_comment(i - 1) or grouped):
            yield i + 1, "a public function without a comment directly above it"


def check_guard(file):
    if file.path.suffix != ".h":
        return
    parts = file.path.parts
    if "include" in parts:
        parts = parts[parts.index("include") + 1:]
    guard = re.sub(r"\W", "_", "_".join(parts)).upper()
    wanted = f"#ifndef {guard}\n#define {guard}\n"
    if wanted not in file.text and "shim" not in file.path.parts:
        yield 1, f"expected {guard}"


def check_spdx(file):
    if file.is_c or file.is_script:
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in file.lines[:120]):
            yield 1, "no licence line"


def check_size(file):
    if (file.is_c or file.is_script) and len(file.lines) > LINES_MAX:
        yield len(file.lines), f"{len(file.lines)} lines, at most {LINES_MAX}"


def check_width(file):
    for number, line in enumerate(file.lines, 1):
        if file.is_c and len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns, at most {COLUMNS_MAX}"


def check_comment(file):
    if file.path.suffix in (".c", ".h"):
        bare = re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"",
                      lambda m: re.sub(r"[^\n]", " ", m[0]), file.text, flags=re.S)
        for number, line in enumerate(bare.split("\n"), 1):
            if "//" in line:
                yield number, "use /* */"


def check_words(file):
    for number, line in enumerate(file.lines, 1):
        if NOTE.search(line):
            yield number, "a note to self belongs elsewhere"
        if PLACE.search(line):
            yield number, "the project speaks of itself alone"
        for word, better in RETIRED if file.room in RETIRED_IN else ():
            for found in word.finditer(line):
                yield number, f"'{found[0]}' is retired: {better}"


def check_spaces(file):
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip() or "\t" in line:
            yield number, "a tab or a trailing blank"
        if CONFLICT.match(line):
            yield number, "a conflict that was not resolved"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "no newline at the end"


@functools.lru_cache
def anchors(path):
    """The names by which a page's headings are pointed to."""
    named, text = set(), path.read_text(encoding="utf-8")
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S),
                              re.M):
        plain = re.sub(r"\]\([^)]*\)", "", heading).lower()
        named.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return named | set(re.findall(r'<a id="([\w-]+)">', text))


@functools.lru_cache
def guide_to_pages(root):
    page = root / "docs/README.md"
    return page.read_text(encoding="utf-8") if page.exists() else ""


def is_there(path, anchor):
    return path.exists() and (not anchor or path.suffix != ".md" or anchor in anchors(path))


def check_links(file):
    if file.room == "docs" and file.path.suffix == ".md" and len(file.path.parts) == 3:
        if "(" + "/".join(file.path.parts[1:]) not in guide_to_pages(file.root):
            yield 1, "docs/README.md does not point here"
    for number, line in enumerate(file.lines, 1):
        for named in PAGE.finditer(line):
            page = file.root / named[0].split("#")[0]
            if not is_there(page, named[1]) and file.room != "tests":
                yield number, f"there is no {named[0]}"
        for target, anchor in LINK.findall(line) if file.path.suffix == ".md" else ():
            page = file.root / file.path.parent / target if target else file.root / file.path
            if ":" not in target and not is_there(page, anchor):
                yield number, f"there is no {target}{'#' if anchor else ''}{anchor}"


def check_paths(file):
    for number, line in enumerate(file.lines if file.path.suffix == ".md" else (), 1):
        for path, name in PATH.findall(line):
            there = file.root / path
            if "NAME" not in path and not there.exists():
                yield number, f"there is no {path}"
            elif name and "NAME" not in path and not re.search(rf"\b{name}\b", there.read_text(encoding="utf-8")):
                yield number, f"there is no {name} in {path}"
        for header in HEADER.findall(line) if file.path.suffix == ".md" else ():
            if not any((file.root / top / header).exists() for top in ("include", "adapters/include")):
                yield number, f"there is no <{header}>"


@functools.lru_cache
def names(root):
    """Every name in code and scripts, and what those are called."""
    code = [file for file in files(root) if file.is_c or file.is_script]
    return {name for file in code for name in re.findall(r"\w+", file.text)} | {
        file.path.stem for file in code}


def check_names(file):
    for number, line in enumerate(file.lines if file.path.suffix == ".md" else (), 1):
        for name in NAME.findall(line) + TEST.findall(line):
            if name not in names(file.root):
                yield number, f"nothing is called {name}"


def check_quotes(file):
    for quote in QUOTE.finditer(file.text) if file.path.suffix == ".md" else ():
        number, source = file.text.count("\n", 0, quote.start()) + 1, file.root / quote[1]
        if not source.exists():
            yield number, f"there is no {quote[1]}"
        elif "\n" + quote[2] not in "\n" + source.read_text(encoding="utf-8"):
            yield number, f"this is not what stands in {quote[1]}"


@functools.lru_cache
def requirements(root):
    page = root / CONTRACT
    return set(re.findall(r"^- \*\*VT-(\d+)\*\*", page.read_text(encoding="utf-8"), re.M)
               if page.exists() else ())


def check_contract(file):
    for number, line in enumerate(file.lines, 1):
        for requirement in REQUIREMENT.findall(line) if file.room != "tests" else ():
            if requirement not in requirements(file.root):
                yield number, f"VT-{requirement} does not stand in {CONTRACT}"


def check_promises(file):
    """The rule "paths" sees that the tests are there."""
    guests = file.root / GUESTS
    guests = guests.read_text(encoding="utf-8") if guests.exists() else ""
    for number, line in enumerate(file.lines if str(file.path) == PROMISES else (), 1):
        cells = line.strip("|").split("|") if line.startswith("|") else ()
        if len(cells) != 4 or cells[3].strip() in ("test", "---"):
            continue
        tests = [pathlib.PurePath(path).stem for path, name in PATH.findall(cells[3]) if name]
        ways = set(re.findall(r"\w+", cells[2]))
        if not tests:
            yield number, "no test is named"
        if not ways or ways - WAYS:
            yield number, f"a way is one of {', '.join(sorted(WAYS))}"
        if "guest" in ways and not any(re.search(rf"^{test}\b", guests, re.M) for test in tests):
            yield number, f"none of its tests is in {GUESTS}"


CHECKS = (check_layers, check_circles, check_seam, check_orders, check_explicit, check_silent,
          check_documented, check_guard, check_spdx, check_size, check_width, check_comment,
          check_words, check_spaces, check_links, check_paths, check_names, check_quotes,
          check_contract, check_promises)


def files(root):
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in ("build", ".git") or not path.is_file():
            continue
        if path.suffix in C_LIKE | SCRIPTS | PROSE or path.name in SCRIPT_NAMES:
            yield File(root, relative)


def check_format(root, checked):
    """How many files clang-format would change."""
    tool = shutil.which("clang-format-14")
    if tool is None:
        print("format: skipped, there is no clang-format-14")
        return 0
    named = [str(file.path) for file in checked if file.path.suffix in (".c", ".h")]
    result = subprocess.run([tool, "--dry-run", "--Werror", *named], cwd=root, check=False,
                            capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.M)))
    for path in wrong:
        print(f"{path}:1: format: clang-format-14 would change it")
    return len(wrong) or (1 if result.returncode else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--no-format", action="store_true")
    arguments = parser.parse_args()
    checked = list(files(arguments.root))
    violations = 0
    for file in checked:
        for check in CHECKS:
            for number, text in check(file):
                print(f"{file.path}:{number}: {check.__name__[len('check_'):]}: {text}")
                violations += 1
    if not arguments.no_format:
        violations += check_format(arguments.root, checked)
    print(f"{len(checked)} files, {violations} violations")
    return 1 if violations or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
