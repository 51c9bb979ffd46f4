#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong programs do not compile, and the compiler's first message at each mistake is a
static assertion that names the cure.  A task that is dropped is warned about.  Right
programs beside them compile without a warning.

Each compiler sees all mistakes in one program, a line each.  One that is not told there,
since another mistake before it has confused the compiler, is compiled by itself.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
COMPILERS = [
    ("gcc", "c11"), ("g++", "c++17"), ("clang-14", "c11"), ("clang++-14", "c++17"),
    ("clang-19", "c11"), ("clang++-19", "c++17"),
]
BOTH, C, CXX = "both", "c11", "c++17"
HEAD = """#include <magpie/magpie.h>
struct three { long a, b, c; };
struct no_task { long a; };
typedef long (*long_fn)(long);
MAG_VTASK_DEFINE(long_task, long)
mag_vtask raw_read(void);
long_task read_one(void);
int some_number(void);
#ifdef __cplusplus
struct deep { deep(const deep &); };
#endif
"""

PAIRS = "arguments are pairs, with a comma between type and name"
POINTER = "give the type of a function pointer or of an array a name of its own"
WHOLE = "give a type with braces or a comma a name of its own"
CONST = "leave out the const"
MANY = "eight arguments at most"
NONE = "say void in place of their list"
REFERENCE = "use a pointer in place of a reference"
COPIED = "trivially copyable"
RAW = "use mag_task, by mag_task_of(task), or NAME_of(task)"
VOID_TASK = "use mag_task where there is no result"
NO_TASK = "use mag_task, or a type made by MAG_VTASK_DEFINE"
BRACKETS = "stand in parentheses"

LISTS = [
    (BOTH, NONE, ""),
    (BOTH, PAIRS, "int"),
    (BOTH, PAIRS, "int n"),
    (BOTH, PAIRS, "int, n, long"),
    (BOTH, PAIRS, "int n, long m"),
    (BOTH, PAIRS, "int, n, long, *m"),
    (BOTH, PAIRS, "int, a, int, b, int, c, int"),
    (BOTH, PAIRS, ", ".join(f"int, a{i}" for i in range(7)) + ", int"),
    (BOTH, MANY, ", ".join(f"int, a{i}" for i in range(9))),
    (BOTH, MANY, ", ".join(f"int, a{i}" for i in range(8)) + ", int"),
    (BOTH, MANY, ", ".join(f"int, a{i}" for i in range(30))),
    (BOTH, POINTER, "long (*)(long), function, long, n"),
    (BOTH, POINTER, "long, n, void ( *)(void), function"),
    (BOTH, POINTER, "int (*)[4], rows"),
    (BOTH, POINTER, "int[4], array"),
    (BOTH, POINTER, "int, array[4]"),
    (BOTH, POINTER, "long, (*function)(long)"),
    (BOTH, WHOLE, "struct { int a; }, one"),
    (BOTH, WHOLE, "struct { int a, b; int c, d; }, four"),
    (BOTH, CONST, "const int, n"),
    (BOTH, CONST, "long, n, char *const, text"),
    (CXX, REFERENCE, "int &, n"),
    (CXX, COPIED, "deep, n"),
]
TYPES = [  # of a result
    (BOTH, CONST, "const long"),
    (BOTH, CONST, "char *const"),
    (BOTH, POINTER, "long (*)(long)"),
    (BOTH, POINTER, "long[4]"),
    (BOTH, WHOLE, "struct { int a; }"),
    (CXX, REFERENCE, "long &"),
    (CXX, COPIED, "deep"),
]
TASKS = [
    (BOTH, RAW, "mag_vtask"),
    (BOTH, VOID_TASK, "void"),
    (BOTH, NO_TASK, "long"),
    (BOTH, NO_TASK, "long *"),
    (BOTH, NO_TASK, "struct no_task"),
]


