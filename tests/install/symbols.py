#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls the shared library as a language does that cannot include a header: also those
functions that are inline in C.

usage: symbols.py LIBRARY
"""
import ctypes as c
import sys

lib = c.CDLL(sys.argv[1])


class Vtask(c.Structure):
    _fields_ = [("backing", c.c_size_t), ("payload", c.c_uint64)]


class Fork(c.Structure):
    _fields_ = [("top", c.c_void_p)]


PAYLOAD = 16  # in a slot of the fork stack
BODY = c.CFUNCTYPE(None, Fork, c.c_void_p)


def function(name, result, *arguments):
    found = getattr(lib, name)
    found.restype, found.argtypes = result, arguments
    return found


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def values():
    result = function("mag_vtask_result", Vtask, c.c_uint64)
    failed = function("mag_vtask_failed", Vtask, c.c_int, c.c_uint64)
    status = function("mag_vtask_status", c.c_int, Vtask)
    get = function("mag_vtask_get", c.c_int, Vtask, c.POINTER(c.c_uint64))
    is_misuse = function("mag_is_misuse", c.c_bool, c.c_int)
    value = c.c_uint64()

    check(status(result(42)) == 1 and status(failed(-5, 0)) == 2, "the states")
    check(get(result(42), c.byref(value)) == 0 and value.value == 42, "a result")
    check(get(failed(-5, 7), c.byref(value)) == -5, "an error")
    check(is_misuse(-70001) and not is_misuse(-5), "what is misuse")


def operations():
    rent = function("mag_operation_rent", c.c_int, c.c_void_p, c.POINTER(c.c_void_p))
    task_of = function("mag_operation_task", Vtask, c.c_void_p)
    status = function("mag_vtask_status", c.c_int, Vtask)
    get = function("mag_vtask_get", c.c_int, Vtask, c.POINTER(c.c_uint64))
    set_result = function("mag_core_set_result", c.c_int, c.c_void_p, c.c_uint64)
    word = c.addressof(c.c_char.in_dll(lib, "mag_operation_word"))
    operation, value = c.c_void_p(), c.c_uint64()

    for number in range(3):
        check(rent(word, c.byref(operation)) == 0, "an operation is rented")
        task = task_of(operation)
        check(status(task) == 0, "it is pending")
        check(set_result(operation, number) == 0, "it is completed")
        check(get(task, c.byref(value)) == 0 and value.value == number, "it is read")
        check(get(task, c.byref(value)) == -70001, "it is over")


def forks():
    start = function("mag_sched_start", c.c_int, c.c_void_p, c.POINTER(c.c_void_p))
    destroy = function("mag_sched_destroy", c.c_int, c.c_void_p)
    run = function("mag_fork_run", c.c_int, c.c_void_p, BODY, c.c_void_p)
    push = function("mag_fork_push", c.c_int, c.POINTER(Fork), BODY, c.c_void_p, c.c_size_t)
    pop = function("mag_fork_pop", c.c_bool, c.POINTER(Fork))
    sched = c.c_void_p()

    def sum_up(w, payload):
        """The numbers up to the one in the payload, as a tree of children."""
        word = c.c_uint64.from_address(payload)
        number = c.c_uint64(word.value)
        if number.value > 1:
            rest = c.c_uint64(number.value - 1)
            check(push(c.byref(w), body, c.byref(rest), 8) == 0, "a child is pushed")
            if pop(c.byref(w)):
                sum_up(w, c.addressof(rest))
            else:
                rest = c.c_uint64.from_address(w.top + PAYLOAD)
            word.value = number.value + rest.value

    body = BODY(sum_up)
    check(start(None, c.byref(sched)) == 0, "a scheduler starts")
    number = c.c_uint64(10)
    check(run(sched, body, c.byref(number)) == 0 and number.value == 55, "forks and joins")
    check(destroy(sched) == 0, "the scheduler ends")


values()
operations()
forks()
print("ok")
