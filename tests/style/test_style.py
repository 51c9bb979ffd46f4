#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds tools/check_style.py one bad file per rule: it must object to each, by name."""
import pathlib
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_style.py"
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

BAD = [
    ("layers", "numa/a.c", SPDX + '#include "sched/idle.h"\n'),
    ("layers", "numa/a.c", SPDX + "#include <magpie/sched.h>\n"),
    ("layers", "sched/a.c", SPDX + '#include "vtask/core.h"\n'),
    ("layers", "sched/a.c", SPDX + "#include <magpie/vtask.h>\n"),
    ("layers", "bench/a.c", SPDX + '#include "sched/idle.h"\n'),
    ("orders", "sched/a.c",
     SPDX + "int f(_Atomic(int) *w)\n{\n    return atomic_load_explicit(w, memory_order_relaxed);\n}\n"),
    ("orders", "sched/a.c",
     SPDX + "void f(_Atomic(int) *w)\n{\n    /* reason */\n    g();\n"
            "    atomic_store_explicit(w, 1, memory_order_release);\n}\n"),
    ("explicit", "sched/a.c", SPDX + "int f(_Atomic(int) *w)\n{\n    return atomic_load(w);\n}\n"),
    ("explicit", "sched/a.c", SPDX + "void f(_Atomic(int) *w)\n{\n    atomic_fetch_add(w, 1);\n}\n"),
    ("size", "sched/a.c", SPDX + "int a;\n" * 501),
    ("spdx", "sched/a.c", "int a;\n"),
    ("guard", "sched/a.h", SPDX + "#ifndef A_H\n#define A_H\n#endif\n"),
    ("comment", "sched/a.c", SPDX + "int a; // why\n"),
    ("comment", "sched/a.c", SPDX + "/* TO" + "DO: later */\n"),
    ("documented", "include/magpie/a.h",
     SPDX + "#ifndef MAGPIE_A_H\n#define MAGPIE_A_H\n\nMAG_API int mag_a(void);\n#endif\n"),
]

GOOD = [
    ("sched/a.c", SPDX + '#include "sched/idle.h"\n#include <magpie/numa.h>\n'),
    ("sched/a.c",
     SPDX + "int f(_Atomic(int) *w)\n{\n    /* relaxed: a hint. */\n"
            "    return atomic_load_explicit(w, memory_order_relaxed);\n}\n"),
    ("vtask/a.c", SPDX + "#include <magpie/sched.h>\n#include <magpie/pool.h>\n"),
]


def check(path, text):
    with tempfile.TemporaryDirectory() as root:
        file = pathlib.Path(root) / path
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, CHECKER, "--no-format", "--root", root],
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
    print(f"{len(BAD) + len(GOOD)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