def mistakes():
    """WHERE, CURE and PROGRAM of each, a line that may use the name @."""
    body = "{ MAG_BEGIN(f); MAG_END(f); }"
    for where, cure, given in LISTS:
        behind = f", {given}" if given else ""
        yield where, cure, f"MAG_FORKABLE(long, @{behind or ', '})"
        yield where, cure, f"MAG_FORKABLE_VOID(@{behind or ', '})"
        yield where, cure, f"MAG_SPAWNABLE(@{behind or ', '})"
        yield where, cure, f"MAG_LOOP(@{behind or ', '})"
        yield where, cure, f"MAG_FORK_TASK(long_task, @{behind or ', '})"
        yield where, cure, f"MAG_SUBMIT_TASK(long_task, @{behind or ', '})"
        yield where, cure, f"MAG_ASYNC(long_task, @, ({given}), int i;) {body}"
    for given in ("int", "void", "long_task"):
        yield BOTH, BRACKETS, f"MAG_ASYNC(long_task, @, {given}, int i;) {body}"
    for where, cure, given in TYPES:
        yield where, cure, f"MAG_FORKABLE({given}, @, int, n)"
        yield where, cure, f"MAG_VTASK_DEFINE(@, {given})"
    yield BOTH, "use MAG_FORKABLE_VOID(", "MAG_FORKABLE(void, @, int, n)"
    yield BOTH, "for an operation without result use mag_task", "MAG_VTASK_DEFINE(@, void)"
    yield BOTH, "send pointers to them", (
        "struct huge { char bytes[MAG_CHANNEL_ITEM_MAX + 1]; }; MAG_CHANNEL_DEFINE(@, struct huge)")
    for where, cure, given in TASKS:
        yield where, cure, f"MAG_FORK_TASK({given}, @, int, n)"
        yield where, cure, f"MAG_SUBMIT_TASK({given}, @, int, n)"
        yield where, cure, f"MAG_ASYNC({given}, @, (int, n), int i;) {body}"
    for cure, what in ((RAW, "raw_read()"), (NO_TASK, "some_number()")):
        for await_ in awaits(what):
            yield BOTH, cure, await_
    yield BOTH, "are too large", (
        "MAG_ASYNC(long_task, @, (int, n), char bytes[MAG_ASYNC_BYTES_MAX];) " + body)
    yield BOTH, "the place has another size", wait_in("MAG_AWAIT(f, f->error, read_one())")


def wait_in(statement):
    return ("MAG_ASYNC(long_task, @, (int, n), long place; int error;) { MAG_BEGIN(f); "
            + statement + "; return long_task_result(f->place); MAG_END(f); }")


def awaits(what):
    for statement in ("MAG_AWAIT(f, f->place, {})", "MAG_AWAIT_DONE(f, {})",
                      "MAG_TRY(f, f->error, f->place, {})", "MAG_TRY_DONE(f, f->error, {})",
                      "MAG_AWAIT_ON(f, MAG_NULL, f->place, {})"):
        yield wait_in(statement.format(what))


# Types of operations that are none.
OPERATIONS = [
    "MAG_OPERATION_TYPE(struct stoppable, MAG_CANCELABLE(answer))",
    "MAG_OPERATION_TYPE(struct stoppable, answer)",
    "MAG_OPERATION_TYPE(struct stoppable, MAG_RESULT(answer), MAG_LIMT(7))",
    "MAG_OPERATION_TYPE(struct stoppable, MAG_RESULT(no_member))",
    "MAG_OPERATION_TYPE(struct not_first)",
]
OPERATION_HEAD = """
struct stoppable { struct mag_operation operation; struct mag_cancel_registration stop; int answer; };
struct not_first { int answer; struct mag_operation operation; };
"""

DROP_HEAD = """
MAG_ASYNC(long_task, hop, (int, n), int i;) { MAG_BEGIN(f); MAG_END(f); }
MAG_FORK_TASK(long_task, late, int, n)
static long_task late(mag_fork w, int n) { (void)w; return long_task_result(n); }
MAG_SUBMIT_TASK(long_task, later, int, n)
static long_task later(int n) { return long_task_result(n); }
int drop(mag_fork w, mag_vtask raw, long_task task, struct mag_promise *promise, long *at);
int drop(mag_fork w, mag_vtask raw, long_task task, struct mag_promise *promise, long *at)
{
"""
DROPS = [
    "hop(1)", "later_submit(MAG_NULL, 1)", "late(w, 1)", "late_task(&w, late_fork(&w, 1))", "long_task_result(1)",
    "long_task_of(raw)", "long_task_configure(task, true)", "mag_task_done()",
    "mag_task_of(raw)", "mag_vtask_failed(-1, 0)", "mag_vtask_result(1)",
    "mag_vtask_configure(raw, true)", "mag_promise_task(promise)", "long_task_get(task, at)",
    "long_task_wait(task, at)", "mag_task_get(mag_task_done())",
]

