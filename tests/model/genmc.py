#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the drivers in tests/model/genmc with GenMC, a stateless model checker that knows
the C11 memory model (as repaired in RC11) and IMM, which is what compilers may make of it
on ARM and POWER.  Unlike Relacy it lets stores change places, so it judges the orders that
tests/model/survivors.txt leaves to it: each is taken away, and a driver must fail.

GenMC is no Debian package.  GENMC names the program; else `genmc` is looked for.

usage: tests/model/genmc.py [DRIVER...]
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import weaken  # pylint: disable=wrong-import-position

HERE = weaken.ROOT / "tests/model/genmc"
MODELS = ("rc11", "imm")
DRIVERS = {  # driver: the orders that it must notice, one at a time, under one of both
    "inject": ["sched/queue/inject.h mag_inject_pop 3 release",
               "sched/queue/inject.h mag_inject_pop 1 acquire",
               "sched/queue/inject.h mag_inject_push 2 release"],
    "strand": ["sched/strand/queue.h mag_strand_pop 3 release",
               "sched/strand/queue.h mag_strand_push 1 acq_rel to acquire"],
    "runq": ["sched/queue/runq.h mag_runq_claim_so 3 release",
             "sched/queue/runq.h mag_runq_push_known 2 release"],
    "park": ["sched/idle/idle.c claim_bit 1 acquire", "sched/idle/idle.c mag_idle_announce 2 seq_cst"],
}
FLAGS = ["--disable-estimation", "--disable-spin-assume", "--disable-ipr", "--v1"]


def run(genmc, driver, model, mutant):
    """"held", "noticed", or what went wrong."""
    with tempfile.TemporaryDirectory() as overlay:
        if mutant is not None:
            path = pathlib.Path(overlay) / mutant.file
            path.parent.mkdir(parents=True)
            path.write_text(mutant.text, encoding="utf-8")
        includes = [f"-I{i}" for i in (overlay, HERE / "shim", weaken.ROOT,
                                       weaken.ROOT / "include")]
        result = subprocess.run([genmc, f"--{model}", *FLAGS, "--", *includes,
                                 str(HERE / f"{driver}.c")], capture_output=True, text=True,
                                check=False)
    told = result.stdout + result.stderr
    if "inline assembly" in told:
        return "inline assembly was skipped: the verdict means nothing"
    if "Error: " in told:
        return "noticed"
    return "held" if result.returncode == 0 else f"ended with {result.returncode}: {told[-500:]}"


def judge(job):
    genmc, driver, mutant = job
    verdicts = {model: run(genmc, driver, model, mutant) for model in MODELS}
    strange = [v for v in verdicts.values() if v not in ("held", "noticed")]
    if mutant is None:
        right = set(verdicts.values()) == {"held"}
    else:
        right = not strange and "noticed" in verdicts.values()
    return right, f"{driver}: {mutant or 'as it is'}: " + ", ".join(
        f"{verdict} under {model}" for model, verdict in verdicts.items())


def main(wanted):
    genmc = shutil.which(os.environ.get("GENMC", "genmc"))
    if genmc is None:
        print("skipped: genmc not found\n0 passed, 0 failed, 1 skipped")
        return 77
    drivers = {d: names for d, names in DRIVERS.items() if not wanted or d in wanted}
    mutants = {m.name: m for names in drivers.values()
               for file in {name.split(" ", 1)[0] for name in names}
               for m in weaken.mutants_of(file)}
    jobs = [(genmc, driver, mutants[name] if name else None)
            for driver, names in drivers.items() for name in [None] + names]
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for right, told in pool.map(judge, jobs):
            passed += right
            print(("" if right else "WRONG ") + told, flush=True)
    print(f"{passed} passed, {len(jobs) - passed} failed, 0 skipped")
    return 0 if passed == len(jobs) and jobs else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
