#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a trace as a viewer would read it: it is JSON; on each worker begins and ends pair
up and times do not go back; every name that is given appears, or one of those in A|B.

usage: check_trace.py FILE [NAME...]
"""
import collections
import json
import sys


def check(events):
    """What is wrong, or None."""
    depth = collections.Counter()
    last = {}
    for event in events:
        row = (event["pid"], event["tid"])
        if event["ts"] < last.get(row, 0):
            return f"the time goes back: {event}"
        last[row] = event["ts"]
        if event["ph"] in "BiM" and not isinstance(event["name"], str):
            return f"no name: {event}"
        depth[row] += {"B": 1, "E": -1}.get(event["ph"], 0)
        if depth[row] < 0:
            return f"ends what did not begin: {event}"
    return f"does not end: {depth}" if any(depth.values()) else None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    wrong = check(events)
    names = {event.get("name") for event in events}
    missing = [name for name in sys.argv[2:] if names.isdisjoint(name.split("|"))]
    if wrong or missing:
        print(wrong or f"not in the trace: {missing}; it has {sorted(filter(None, names))}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