COUNTS = [(n, ", ".join(f"int, a{i}" for i in range(n)) or "void",
           "".join(f", int a{i}" for i in range(n)), "".join(f" + a{i}" for i in range(n)))
          for n in range(9)]
RIGHT = "\n".join(f"""
MAG_FORKABLE(long, one{i}, {nothing})
static long one{i}(mag_fork w) {{ (void)w; return 1; }}
MAG_FORKABLE_VOID(two{i}, {nothing})
static void two{i}(mag_fork w)
{{ struct one{i}_child child = one{i}_fork(&w); (void)one{i}_join(&w, child); }}
MAG_SPAWNABLE(visit{i}, {nothing})
static int visit{i}(mag_fork w) {{ two{i}(w); return 0; }}
MAG_LOOP(walk{i}, {nothing})
static int walk{i}(struct mag_range range, uint32_t slot)
{{ (void)range; (void)slot; return 0; }}
MAG_FORK_TASK(long_task, four{i}, {nothing})
static long_task four{i}(mag_fork w) {{ return long_task_result(visit{i}(w)); }}
MAG_SUBMIT_TASK(long_task, six{i}, {nothing})
static long_task six{i}(void) {{ return long_task_result(1); }}
MAG_ASYNC(long_task, five{i}, (void), int i;) {{ MAG_BEGIN(f); MAG_END(f); }}
""" for i, nothing in enumerate(("void", "(void)"))) + "".join(f"""
MAG_FORKABLE(long, first{n}, {pairs})
static long first{n}(mag_fork w{params}) {{ (void)w; return 0{names}; }}
MAG_FORKABLE_VOID(second{n}, {pairs})
static void second{n}(mag_fork w{params}) {{ (void)w; (void)(0{names}); }}
MAG_SPAWNABLE(third{n}, {pairs})
static int third{n}(mag_fork w{params}) {{ (void)w; return 0{names}; }}
MAG_LOOP(walk_on{n}, {pairs})
static int walk_on{n}(struct mag_range range, uint32_t slot{params})
{{ (void)range; (void)slot; return 0{names}; }}
MAG_FORK_TASK(long_task, fourth{n}, {pairs})
static long_task fourth{n}(mag_fork w{params})
{{ (void)w; return long_task_result(0{names}); }}
MAG_SUBMIT_TASK(long_task, sixth{n}, {pairs})
static long_task sixth{n}({params[2:] or 'void'}) {{ return long_task_result(0{names}); }}
MAG_ASYNC(long_task, fifth{n}, ({pairs}), int i;) {{ MAG_BEGIN(f); MAG_END(f); }}
""" for n, pairs, params, names in COUNTS) + """
MAG_FORKABLE(struct three, work, long_fn, function, const char *, text, struct three, some,
             unsigned long, n, __typeof__(long (*)(long)), same, __typeof__(int[4]) *, rows)
static struct three work(mag_fork w, long_fn function, const char *text, struct three some,
                         unsigned long n, long_fn same, int (*rows)[4])
{ (void)w; (void)function; (void)text; (void)n; (void)same; (void)rows; return some; }
MAG_FORKABLE(const char *, text_of, const char *, w)
static const char *text_of(mag_fork top, const char *w) { (void)top; return w; }
MAG_VTASK_DEFINE(fn_task, long_fn)
MAG_VTASK_DEFINE(three_task, struct three)
MAG_ASYNC(three_task, wait_for, (long_fn, function, struct three, local), long_fn more, other[3];)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->more, fn_task_result(f->function));
    return three_task_result(f->local);
    MAG_END(f);
}
""" + "\n".join(a.replace("@", f"right{i}") for i, a in enumerate(awaits("read_one()"))) + """
#ifdef __cplusplus
template <typename T, typename U> struct both_of { T t; U u; };
MAG_VTASK_DEFINE(both_task, both_of<int, long>)
typedef both_of<int, long> both;
MAG_FORKABLE(both, map, both, n)
static both map(mag_fork w, both n) { (void)w; return n; }
namespace ns { struct in { int n; }; }
MAG_FORKABLE(::ns::in, far, ::ns::in, n)
static ns::in far(mag_fork w, ::ns::in n) { (void)w; return n; }
#endif
"""


