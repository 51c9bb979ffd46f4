#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The differential test of value tasks and channels: plays random scripts over Magpie,
in both of its forms, and over .NET and compares the traces line for line.

usage: test_oracle.py --build DIR --player PROGRAM [--seed N] [--scripts N]
                      [--only N] [--script TEXT]

  --build DIR        where the reference is built, once
  --player PROGRAM   oracle-player
  --seed N           repeats a run that printed it; else MAG_TEST_SEED, else a new one
  --scripts N        how many of each kind; else 100000 by MAG_TEST_SCALE percent
  --only N           shows script N of the seed, shortened if the traces differ, with the
                     traces side by side
  --script TEXT      the same for a script of your own

Exit status: 0 the traces agree, every cell of the outcome matrices was reached and every
difference of differences.md met; 1 not so; 2 a player broke; 77 there is no .NET SDK.
"""
import argparse
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import scripts

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS, SHARDS, SHOWN = 100_000, 2, 5
# How long a player and the compiler may take, by how slow the machine is.
SLOW = max(1.0, float(os.environ.get("MAG_TEST_SLOW") or 1))
PLAY_S, BUILD_S = 120 * SLOW, 300 * SLOW


class Broken(Exception):
    """A player did not do its work."""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


# ------------------------------------------------------------------------ the players

def environment(home):
    """For dotnet: everything that it writes goes to `home`, and no process is left."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {**os.environ, "HOME": str(home), "DOTNET_CLI_HOME": str(home),
            "NUGET_PACKAGES": str(home / "packages"), "TMPDIR": str(home / "tmp"),
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1",
            "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1", "DOTNET_EnableDiagnostics": "0",
            "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false", "MSBUILDDISABLENODEREUSE": "1",
            # One worker in the pool, see reference/Pool.cs.
            "DOTNET_PROCESSOR_COUNT": "1", "DOTNET_TieredPGO": "0"}


def dotnet(home, *words):
    """The exit status and what it printed."""
    ran = subprocess.run(["dotnet", *words], env=environment(home), text=True, check=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=BUILD_S)
    return ran.returncode, ran.stdout


def sdk(home):
    """The major version of the .NET SDK."""
    if shutil.which("dotnet") is None:
        skip("there is no dotnet (the .NET SDK, 8 or newer)")
    status, version = dotnet(home, "--version")
    if status != 0:
        skip(f"there is no .NET SDK, only a runtime:\n{version}")
    version = version.strip().splitlines()[-1]
    major = int(version.split(".")[0])
    if major < 8:
        skip(f"there is no .NET SDK 8 or newer, this is {version}")
    print(f"reference: .NET SDK {version}", flush=True)
    return major


def compile_into(home, project, app, major):
    """Exit status and output of building all sources in `project`."""
    return dotnet(home, "build", str(project / "reference.csproj"), "-v", "quiet", "-c",
                  "Release", f"-p:OracleFramework=net{major}.0", "-o", str(app),
                  "-nodeReuse:false", "-p:UseSharedCompilation=false")


def can_compile(home, build, major):
    """Whether the SDK builds a program that does nothing; else what it says."""
    project = build / "nothing"
    project.mkdir()
    shutil.copy(HERE / "reference" / "reference.csproj", project)
    (project / "Nothing.cs").write_text("static class Nothing { static void Main() { } }\n")
    return compile_into(home, project, build / "nothing-app", major)


def build_reference(build):
    """Builds it unless its sources are those that were built last."""
    home = build / "home"
    major = sdk(home)
    sources = sorted((HERE / "reference").glob("*.cs*"))
    digest = hashlib.sha256(str(major).encode())
    for source in sources:
        digest.update(source.read_bytes())
    program, stamp = build / "app" / "reference.dll", build / "stamp"
    if not (program.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest()):
        project = build / "project"
        shutil.rmtree(build, ignore_errors=True)
        project.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, project)
        status, said = compile_into(home, project, build / "app", major)
        if status != 0:
            status, why = can_compile(home, build, major)
            if status != 0:
                skip(f"the .NET SDK cannot build a program that does nothing:\n{why}")
            raise Broken(f"the reference does not build:\n{said}")
        stamp.write_text(digest.hexdigest())
    return ["dotnet", str(program)]


def play(command, text, home):
    """The traces of the scripts in `text`, a line each."""
    try:
        ran = subprocess.run(command, input=text, capture_output=True, check=False,
                             env=environment(home), timeout=PLAY_S)
    except subprocess.TimeoutExpired as late:
        last = (late.stdout or b"").count(b"\n")
        raise Broken(f"{command[0]} hangs after line {last} of its scripts") from late
    except OSError as error:
        raise Broken(f"{command[0]} does not start: {error}") from error
    if ran.returncode != 0:
        last = ran.stdout.count(b"\n")
        raise Broken(f"{command[0]} ended with {ran.returncode} in line {last} of its "
                     f"scripts:\n{ran.stderr.decode()}")
    return ran.stdout.split(b"\n")[:-1]


class Players:
    """Magpie with tasks, Magpie in the connected form, and the reference."""

    def __init__(self, build, player):
        build.mkdir(parents=True, exist_ok=True)
        self.reference = build_reference(build)
        self.player, self.build = str(player), build

    def command(self, seed, number):
        """Repeats one script."""
        return (f"{HERE / 'test_oracle.py'} --build {self.build} --player {self.player} "
                f"--seed {seed} --only {number}")

    def all(self, lines, tallies=None):
        """Three lists of traces.  `tallies`: three files, what each has met."""
        text = "\n".join(lines).encode() + b"\n"
        commands = [self.player], [self.player, "--connected"], self.reference
        files = [[str(tally)] for tally in tallies] if tallies else [[], [], []]
        with ThreadPoolExecutor(len(commands)) as pool:
            jobs = [pool.submit(play, command + file, text, self.build / "home")
                    for command, file in zip(commands, files)]
            traces = [job.result() for job in jobs]
        counts = [len(trace) for trace in traces]
        if set(counts) != {len(lines)}:
            raise Broken(f"{len(lines)} scripts, {counts} traces")
        return traces

    def differ(self, lines):
        """Which of the scripts have more than one trace."""
        return [len(set(traces)) > 1 for traces in zip(*self.all(lines))]


