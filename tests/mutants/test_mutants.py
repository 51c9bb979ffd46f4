#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each mutant still fits the tree."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.exit(subprocess.run([sys.executable, str(HERE / "run.py"), "--check"], check=False).returncode)
