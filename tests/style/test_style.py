#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds tools/check_style.py bad files, of which it must object to each, by the rule's name,
and good ones that look like bad ones, to which it must not."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_style.py"
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
HEADER = SPDX + "#ifndef MAGPIE_A_H\n#define MAGPIE_A_H\n\n{}\n#endif\n"
WHEN = HEADER.replace("MAGPIE_A", "MAGPIE_WHEN")
BODY = SPDX + "int f(_Atomic(int) *w, int *a)\n{{\n{}}}\n"
LOAD = "atomic_load_explicit(w, memory_order_relaxed)"

# Stands beside each case: a module and a folder that others may make a circle with.
THERE = (SPDX + "#ifndef SCHED_CIRCLE_THERE_H\n#define SCHED_CIRCLE_THERE_H\n\n"
         '#include "sched/circle/back.h"\n#include "sched/round/a.h"\n\n#endif\n')

BAD = [
    ("layers", "numa/a.c", SPDX + '#include "sched/idle/idle.h"\n'),
    ("layers", "numa/a.c", SPDX + "#include <magpie/sched.h>\n"),
    ("layers", "sched/a.c", SPDX + '#include "numa/pool/depot.h"\n'),
    ("layers", "sched/a.c", SPDX + '#include "vtask/core/core.h"\n'),
    ("layers", "sched/a.c", SPDX + '#include "idle.h"\n'),
    ("layers", "sched/a.c", SPDX + "#include <magpie/vtask.h>\n"),
    ("layers", "sched/a.c", SPDX + "/* Runs a value task. */\n"),
    ("layers", "include/magpie/plan.h",
     HEADER.replace("MAGPIE_A", "MAGPIE_PLAN").format("#include <magpie/sched.h>\n")),
    ("layers", "include/magpie/a.h", HEADER.format('#include "sched/idle/idle.h"\n')),
    ("layers", "include/magpie/a.h", HEADER.format("")),
    ("layers", "include/magpie/detail/sched.h",
     HEADER.replace("MAGPIE_A", "MAGPIE_DETAIL_SCHED").format("")),
    ("layers", "include/magpie/detail/pool.h",
     HEADER.replace("MAGPIE_A", "MAGPIE_DETAIL_POOL").format("#include <magpie/sched.h>\n")),
    ("layers", "vtask/a.c", SPDX + "#include <magpie/nothing.h>\n"),
    ("layers", "examples/a.c", SPDX + "#include <magpie/detail/fork.h>\n"),
    ("layers", "tests/unit/test_a.c", SPDX + "#include <magpie/detail/fork.h>\n"),
    ("layers", "bench/a.c", SPDX + '#include "sched/idle/idle.h"\n'),
    ("layers", "bench/a.c", SPDX + '#include "bench/text/text.h"\n'),
    ("layers", "bench/sim/a.c", SPDX + '#include "sched/idle/idle.h"\n'),
    ("layers", "bench/cli/a.c", SPDX + '#include "sched/policy/wake.h"\n'),
    ("layers", "bench/new/a.c", SPDX + '#include "bench/text/text.h"\n'),
    ("layers", "bench/text/a.c", SPDX + '#include "bench/cli/command.h"\n'),
    ("layers", "bench/measure/a.c", SPDX + '#include "bench/report/report.h"\n'),
    ("layers", "bench/peers/common/a.c", SPDX + '#include "bench/measure/lane.h"\n'),
    ("layers", "examples/a.c", SPDX + '#include "numa/pool/depot.h"\n'),
    ("layers", "tests/unit/test_a.c", SPDX + '#include "numa/pool/depot.h"\n#include "sched/idle/idle.h"\n'),
    ("circles", "sched/circle/back.c", SPDX + '#include "sched/circle/there.h"\n'),
    ("circles", "sched/round/b.c", SPDX + '#include "sched/circle/there.h"\n'),
    ("seam", "sched/a.c", SPDX + "#include <sched.h>\n"),
    ("seam", "vtask/a.h", HEADER.replace("MAGPIE_A", "VTASK_A").format("#include <time.h>\n")),
    ("seam", "numa/a.c", SPDX + "#  include <linux/futex.h>\n"),
    ("seam", "numa/a.c", SPDX + "#include <sys/syscall.h>\n"),
    ("seam", "sched/a.c", BODY.format("    (void)sched_yield();\n")),
    ("seam", "sched/a.c", BODY.format("    return pthread_create(w, 0, g, 0);\n")),
    ("seam", "sched/a.c", BODY.format("    return syscall (1);\n")),
    ("seam", "sched/a.c", BODY.format("    return pthread_sigmask(0, 0, 0);\n")),
    ("seam", "vtask/a.c", BODY.format("    pthread_cond_t changed;\n")),
    ("seam", "vtask/a.c", BODY.format("    (void)pthread_cond_signal(a);\n")),
    ("seam", "vtask/a.c", BODY.format("    (void)pthread_setcancelstate(0, a);\n")),
    ("seam", "numa/a.c", BODY.format("    (void)clock_gettime(0, 0);\n")),
    ("seam", "numa/a.c", BODY.format("    (void)nanosleep(0, 0);\n")),
    ("seam", "numa/a.c", BODY.format("    return sched_getaffinity(0, 0, 0);\n")),
    ("orders", "sched/a.c", BODY.format(f"    return {LOAD};\n")),
    ("orders", "sched/a.c", BODY.format(f"    /* relaxed: a hint. */\n\n    return {LOAD};\n")),
    ("orders", "sched/a.c", BODY.format(f"    /* relaxed: a hint. */\n    g();\n    return {LOAD};\n")),
    ("orders", "sched/a.c", BODY.format(f"    g(); /* first */\n    return {LOAD};\n")),
    ("orders", "sched/a.c", BODY.format(f"    *a = {LOAD};\n    return 0;\n")),
    ("orders", "sched/a.c", BODY.format(f"    return {LOAD}; /* relaxed: a hint. */\n")),
    ("orders", "sched/a.c", BODY.format("    return MAG_LOAD(w, relaxed);\n")),
    ("explicit", "sched/a.c", BODY.format("    return atomic_load(w);\n")),
    ("explicit", "sched/a.c", BODY.format("    return atomic_fetch_add(w, 1);\n")),
    ("explicit", "sched/a.c", BODY.format("    return atomic_compare_exchange_weak(w, a, 1);\n")),
    ("explicit", "sched/a.c", BODY.format("    return __sync_fetch_and_add(w, 1);\n")),
    ("explicit", "sched/a.c", BODY.format("    return __atomic_load_n(w, 0);\n")),
    ("silent", "numa/a.c", BODY.format('    printf("%d", *a);\n    return 0;\n')),
    ("silent", "sched/a.c", BODY.format("    abort();\n")),
    ("documented", "include/magpie/a.h", HEADER.format("MAG_API int mag_a(void);\n")),
    ("documented", "include/magpie/a.h",
     HEADER.format("/* Something. */\n\nMAG_API int mag_a(void);\n")),
    ("documented", "include/magpie/a.h",
     HEADER.format("MAG_INLINE int mag_a(void)\n{\n    return 1;\n}\n")),
    ("documented", "include/magpie/a.h",
     HEADER.format("static inline int mag_a(void)\n{\n    return 1;\n}\n")),
    ("guard", "sched/a.h", SPDX + "#ifndef A_H\n#define A_H\n#endif\n"),
    ("guard", "sched/a.h", SPDX + "#pragma once\n"),
    ("spdx", "sched/a.c", "int a;\n"),
    ("spdx", "tools/a.sh", "#!/bin/sh\n"),
    ("spdx", "tests/run", "#!/bin/sh\n"),
    ("size", "sched/a.c", SPDX + "int a;\n" * 501),
    ("width", "sched/a.c", SPDX + "/* " + "a" * 90 + " */\n"),
    ("comment", "sched/a.c", SPDX + "int a; // why\n"),
    ("words", "sched/a.c", SPDX + "/* TO" + "DO: later */\n"),
    ("words", "docs/a.md", "See /wo" + "rk/main.\n"),
    ("words", "docs/a.md", "An operation that was cancel" "led.\n"),
    ("words", "README.md", "A linked cancel " "source.\n"),
    ("words", "man/a.1", "of an idle " "pool\n"),
    ("words", "docs/a.md", "A pool of " "three workers.\n"),
    ("spaces", "sched/a.c", SPDX + "int a;  \n"),
    ("spaces", "docs/a.md", "<<<<<<" + "< HEAD\n"),
    ("spaces", "sched/a.c", SPDX + "int a;\t/* b */\n"),
    ("spaces", "sched/a.c", SPDX + "int a;"),
    ("links", "docs/a.md", "See [b](b.md#there).\n"),
    ("links", "docs/guide/a.md", "A page that nobody finds.\n"),
    ("links", "docs/a.md", "# Here\n\nSee [a](a.md#there).\n"),
    ("links", "docs/a.md", "# Here\n\nSee [above](#there).\n"),
    ("links", "sched/a.c", SPDX + "/* See docs/no" "thing.md. */\n"),
    ("links", "sched/a.c", SPDX + "/* See docs/guide/no" "thing.md. */\n"),
    ("paths", "docs/a.md", "It stands in `sched/a.c`.\n"),
    ("paths", "docs/a.md", "It stands in `examples/quoted.c`: `a`.\n"),
    ("paths", "docs/a.md", "Include `<magpie/gone.h>`.\n"),
    ("names", "docs/a.md", "Call `mag_gone`.\n"),
    ("names", "docs/a.md", "Proved by `test_gone.c`.\n"),
    ("names", "docs/a.md", "Proved by `nothing_is_ever_lost`.\n"),
    ("quotes", "docs/a.md", "<!-- examples/quoted.c -->\n```c\nint  b;\n```\n"),
    ("quotes", "docs/a.md", "<!-- examples/a.c -->\n```c\nint b;\n```\n"),
    ("contract", "vtask/a.c", SPDX + "/* VT-5 */\n"),
    ("contract", "docs/design/value-task-contract.md", "- **VT-1** As VT-2.\n"),
    ("promises", "docs/design/promises.md", "| it is near | a page | guest | a test |\n"),
    ("promises", "docs/design/promises.md", "| it is near | a page | hope | `examples/quoted.c`: `b` |\n"),
    ("promises", "docs/design/promises.md", "| it is near | a page | guest | `examples/quoted.c`: `b` |\n"),
]

