#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Magpie from Python, by ctypes; and after the fork() of multiprocessing.

A child process of fork() has none of its parent's threads, so a pool that its parent has
used would wait for ever.  Magpie starts afresh there.

usage: python_ctypes.py [LIBRARY]     default: libmagpie.so.0
"""
import ctypes
import multiprocessing
import sys
import threading

FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
COUNT = 1000


def load(path):
    """The library, with the types of what is called here."""
    magpie = ctypes.CDLL(path)
    magpie.mag_error_text.restype = ctypes.c_char_p
    magpie.mag_submit_all.argtypes = [ctypes.c_void_p, ctypes.c_void_p, FUNCTION,
                                      ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
    return magpie


def squares(path):
    """The sum of some squares, each computed by a call on some worker."""
    magpie = load(path)
    numbers = (ctypes.c_long * COUNT)(*range(COUNT))
    lock, left, done = threading.Lock(), [COUNT], threading.Event()

    def square(address):
        number = ctypes.c_long.from_address(address)
        number.value *= number.value
        with lock:
            left[0] -= 1
            if left[0] == 0:
                done.set()

    # ctypes frees the callback with `function`: keep that until all calls have returned.
    function = FUNCTION(square)
    code = magpie.mag_submit_all(None, None, function, numbers,
                                 ctypes.sizeof(ctypes.c_long), COUNT)
    if code != 0:
        raise OSError(-code, magpie.mag_error_text(code).decode())
    done.wait()
    return sum(numbers)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "libmagpie.so.0"
    wanted = sum(i * i for i in range(COUNT))
    before = squares(path)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        children = pool.map(squares, [path] * 4)
    after = squares(path)
    print(f"parent {before} and {after}, children {children}")
    return 0 if [before, after, *children] == [wanted] * 6 else 1


if __name__ == "__main__":
    sys.exit(main())
