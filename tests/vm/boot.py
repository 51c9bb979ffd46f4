#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the machines of guests.ini under qemu, and runs tests in them: see run.

A guest has a kernel of Debian's, an initramfs with busybox, the list of its tests and
`init` of this folder, and a disk with the programs.  `init` says on the console which test
begins and how it ended; a test or a guest that says nothing for too long is ended.
"""

import argparse
import configparser
import glob
import os
import platform
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BOOT_LIMIT_S = 180
TEST_LIMIT_S = 180
APPEND = ("console=ttyS0 panic=-1 loglevel=1 mitigations=off nokaslr cryptomgr.notests "
          "tsc=reliable no_timer_check lpj=4000000 rcupdate.rcu_expedited=1 nowatchdog "
          # The first CPU alone: init switches the others on one by one.
          "maxcpus=1")


def factor():
    """How many times slower than usual the machine is, beyond being played."""
    match = re.match(r"[1-9][0-9]*", os.environ.get("MAG_TEST_SLOW", ""))
    return int(match.group()) if match else 1


# ------------------------------------------------------------------------- machines


def read_guests():
    parser = configparser.ConfigParser()
    with open(os.path.join(HERE, "guests.ini"), encoding="utf-8") as file:
        parser.read_file(file)
    return {name: parser[name] for name in parser.sections()}


def last_cpu(cpus):
    return int(re.split("[-,]", cpus)[-1]) if cpus else -1


def machine_arguments(guest):
    """The arguments of qemu, and the number of CPUs."""
    nodes = [node.split(":") for node in guest["nodes"].split()]
    count = 1 + max(last_cpu(cpus) for cpus, _ in nodes)
    memory = sum(int(mib) for _, mib in nodes)
    arguments = ["-cpu", guest.get("model", "max") + ",-mtrr", "-m", str(memory),
                 "-smp", f"{count},{guest['cpus']}"]
    for i, (cpus, mib) in enumerate(nodes):
        node = f"node,nodeid={i}"
        if cpus:
            node += f",cpus={cpus}"
        if mib != "0":
            arguments += ["-object", f"memory-backend-ram,id=m{i},size={mib}M"]
            node += f",memdev=m{i}"
        arguments += ["-numa", node]
    rows = [row.split() for row in guest.get("distances", "").strip().splitlines()]
    for i, row in enumerate(rows):
        for j in range(i + 1, len(row)):
            arguments += ["-numa", f"dist,src={i},dst={j},val={row[j]}"]
    return arguments, int(guest.get("online", count))


# ---------------------------------------------------------------------- what it runs


def read_tests():
    """The tests of tests.txt: name, arguments, and the guests that run it, if not all."""
    tests = []
    with open(os.path.join(HERE, "tests.txt"), encoding="utf-8") as file:
        for line in file:
            words, _, guests = line.partition("@")
            words = words.split()
            if words and not words[0].startswith("#"):
                tests.append((words[0], words[1:], guests.split()))
    return tests


def tests_of(name, guest, options, build):
    """What runs in a guest: (program, arguments)."""
    tests = [(program, arguments) for program, arguments, guests in read_tests()
             if not guests or name in guests]
    if options.all and guest.get("suite") == "yes":
        names = {program for program, _ in tests}
        units = glob.glob(os.path.join(TOP, "tests/unit/**/test_*.c"), recursive=True)
        for path in sorted(units, key=os.path.basename):
            program = os.path.splitext(os.path.basename(path))[0]
            if program not in names and os.path.exists(f"{build}/tests/{program}"):
                tests.append((program, []))
    if options.test:
        tests = [test for test in tests if re.search(options.test, " ".join((test[0], *test[1])))]
    return tests


def program_path(build, name):
    return f"{build}/bench/magpie" if name == "magpie" else f"{build}/tests/{name}"


def libraries(paths):
    """The shared libraries of programs, as ldd names them, and one that the C library
    loads when a thread ends."""
    told = subprocess.run(["gcc", "-print-file-name=libgcc_s.so.1"], capture_output=True,
                          text=True, check=True)
    found = {os.path.realpath(told.stdout.strip())}
    for path in paths:
        told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
        found.update(re.findall(r"(/\S+)", told.stdout))
    return sorted(found)


def make_disk(paths, work):
    """A file system with the programs, and the files of the tree that they read."""
    root = f"{work}/disk"
    os.makedirs(f"{root}/tree/tests")
    for path in paths:
        subprocess.run(["strip", "-g", "-o", f"{root}/{os.path.basename(path)}", path],
                       check=True)
    shutil.copytree(f"{TOP}/tests/topologies", f"{root}/tree/tests/topologies")
    size = sum(os.lstat(file).st_size for file in
               glob.glob(f"{root}/**", recursive=True)) // 1000000
    disk = f"{work}/disk.img"
    with open(disk, "wb") as file:
        file.truncate((size * 5 // 4 + 16) << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk],
                   check=True)
    shutil.rmtree(root)
    return disk


def make_base(paths, work):
    """What is the same in each guest's initramfs: busybox, and the libraries."""
    root = f"{work}/root"
    for folder in ("bin", "dev", "etc", "proc", "sys", "tests", "tmp", "usr/bin"):
        os.makedirs(f"{root}/{folder}")
    busybox = shutil.which("busybox")
    shutil.copy(busybox, f"{root}/bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        if applet != "busybox":
            os.symlink("busybox", f"{root}/bin/{applet}")
    os.symlink("../../bin/env", f"{root}/usr/bin/env")
    for path in libraries(paths):
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
    with open(f"{root}/etc/passwd", "w", encoding="utf-8") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")
    # Tests find the files of the tree at the path that they were compiled with.
    os.makedirs(root + os.path.dirname(TOP), exist_ok=True)
    os.symlink("/tests/tree", root + TOP)
    shutil.copy(os.path.join(HERE, "init"), f"{root}/init")
    return root


def make_initramfs(root, tests, online, work):
    with open(f"{root}/list", "w", encoding="utf-8") as file:
        for program, arguments in tests:
            file.write(f"{TEST_LIMIT_S * factor()} {program} {' '.join(arguments)}\n")
    with open(f"{root}/settings", "w", encoding="utf-8") as file:
        file.write(f"ONLINE={online}\nexport MAG_TEST_SLOW={10 * factor()}\n"
                   f"export MAG_TEST_SCALE={os.environ.get('MAG_TEST_SCALE', 5)}\n")
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True)
    with open(f"{work}/initramfs", "wb") as file:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=root,
                       input=names.stdout, stdout=file, check=True)
    return f"{work}/initramfs"