GOOD = [
    ("sched/circle/there.c", SPDX + '#include "sched/circle/there.h"\n'),
    ("sched/circle/onward.c", SPDX + '#include "sched/circle/there.h"\n#include "sched/round/a.h"\n'),
    ("sched/c.c", SPDX + '#include "sched/circle/there.h"\n'),
    ("sched/a.c", SPDX + '#include "sched/idle/idle.h"\n#include <magpie/plan.h>\n'),
    ("vtask/a.c", SPDX + "#include <magpie/sched.h>\n#include <magpie/pool.h>\n"),
    ("tests/unit/test_a.c",
     SPDX + '#include "sched/idle/idle.h"\n#include "tests/support/run.h"\n#include <magpie/plan.h>\n'),
    ("sched/a.c", BODY.format(f"    /* relaxed: a hint. */\n    return {LOAD};\n")),
    ("sched/a.c", BODY.format(f"    /* relaxed: a hint,\n     * no more. */\n    *a =\n        {LOAD};\n"
                              "    return 0;\n")),
    ("sched/a.c", SPDX + "/* An order such as memory_order_relaxed; atomic_load( would be wrong. */\n"),
    ("base/os/a.c", SPDX + "#include <sched.h>\n#include <linux/futex.h>\n"),
    ("base/os/a.c", BODY.format("    return sched_yield();\n")),
    ("bench/a.c", SPDX + "#include <time.h>\n"),
    ("sched/a.c", BODY.format("    /* Not nanosleep(), which is a cancellation point. */\n"
                              "    mag_os_sleep(a);\n    mag_clock_gets(a);\n")),
    ("sched/a.c", BODY.format("    (void)pthread_mutex_lock(a);\n    (void)pthread_once(a, g);\n")),
    ("sched/a.c", BODY.format('    return g("atomic_load(w) // memory_order_relaxed");\n')),
    ("sched/a.c", BODY.format("    return snprintf(0, 0, 0) + p->exit(0);\n")),
    ("bench/a.c", BODY.format('    return printf("%d", *a);\n')),
    ("bench/sim/a.c", SPDX + '#include "sched/policy/wake.h"\n'),
    ("bench/cli/a.c", SPDX + '#include "bench/cli/command.h"\n#include "bench/text/text.h"\n'),
    ("bench/peers/tbb/a.cpp", SPDX + '#include "bench/kernels/sort.h"\n'),
    ("include/magpie/when.h", WHEN.format("#include <magpie/detail/core.h>\n")),
    ("vtask/a.c", SPDX + "#include <magpie/detail/core.h>\n"),
    ("include/magpie/when.h",
     WHEN.format("/* Two numbers. */\nMAG_API int mag_a(void);\nMAG_API int mag_b(void);\n")),
    ("sched/a.c", SPDX + "int a;\n" * 499),
    ("docs/a.md", "# It's `here`\n\nSee [a](a.md#its-here) and [elsewhere](https://example.org/b#c).\n"),
    ("docs/a.md", "# Here\n\nSee [above](#here), docs/a.md and docs/a.md#here.\n"),
    ("docs/a.md", "A pool of objects, in `examples/quoted.c`: `b`; `name`, `a/b.c` and `docs/`.\n"),
    ("docs/a.md", "<!-- examples/quoted.c -->\n```c\nint b;\n```\n"),
    ("docs/design/value-task-contract.md", "- **VT-1** One.\n- **VT-2** As VT-1.\n"),
    ("docs/design/promises.md",
     "| a | b | c | test |\n|---|---|---|---|\n| it is near | a page | table | `examples/quoted.c`: `b` |\n"),
]


