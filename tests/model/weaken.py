#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weakens each memory order of the modelled files by one step, one at a time, and runs the
file's models: one of them must fail.  Where an order has two halves each of them is taken
away alone; the words of <magpie/atomic.h> lose their order, and fences of an owner and a
thief are left out.  An order whose weakening no model notices must stand in
tests/model/survivors.txt with its reason, and every entry there must still survive.

usage: tests/model/weaken.py [MODEL...]        (about four minutes for all)
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {  # driver: the files whose orders it, or another one, must notice
    "model_inject": ["sched/inject.h"],
    "model_strand": ["sched/strand_queue.h"],
    "model_timer": ["sched/timer_state.h"],
    "model_clock": ["sched/clock.h"],
    "model_runq": ["sched/runq.h"],
    "model_bias": ["sched/bias.h", "sched/bias.c", "sched/spin.h", "sched/asym.h"],
    "model_park": ["sched/idle.h", "sched/idle.c"],
    "model_end": ["sched/idle.c", "sched/phase.h"],
    "model_inbox": ["sched/idle.c", "sched/idle.h"],
    "model_watch": ["sched/idle.c", "sched/idle.h"],
    "model_fork": ["sched/fork_deque.c", "sched/fork_join.c", "include/magpie/fork.h"],
    "model_claim": ["vtask/claim.h"],
    "model_promise": ["vtask/promise.h", "vtask/promise.c"],
    "model_pool_stack": ["numa/pool_stack.h"],
    "model_core": ["vtask/core.h", "vtask/core.c", "vtask/visit.c"],
    "model_any": ["vtask/when_any.c"],
}
WEAKER = {"seq_cst": ["acq_rel"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"],
          "release": ["relaxed"]}
ORDER = re.compile(r"memory_order_(seq_cst|acq_rel|acquire|release)\b")
LOOSE = [(re.compile(r"\bMAG_FOLD_(LOAD|STORE)\b"), r"MAG_LOOSE_\1"),
         (re.compile(r"\b(MAG_OWNER_FENCE)\(\)"), "(void)0"),
         (re.compile(r"\b(mag_asym_light)\(true\)"), "(void)0"),
         (re.compile(r"\b(mag_barrier_heavy)\(\)"), "(void)0")]
HANG_S = 60  # a model takes a few seconds; one that does not end has failed
COMPILE = ["g++", "-std=gnu++98", "-fpermissive", "-w", "-O1"]
LOAD, STORE = re.compile(r"atomic_load_explicit"), re.compile(r"atomic_store_explicit")


def weaker(order, statement):
    """Each step down: a load has no release half, a store no acquire half."""
    if order == "seq_cst" and LOAD.search(statement):
        return ["acquire"]
    if order == "seq_cst" and STORE.search(statement):
        return ["release"]
    return WEAKER[order]


def statement_around(text, at):
    start = max(text.rfind(c, 0, at) for c in ";{}") + 1
    return text[start:text.find(";", at) + 1]


def name_of(text, match, kind):
    """The function that holds the order, and which of its orders it is."""
    heads = list(re.finditer(r"^(?:static |MAG_COLD |MAG_FORK_INLINE |inline |bool |void |u?int\w* |enum \w+ |"
                             r"struct \w+ \*?)*\*?(\w+)\([^;{]*\)\n\{", text[:match.start()], re.M))
    function = heads[-1][1] if heads else "file"
    start = heads[-1].start() if heads else 0
    nth = len(kind.findall(text[start:match.start()])) + 1
    return f"{function} {nth} {match[1]}"


def mutants_of(text):
    """Each with its name."""
    code = re.sub(r"/\*.*?\*/", lambda m: " " * len(m[0]), text, flags=re.S)
    for match in ORDER.finditer(code):
        steps = weaker(match[1], statement_around(code, match.start()))
        for to in steps:
            name = name_of(code, match, ORDER) + (f" to {to}" if len(steps) > 1 else "")
            yield name, text[:match.start(1)] + to + text[match.end(1):]
    for kind, to in LOOSE:
        for match in kind.finditer(code):
            yield (name_of(code, match, kind),
                   text[:match.start()] + match.expand(to) + text[match.end():])


def mutants():
    for driver, files in MODELS.items():
        for file in files:
            for name, mutated in mutants_of((ROOT / file).read_text(encoding="utf-8")):
                yield driver, file, name, mutated


def run(driver, file=None, text=None):
    """Whether the model passes, with one file replaced."""
    with tempfile.TemporaryDirectory() as overlay:
        if file is not None:
            path = pathlib.Path(overlay) / file
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
        program = os.path.join(overlay, "model")
        includes = [overlay, os.path.join(overlay, "include"), ROOT / "tests/model/shim", ROOT, ROOT / "include"]
        command = COMPILE + [f"-I{i}" for i in includes] + [
            str(ROOT / "tests/model" / f"{driver}.cpp"), "-o", program, "-lpthread"]
        subprocess.run(command, check=True, capture_output=True)
        environment = {k: v for k, v in os.environ.items() if k != "MAG_TEST_SCALE"}
        try:
            result = subprocess.run([program], capture_output=True, check=False,
                                    timeout=HANG_S, env=environment)
        except subprocess.TimeoutExpired:
            return False
        return result.returncode == 0


def survivors():
    lines = (ROOT / "tests/model/survivors.txt").read_text(encoding="utf-8").splitlines()
    return {line.split(":", 1)[0].strip() for line in lines if line and line[0] not in "# "}


def judge(job):
    driver, file, name, text = job
    return f"{file} {name}", run(driver, file, text)


def main():
    if not pathlib.Path("/usr/include/relacy").exists() or shutil.which("g++") is None:
        print("skipped: there is no Relacy")
        return 77
    jobs = [job for job in mutants() if len(sys.argv) == 1 or job[0] in sys.argv[1:]]
    broken = [driver for driver in {job[0] for job in jobs} if not run(driver)]
    for driver in broken:
        print(f"{driver} fails without any change")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = {}
        for name, survived in pool.map(judge, jobs):
            verdicts[name] = survived and verdicts.get(name, True)
    listed = survivors()
    wrong = len(broken)
    for name, survived in sorted(verdicts.items()):
        if survived and name not in listed:
            print(f"survived: {name}")
            wrong += 1
        if not survived and name in listed:
            print(f"listed as a survivor, but noticed: {name}")
            wrong += 1
    for name in listed - set(verdicts) if len(sys.argv) == 1 else ():
        print(f"listed, but there is no such order: {name}")
        wrong += 1
    noticed = sum(not survived for survived in verdicts.values())
    print(f"{len(verdicts)} orders weakened, {noticed} noticed, {wrong} wrong")
    return 1 if wrong or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
