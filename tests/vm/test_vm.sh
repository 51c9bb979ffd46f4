#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The default set of guests, for ctest.  $1: the build.
exec python3 "$(dirname "$0")/boot.py" --build "$1" --verbose