def check(path, text, arguments=("--no-format",)):
    with tempfile.TemporaryDirectory() as root:
        file = pathlib.Path(root) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        guide = pathlib.Path(root) / "docs/README.md"
        guide.parent.mkdir(exist_ok=True)
        guide.write_text("(design/value-task-contract.md) (design/promises.md)\n", encoding="utf-8")
        quoted = pathlib.Path(root) / "examples/quoted.c"
        quoted.parent.mkdir(exist_ok=True)
        quoted.write_text(SPDX + "int b;\n", encoding="utf-8")
        there = pathlib.Path(root) / "sched/circle/there.h"
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(THERE, encoding="utf-8")
        return subprocess.run([sys.executable, CHECKER, *arguments, "--root", root],
                              capture_output=True, text=True, check=False)


def main():
    failed = 0
    for rule, path, text in BAD:
        result = check(path, text)
        if result.returncode != 1 or f": {rule}: " not in result.stdout:
            print(f"{path} breaks '{rule}', which was not noticed:\n{text[:300]}\n{result.stdout}")
            failed += 1
    for path, text in GOOD:
        result = check(path, text)
        if result.returncode != 0:
            print(f"{path} is right, but:\n{result.stdout}")
            failed += 1
    if shutil.which("clang-format-14"):
        result = check("sched/a.c", SPDX + "int  a  ;\n", ())
        if result.returncode != 1 or ": format: " not in result.stdout:
            print(f"a file that clang-format would change was not noticed:\n{result.stdout}")
            failed += 1
    # What a page shows, names and points to: that of the tree itself.
    result = subprocess.run([sys.executable, CHECKER, "--no-format"], capture_output=True,
                            text=True, check=False)
    for line in result.stdout.splitlines():
        if re.search(r":\d+: (?:links|paths|names|quotes|contract): ", line):
            print(line)
            failed += 1
    rules = set(re.findall(r"^def check_(\w+)\(file\)", CHECKER.read_text(encoding="utf-8"), re.M))
    for rule in rules ^ {rule for rule, _, _ in BAD}:
        print(f"'{rule}' is a rule without a bad file here, or the other way round")
        failed += 1
    print(f"{len(BAD) + len(GOOD)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