# ------------------------------------------------------------------------ shortening

def shorter(line):
    """The script with each one of its operations taken out."""
    lists = [part.split(";") if part else [] for part in line.split("|")]
    for i, operations in enumerate(lists):
        for j in range(len(operations)):
            cut = operations[:j] + operations[j + 1:]
            yield "|".join(";".join(part) for part in lists[:i] + [cut] + lists[i + 1:])


def shorten(players, line):
    """A script that differs still, and none of whose operations can be taken out."""
    while True:
        tries = list(shorter(line))
        found = [t for t, differs in zip(tries, players.differ(tries)) if differs] \
            if tries else []
        if not found:
            return line
        line = found[0]


def show(players, line):
    """The traces side by side.  True: they agree."""
    traces = [trace.decode().split("\t")[1:] for (trace,) in players.all([line])]
    print(f"script: {line}\n  {'Magpie':32} {'Magpie, connected':32} .NET")
    for i in range(max(map(len, traces))):
        row = [trace[i] if i < len(trace) else "(nothing)" for trace in traces]
        print(f"{' ' if len(set(row)) == 1 else '!'} {row[0]:32} {row[1]:32} {row[2]}")
    return traces[0] == traces[1] == traces[2]


# --------------------------------------------------------------------------- the test

def shard(players, seed, first, count, tallies):
    """The numbers of the scripts that differ."""
    lines = [scripts.script(seed, number) for number in range(first, first + count)]
    traces = players.all(lines, tallies)
    return [first + i for i, row in enumerate(zip(*traces)) if len(set(row)) > 1]


def add(reached, file):
    for line in file.read_text().splitlines():
        times, name = line.split(" ", 1)
        reached[name] = reached.get(name, 0) + int(times)


def coverage(cells):
    """Prints how often each cell was reached.  True: each was."""
    print("\nhow often each cell of the outcome matrices was reached")
    for name, times in cells.items():
        print(f"{times:9} {name}{'' if times else '   NEVER'}")
    return len(cells) > 0 and all(cells.values())


def listed():
    """The differences of differences.md that players meet, and those of some versions."""
    text = (HERE / "differences.md").read_text()
    rows = re.findall(r"^\| (VT-\d+) \|.*\| (always|some versions|not met) \|$", text, re.M)
    return {number: when for number, when in rows if when != "not met"}


def as_listed(met):
    """Prints how often each difference was met.  True: those that are listed, and only
    they."""
    wanted = listed()
    print("\nhow often each deliberate difference was met")
    for number in sorted(met.keys() | wanted.keys(), key=lambda name: int(name[3:])):
        wrong = "" if number in wanted else "   NOT LISTED"
        if number not in met:
            wrong = "   NEVER" if wanted[number] == "always" else "   (not in this version)"
        print(f"{met.get(number, 0):9} {number}{wrong}")
    return met.keys() <= wanted.keys() and all(
        number in met for number, when in wanted.items() if when == "always")


def compare(players, seed, count):
    """Plays all scripts of a seed.  True: they agree and reach every cell."""
    start, differing, cells, met = time.monotonic(), [], {}, {}
    tallies = [players.build / name for name in
               ("cells.txt", "connected.txt", "differences.txt")]
    step = max(1, min(5000, -(-count // SHARDS)))
    for first in [at + kind for kind in (0, scripts.CHANNELS) for at in range(0, count, step)]:
        left = count - first % scripts.CHANNELS
        differing += shard(players, seed, first, min(step, left), tallies)
        add(cells, tallies[0])
        add(cells, tallies[1])
        add(met, tallies[2])
        if len(differing) >= SHOWN:
            break
    for number in differing[:SHOWN]:
        print(f"\nscript {number} differs; again: {players.command(seed, number)}\n"
              f"whole: {scripts.script(seed, number)}\nshortened:")
        show(players, shorten(players, scripts.script(seed, number)))
    covered = coverage(cells)
    known = as_listed(met)
    print(f"\nseed {seed}: {count} scripts, and as many of channels, {len(differing)} differ"
          f"{'' if covered else ', a cell was never reached'}"
          f"{'' if known else ', the differences are not those of differences.md'}; "
          f"{time.monotonic() - start:.0f} s")
    return covered and known and not differing


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--player", type=pathlib.Path, required=True)
    parser.add_argument("--seed", default=os.environ.get("MAG_TEST_SEED"))
    parser.add_argument("--scripts", type=int)
    parser.add_argument("--only", type=int)
    parser.add_argument("--script")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = int.from_bytes(os.urandom(4), "little")
    args.seed = int(str(args.seed), 0)
    if args.scripts is None:
        scale = int(os.environ.get("MAG_TEST_SCALE", "100"))
        args.scripts = max(5000, SCRIPTS * scale // 100)
    return args


def main():
    args = arguments()
    print(f"seed {args.seed} (repeat it with MAG_TEST_SEED={args.seed} or --seed)",
          flush=True)
    try:
        players = Players(args.build.resolve(), args.player.resolve())
        if args.only is None and args.script is None:
            return 0 if compare(players, args.seed, args.scripts) else 1
        line = args.script or scripts.script(args.seed, args.only)
        if players.differ([line])[0]:
            line = shorten(players, line)
        return 0 if show(players, line) else 1
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