# --------------------------------------------------------------------------- running


class Console:
    """The lines that a guest says, each within a limit."""

    def __init__(self, process):
        self.process = process
        self.rest = b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(process.stdout, selectors.EVENT_READ)

    def read(self, until):
        """The next line, or None: the guest has ended, or time is up."""
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def count(lines):
    """The functions that passed, failed and were skipped, of a program of cmocka's."""
    ends, name = {"OK": 0, "SKIPPED": 0}, None
    begun = 0
    for line in lines:
        match = re.match(r"\[ *(RUN|OK|SKIPPED) *\] (\w+)", line)
        if match and match.group(1) == "RUN":
            begun, name = begun + 1, match.group(2)
        elif match and match.group(2) == name:
            # The summary at the end names functions again.
            ends[match.group(1)] += 1
            name = None
    return ends["OK"], begun - ends["OK"] - ends["SKIPPED"], ends["SKIPPED"]


class Report:
    """Counts functions, and prints a line for each test of each guest."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.sums = [0, 0, 0]

    def add(self, guest, test, status, seconds, lines):
        passed, failed, skipped = count(lines)
        if passed + failed + skipped == 0:
            passed, skipped = int(status == 0), int(status == 77)
            failed = 1 - passed - skipped
        elif status != 0 and failed == 0:
            failed = 1
        word = "FAILED" if failed else "skipped" if passed == 0 else "ok"
        if self.verbose or failed:
            print("\n".join(lines[-400:]))
        else:
            for line in lines:
                if line.startswith("skipped: "):
                    print(f"          {line}")
        print(f"{guest:<8} {test:<24} {word:<7} {seconds:5.0f} s   {passed} passed, "
              f"{failed} failed, {skipped} skipped", flush=True)
        self.sums = [a + b for a, b in zip(self.sums, (passed, failed, skipped))]

    def fail(self, guest, what, lines):
        print("\n".join(lines[-60:]))
        print(f"{guest:<8} {what:<24} FAILED", flush=True)
        self.sums[1] += 1


def follow(console, name, tests, report, log):
    """Reads what a guest says until its end.  False: it did not come to its end."""
    until = time.monotonic() + BOOT_LIMIT_S * factor()
    test, lines, begun, left = "start", [], time.monotonic(), [" ".join((p, *a)) for p, a in tests]
    while True:
        line = console.read(until)
        if line is None:
            report.fail(name, f"{test}: hangs, or has crashed", lines)
            return False
        log.write(line + "\n")
        words = line.split()
        if not line.startswith("@@ "):
            lines.append(line)
        elif words[1] == "begin":
            begun, lines, test = time.monotonic(), [], left.pop(0)
            until = begun + (TEST_LIMIT_S + 60) * factor()
        elif words[1] == "end":
            report.add(name, test, int(words[-1]), time.monotonic() - begun, lines)
            lines = []
        elif words[1] == "over":
            return True


def play(name, guest, tests, files, report):
    """Boots a guest, runs its tests, and ends it."""
    arguments, online = machine_arguments(guest)
    initramfs = make_initramfs(files["root"], tests, online, files["work"])
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35",
               *arguments, "-nodefaults", "-no-user-config", "-display", "none",
               "-serial", "stdio", "-no-reboot",
               "-drive", f"file={files['disk']},format=raw,if=none,id=d0,readonly=on",
               "-device", "nvme,drive=d0,serial=a",
               "-kernel", files["kernel"], "-initrd", initramfs, "-append", APPEND]
    with open(f"{files['logs']}/{name}.log", "w", encoding="utf-8") as log, \
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=log) as process:
        try:
            follow(Console(process), name, tests, report, log)
        finally:
            process.kill()


# ------------------------------------------------------------------------------ main


def find_kernel(build):
    """Debian's kernel for clouds: that of this system, or one that was fetched."""
    for pattern in ("/boot/vmlinuz-*-cloud-amd64", f"{build}/../vm/boot/vmlinuz-*-cloud-amd64"):
        for path in sorted(glob.glob(pattern), reverse=True):
            if os.access(path, os.R_OK):
                return path
    return None


