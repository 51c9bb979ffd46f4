#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weakens each memory order of the modelled files by one step, one at a time, and runs the
file's models: one of them must fail.  Where an order has two halves each of them is taken
away alone; the words of <magpie/detail/atomic.h> lose their order, and fences of an owner and a
thief are left out.  A compare-and-swap keeps a pair of orders that C11 allows: where the
failure's order would be stronger than the success's it is weakened with it.

An order whose weakening no model notices, or that is in no model, must stand in
tests/model/survivors.txt with its reason; every entry there must still survive, and name
an order that exists.

A model that ends with a fault has noticed.  One that does not compile, crashes, or needs
more than LIMIT times the processor time of the unchanged model has not: that is an error.
Verdicts are kept in build/weaken under what the compiler saw, so that a second run judges
what has changed.

usage: tests/model/weaken.py [--check] [MODEL...]
  --check   only compares the orders of all rooms with the lists: a second
  MODEL...  only the orders of these models' files
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "weaken"
MODELS = {  # driver: the files whose orders it, or another one, must notice
    "model_inject": ["sched/queue/inject.h"],
    "model_packet": ["sched/queue/packet.h"],
    "model_strand": ["sched/strand/queue.h"],
    "model_team": ["sched/team/meet.c"],
    "model_timer": ["sched/timer/state.h"],
    "model_clock": ["sched/timer/clock.h", "sched/timer/clock.c"],
    "model_runq": ["sched/queue/runq.h"],
    "model_owner_lock": ["sched/queue/owner_lock.h", "sched/queue/owner_lock.c", "base/spin.h", "base/asym.h"],
    "model_shared_call": ["base/shared_call.h"],
    "model_park": ["sched/idle/idle.h", "sched/idle/idle.c", "sched/queue/inject.h"],
    "model_end": ["sched/idle/idle.c", "sched/idle/sleeper.c", "sched/phase.h"],
    "model_berth": ["sched/idle/idle.c"],
    "model_inbox": ["sched/idle/idle.c", "sched/idle/idle.h"],
    "model_bench": ["sched/worker/next.h", "sched/worker/bench.c", "sched/worker/wake.c"],
    "model_bell": ["sched/idle/bell.h", "sched/idle/bell.c"],
    "model_watch": ["sched/idle/idle.c", "sched/idle/idle.h"],
    "model_region": ["sched/worker/region.h"],
    "model_poster": ["sched/worker/self.h", "sched/worker/self.c"],
    "model_fork": ["sched/fork/deque.c", "sched/fork/join.c", "include/magpie/fork.h"],
    "model_trace": ["sched/trace/ring.h"],
    "model_note": ["sched/trace/note.h"],
    "model_claim": ["vtask/operation/claim.h"],
    "model_promise": ["vtask/promise/promise.h", "vtask/promise/promise.c"],
    "model_pool_stack": ["numa/pool/stack.h"],
    "model_pool_ck": ["numa/pool/stack.h"],
    "model_core": ["vtask/core/core.h", "vtask/core/core.c", "vtask/value/visit.c"],
    "model_line": ["include/magpie/detail/line.h", "vtask/sync/line.c"],
    "model_lazy": ["vtask/sync/lazy.c"],
    "model_life": ["vtask/debug/life.h"],
    "model_any": ["vtask/combine/when_any.c"],
    "model_turn": ["vtask/flow/turn.h"],
    "model_channel": ["vtask/flow/channel_ends.h"],
}
ROOMS = ("base", "numa", "sched", "vtask")
WEAKER = {"seq_cst": ["acq_rel"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"],
          "release": ["relaxed"]}
WEAKER_LOAD = {"seq_cst": "acquire", "acquire": "relaxed"}
# The orders that C11 allows on failure beside each order on success.
FAILURES = {"relaxed": ["relaxed"], "acquire": ["acquire", "relaxed"],
            "release": ["acquire", "relaxed"], "acq_rel": ["acquire", "relaxed"],
            "seq_cst": ["seq_cst", "acquire", "relaxed"]}
ORDER = re.compile(r"memory_order_(seq_cst|acq_rel|acquire|release)\b")
ANY_ORDER = re.compile(r"memory_order_(seq_cst|acq_rel|acquire|release|relaxed)\b")
LOOSE = [(re.compile(r"\bMAG_FOLD_(LOAD|STORE)\b"), r"MAG_LOOSE_\1"),
         (re.compile(r"\bMAG_(SWAP)\b"), r"MAG_LOOSE_\1"),
         (re.compile(r"\b(MAG_OWNER_FENCE)\(\)"), "(void)0"),
         (re.compile(r"\b(mag_asym_light)\((?:true|false)\)"), "(void)0"),
         (re.compile(r"\b(mag_barrier_heavy)\(\)"), "(void)0")]
LIMIT = 20
COMPILE = ["g++", "-std=gnu++98", "-fpermissive", "-w", "-O1"]
LOAD, STORE = re.compile(r"atomic_load_explicit"), re.compile(r"atomic_store_explicit")
SWAP = re.compile(r"atomic_compare_exchange_\w+")
HEAD = re.compile(r"^[A-Za-z_][^;{}=\n]*?\b(\w+)\((?:[^;{}]*)\)\n\{", re.M)


class Mutant:
    """One order, weakened: where it stands, what it is called, and the file's new text."""

    def __init__(self, file, line, name, text):
        self.file, self.line, self.name, self.text = file, line, f"{file} {name}", text

    def __str__(self):
        return f"{self.file}:{self.line}: {self.name.split(' ', 1)[1]}"


def weaker(order, statement):
    """Each step down: a load has no release half, a store no acquire half."""
    if order == "seq_cst" and LOAD.search(statement):
        return ["acquire"]
    if order == "seq_cst" and STORE.search(statement):
        return ["release"]
    return WEAKER[order]


def statement_around(text, at):
    """Where the statement that holds `at` begins and ends."""
    return max(text.rfind(c, 0, at) for c in ";{}") + 1, text.find(";", at) + 1


def name_of(text, match, kind):
    """The function that holds the order, which of several of that name it is (the forms
    of an #if), and which of its orders."""
    heads = list(HEAD.finditer(text[:match.start()]))
    if not heads:
        return f"file {len(kind.findall(text[:match.start()])) + 1} {match[1]}"
    function = heads[-1][1]
    form = sum(head[1] == function for head in heads)
    nth = len(kind.findall(text[heads[-1].start():match.start()])) + 1
    return f"{function}{f'#{form}' if form > 1 else ''} {nth} {match[1]}"


def swap_steps(code, match, start, end):
    """Of one order of a compare-and-swap: the step, and the edits that make it legal."""
    success, failure = list(ANY_ORDER.finditer(code, start, end))[-2:]
    if match.start() < success.start():
        return [(to, [(match, to)]) for to in weaker(match[1], code[start:match.start()])]
    if match.start() == failure.start():
        to = WEAKER_LOAD[match[1]]
        return [(to, [(failure, to)])]
    steps = []
    for to in WEAKER.get(success[1], []):
        edits = [(success, to)]
        if failure[1] not in FAILURES[to]:
            edits.append((failure, FAILURES[to][0]))
        steps.append((to, edits))
    return steps


def steps_of(code, match):
    start, end = statement_around(code, match.start())
    statement = code[start:end]
    if SWAP.search(statement) and len(list(ANY_ORDER.finditer(statement))) >= 2:
        return swap_steps(code, match, start, end)
    return [(to, [(match, to)]) for to in weaker(match[1], statement)]


def edited(text, edits):
    for match, to in sorted(edits, key=lambda edit: -edit[0].start()):
        text = text[:match.start(1)] + to + text[match.end(1):]
    return text


def mutants_of(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    for match in ORDER.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        steps = steps_of(code, match)
        for to, edits in steps:
            name = name_of(code, match, ORDER) + (f" to {to}" if len(steps) > 1 else "")
            yield Mutant(file, line, name, edited(text, edits))
    for kind, to in LOOSE:
        for match in kind.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield Mutant(file, line, name_of(code, match, kind),
                         text[:match.start()] + match.expand(to) + text[match.end():])


def command_of(driver, overlay):
    includes = [overlay, os.path.join(overlay, "include"), ROOT / "tests/model/shim", ROOT,
                ROOT / "include"]
    return COMPILE + [f"-I{i}" for i in includes] + [
        str(ROOT / "tests/model" / f"{driver}.cpp")]


def judge_here(driver, command, overlay, limit):
    """"held", "noticed", or what went wrong; and the processor time it took."""
    program = os.path.join(overlay, "model")
    subprocess.run(command + ["-o", program, "-lpthread"], check=True, capture_output=True)
    environment = {k: v for k, v in os.environ.items() if k != "MAG_TEST_SCALE"}
    with open(os.path.join(overlay, "out"), "w+b") as out:
        with subprocess.Popen([program], stdout=out, stderr=out, env=environment,
                              preexec_fn=lambda: resource.setrlimit(
                                  resource.RLIMIT_CPU, (limit, limit + 1))) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        told = b"iteration: " in out.read()
    seconds = used.ru_utime + used.ru_stime
    if process.returncode == 0:
        return "held", seconds
    if process.returncode == 1 and told:
        return "noticed", seconds
    return f"{driver} ended with {process.returncode} after {seconds:.0f} s", seconds


def judge(driver, mutant, limit):
    """Judges the model with one file replaced, unless that was done before."""
    with tempfile.TemporaryDirectory() as overlay:
        if mutant is not None:
            path = pathlib.Path(overlay) / mutant.file
            path.parent.mkdir(parents=True)
            path.write_text(mutant.text, encoding="utf-8")
        command = command_of(driver, overlay)
        seen = subprocess.run(command + ["-E", "-P"], check=True, capture_output=True).stdout
        seen = seen.replace(overlay.encode(), b"")
        known = CACHE / hashlib.sha256(driver.encode() + seen).hexdigest()
        if known.exists():
            verdict, seconds = known.read_text(encoding="utf-8").split("\n")[:2]
            return verdict, float(seconds)
        verdict, seconds = judge_here(driver, command, overlay, limit)
        if verdict in ("held", "noticed"):
            CACHE.mkdir(parents=True, exist_ok=True)
            known.write_text(f"{verdict}\n{seconds}\n", encoding="utf-8")
        return verdict, seconds


def judge_all(job):
    """By each model of the file, until one notices."""
    mutant, drivers, limits = job
    for driver in drivers:
        verdict, _ = judge(driver, mutant, limits[driver])
        if verdict != "held":
            return mutant, verdict
    return mutant, "held"


def listed():
    """What survivors.txt lists, each with its kind: "survives", or "in no model"."""
    entries, kind = {}, "survives"
    for line in (ROOT / "tests/model/survivors.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:]
        elif line and line[0] not in "# ":
            entries[line.split(":", 1)[0].strip()] = kind
    return entries


def modelled():
    files = {}
    for driver, of_driver in MODELS.items():
        for file in of_driver:
            files.setdefault(file, []).append(driver)
    return files


def check():
    """Each order of the rooms is in a modelled file, or listed; all that is listed exists."""
    files, entries, wrong, count = modelled(), listed(), 0, 0
    names = {mutant.name for file in files for mutant in mutants_of(file)}
    for path in sorted(p for room in ROOMS for p in (ROOT / room).glob("**/*.[ch]")):
        file = str(path.relative_to(ROOT))
        for mutant in () if file in files else mutants_of(file):
            names.add(mutant.name)
            if entries.get(mutant.name) != "in no model":
                print(f"{mutant}: in no model, and not listed in tests/model/survivors.txt")
                wrong += 1
    for name in entries:
        if name not in names:
            print(f"tests/model/survivors.txt: there is no such order: {name}")
            wrong += 1
    count = len(names)
    print(f"{count} orders, {wrong} wrong")
    return 1 if wrong else 0


def limits_of(drivers, pool):
    """What each unchanged model takes, which must pass."""
    limits, broken = {}, 0
    for driver, (verdict, seconds) in zip(drivers, pool.map(
            lambda driver: judge(driver, None, 3600), drivers)):
        limits[driver] = int(LIMIT * (seconds + 1))
        if verdict != "held":
            print(f"{driver} does not pass without any change: {verdict}", flush=True)
            broken += 1
    return limits, broken


def main(wanted):
    if not pathlib.Path("/usr/include/relacy").exists() or shutil.which("g++") is None:
        print("skipped: there is no Relacy\n0 passed, 0 failed, 1 skipped")
        return 77
    drivers = [driver for driver in MODELS if not wanted or driver in wanted]
    files = {file: of for file, of in modelled().items() if set(of) & set(drivers)}
    entries, wrong, right = listed(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        limits, wrong = limits_of(sorted({d for of in files.values() for d in of}), pool)
        jobs = [(mutant, of, limits) for file, of in files.items()
                for mutant in mutants_of(file)]
        noticed = 0
        for mutant, verdict in pool.map(judge_all, jobs):
            survives = entries.get(mutant.name) == "survives"
            noticed += verdict == "noticed"
            if verdict == "held" and not survives:
                print(f"{mutant}: survived", flush=True)
            elif verdict == "noticed" and survives:
                print(f"{mutant}: listed as a survivor, but noticed", flush=True)
            elif verdict not in ("held", "noticed"):
                print(f"{mutant}: {verdict}", flush=True)
            else:
                right += 1
                continue
            wrong += 1
    print(f"{len(jobs)} orders weakened, {noticed} noticed")
    print(f"{right} passed, {wrong} failed, 0 skipped")
    return 1 if wrong or not jobs else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    sys.exit(main(sys.argv[1:]))