class Compiler:
    def __init__(self, name, language, folder):
        self.name, self.language, self.folder = name, language, folder
        self.unlimited = (["-fmax-errors=0", "-ftrack-macro-expansion=0"] if name[0] == "g"
                          else ["-ferror-limit=0"])

    def compile(self, program, *flags):
        """Its messages, as pairs of line and text, of errors and warnings."""
        path = self.folder / ("program.cpp" if self.language == CXX else "program.c")
        path.write_text(HEAD + "#line 1\n" + program)
        done = subprocess.run(
            [self.name, f"-std={self.language}", *self.unlimited, *flags,
             "-I", str(TOP / "include"), "-o", "/dev/null", str(path)],
            capture_output=True, text=True, check=False)
        told = re.findall(r"program\.c(?:pp)?:(\d+):(?:\d+:)? (?:fatal )?(?:error|warning): (.*)",
                          done.stderr)
        self.status = done.returncode
        return [(int(line), text) for line, text in told]

    def first_at(self, program, line):
        texts = [text for at, text in self.compile(program, "-fsyntax-only") if at == line]
        return texts[0] if texts else "nothing"


def cured(text, cure):
    return re.search("static.assert", text) is not None and cure in text


def check_mistakes(compiler):
    cases = [case for case in mistakes() if case[0] in (BOTH, compiler.language)]
    programs = [text.replace("@", f"work{i}") for i, (_, _, text) in enumerate(cases)]
    first = {}
    for line, text in compiler.compile("\n".join(programs) + "\n", "-fsyntax-only"):
        first.setdefault(line, text)
    failures = 0
    for i, (_, cure, _) in enumerate(cases):
        text = first.get(i + 1, "nothing")
        if not cured(text, cure):
            text = compiler.first_at(programs[i] + "\n", 1)
        if not cured(text, cure):
            failures += 1
            print(f"FAILED: {compiler.name} says '{text}', not '{cure}', of {programs[i]}")
    return len(cases), failures


def check_drops(compiler):
    program = DROP_HEAD + "".join(f"    {drop};\n" for drop in DROPS) + "    return 0;\n}\n"
    told = compiler.compile(program, "-S", "-Wall", "-Wextra", "-Wno-unused-parameter")
    begin, failures = DROP_HEAD.count("\n") + 1, 0
    for i, drop in enumerate(DROPS):
        if not any(line == begin + i and "unused-" in text for line, text in told):
            failures += 1
            print(f"FAILED: {compiler.name} does not warn where {drop} is dropped")
    return len(DROPS), failures


def check_operations(compiler):
    failures = 0
    right = "MAG_OPERATION_TYPE(struct stoppable, MAG_CANCELABLE(stop), MAG_RESULT(answer))"
    for given in [right, *OPERATIONS]:
        compiler.compile(f"{OPERATION_HEAD}struct mag_operation_type type = {given};",
                         "-fsyntax-only")
        if (compiler.status == 0) != (given == right):
            failures += 1
            print(f"FAILED: {compiler.name} returns {compiler.status} for {given}")
    return 1 + len(OPERATIONS), failures


def check_right(compiler):
    told = compiler.compile(RIGHT, "-S", "-O1", "-Wall", "-Wextra", "-Wpedantic",
                            "-Wno-unused-function")
    for line, text in told:
        print(f"FAILED: {compiler.name} says '{text}' of what is right, in line {line}")
    return 1, 1 if told or compiler.status != 0 else 0


def main():
    checks = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, language in COMPILERS:
            if shutil.which(name) is None:
                print(f"skipped: there is no {name}")
                continue
            compiler = Compiler(name, language, pathlib.Path(folder))
            for check in (check_mistakes, check_drops, check_operations, check_right):
                done, failed = check(compiler)
                checks, failures = checks + done, failures + failed
    print(f"{checks} checks, {failures} failures")
    return 0 if failures == 0 and checks > 200 else 1


if __name__ == "__main__":
    sys.exit(main())