def refuse(build):
    """Why no guest can be played here, or None."""
    if platform.machine() != "x86_64":
        return "guests are played on x86-64 only"
    for tool in ("qemu-system-x86_64", "busybox", "cpio", "ldd", "strip"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    if not os.path.exists("/sbin/mke2fs"):
        return "there is no mke2fs"
    if find_kernel(build) is None:
        return "there is no kernel of linux-image-cloud-amd64"
    return None


def arguments():
    parser = argparse.ArgumentParser(prog="tests/vm/run")
    parser.add_argument("guests", nargs="*", metavar="GUEST")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--test", metavar="REGEX")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--build", required=True)
    return parser.parse_args()


def main():
    options = arguments()
    build = os.path.abspath(options.build)
    guests = read_guests()
    for name in options.guests:
        if name not in guests:
            sys.exit(f"tests/vm/run: no guest is named '{name}'; there are: {' '.join(guests)}")
    reason = refuse(build)
    if reason is not None:
        print(f"skipped: {reason}")
        print("0 passed, 0 failed, 1 skipped")
        return 77
    chosen = options.guests or [name for name in guests
                                if options.all or guests[name]["set"] == "default"]
    plans = {name: tests_of(name, guests[name], options, build) for name in chosen}
    # Tests call `magpie` too.
    paths = sorted({program_path(build, program) for plan in plans.values()
                    for program, _ in plan} | {program_path(build, "magpie")})
    report = Report(options.verbose)
    logs = f"{build}/vm"
    os.makedirs(logs, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="magpie-vm-") as work:
        files = {"work": work, "logs": logs, "kernel": find_kernel(build),
                 "disk": make_disk(paths, work), "root": make_base(paths, work)}
        for name in chosen:
            play(name, guests[name], plans[name], files, report)
    print("%d passed, %d failed, %d skipped" % tuple(report.sums))
    return 1 if report.sums[1] or not report.sums[0] else 0


if __name__ == "__main__":
    sys.exit(main())
