#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that test_requirements.py objects to what it is there to object to."""
import pathlib
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).with_name("test_requirements.py")
ALL = "VT-2 to VT-206: a reason\n"
TEST = "/* VT-1 */\nstatic void it_works(void **state)\n{\n}\n"
CASES = [  # name, test file, reasons, exit status, what it says
    ("all is well", TEST, ALL, 0, "0 wrong"),
    ("the name of the test is shown", TEST, ALL, 0, "test_x: it_works"),
    ("a long name stands on a line of its own",
     "/* VT-1 */\nstatic void\nit_works(void **state)\n{\n}\n", ALL, 0, "test_x: it_works"),
    ("a number of several lines", "/* VT-1,\n * VT-2 */\nstatic void f(void)\n{\n}\n",
     "VT-3 to VT-206: a reason\n", 0, "2 have tests"),
    ("nothing for a number", "", ALL, 1, "VT-1: has neither"),
    ("a reason that is not needed", TEST, "VT-1: none\n" + ALL, 1, "VT-1: has a test and"),
    ("what is due may come", TEST, "VT-1 due: soon\n" + ALL, 0, "0 are due"),
    ("a number that is not", TEST, ALL + "VT-207: none\n", 1, "no such requirement"),
    ("no reason after the colon", TEST, ALL + "VT-9:\n", 1, "not a reason"),
    ("numbers above no test", TEST + "/* VT-5 */\nstatic int x;\n", ALL, 1, "nothing that is"),
]


def main():
    failed = 0
    for name, test, reasons, status, said in CASES:
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root) / "tests/requirements"
            folder.mkdir(parents=True)
            (folder / "reasons.txt").write_text(reasons, encoding="utf-8")
            (folder.parent / "test_x.c").write_text(test, encoding="utf-8")
            result = subprocess.run([sys.executable, str(CHECKER), "--root", root],
                                    capture_output=True, text=True, check=False)
        if result.returncode != status or said not in result.stdout:
            failed += 1
            print(f"FAILED: {name}: exit {result.returncode}\n{result.stdout}")
    print(f"{len(CASES) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
