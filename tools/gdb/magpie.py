# SPDX-License-Identifier: Apache-2.0
"""Commands for gdb that show what a program on Magpie is doing, alive or from a core dump.

  (gdb) source /usr/share/magpie/gdb/magpie.py
  (gdb) magpie workers      each worker: its thread, what it does, which job it runs, where
  (gdb) magpie tasks        the jobs that wait; with MAG_DEBUG_TASKS also the tasks that
                            nobody has consumed
  (gdb) magpie why TASK     what a task waits for, and what that waits for, to the end.
                            TASK is a task, or the address of its core, frame or promise

They need the debug information of libmagpie, and change nothing in the program.
"""
import gdb

TIMES = ("", "runs", "searches", "is parked", "is blocked in a job")
PHASES = ("starting", "running", "draining", "ending")
KINDS = ("source", "core", "promise", "error")
TAGS = 7
HELD = 8
# Functions of the library that call those of jobs.
RUNNERS = {"run_job", "run_work", "run_seen", "run_found", "wait_and_run", "loop_unseen",
           "loop_seen", "loop_until_dismissed", "run_submission", "run_strand", "run_batch",
           "run_seen_in_strand", "run_root", "run_here", "run_body", "mag_fork_stack_run",
           "mag_fork_stack_root", "run_one", "mag_group_call", "mag_group_run", "call_seen",
           "run_call", "run_packed", "take_part", "mag_continuation_dispatch"}
SLOTS = {0: "pending", 1: "complete", 2: "pending, discarded", 3: "complete"}


def number(value):
    return int(value) & 0xFFFFFFFFFFFFFFFF


def symbol(address):
    """The function at an address, or the address."""
    address = number(address)
    text = gdb.execute(f"info symbol {address}", to_string=True).strip()
    return hex(address) if text.startswith("No symbol") else text.split(" in section")[0]


def read(expression):
    return gdb.parse_and_eval(expression)


def pointer(address, kind):
    return gdb.Value(number(address)).cast(gdb.lookup_type(kind).pointer())


# ------------------------------------------------------------------ schedulers


def schedulers():
    """All schedulers of the process."""
    sched = read("schedulers")
    if number(sched) == 0 and number(read("default_sched")) != 0:
        sched = read("default_sched")
    while number(sched) != 0:
        yield sched.dereference()
        sched = sched["next"]


def workers(sched):
    """The workers of a scheduler, and the other threads that take part."""
    for index in range(int(sched["capacity"])):
        berth = sched["berths"][index]
        worker = berth["worker"]
        if number(worker) == 0:
            continue
        if index >= int(sched["worker_count"]) and not berth["open"]:
            continue
        yield worker.dereference()


def doing(worker):
    """What a worker does now, as it counts its time."""
    words = worker["times"]["words"]
    for state in range(1, len(TIMES)):
        if number(words[state]) & 1:
            return TIMES[state]
    return "has no thread"


def thread_of(worker):
    wanted = int(worker["thread"])
    for thread in gdb.selected_inferior().threads():
        if wanted != 0 and wanted in (thread.ptid[1], thread.ptid[2]):
            return thread
    return None


def frames_of(thread):
    """The functions on a thread's stack, innermost first."""
    before = gdb.selected_thread()
    chosen = gdb.selected_frame()
    names = []
    thread.switch()
    try:
        frame = gdb.newest_frame()
        while frame is not None and len(names) < 100:
            names.append(frame.name() or hex(frame.pc()))
            frame = frame.older()
    except gdb.error:
        pass
    before.switch()
    chosen.select()
    return names


def where(names):
    """The innermost function, and the function of the job that is being run: the first that
    is called by functions of the library that run jobs."""
    job = None
    for name in names:
        if name in RUNNERS:
            return names[0], job
        job = name
    return (names[0] if names else "?"), None


def jobs_of(worker):
    """The jobs that wait on a worker, those of its inbox last."""
    ring = worker["ring"]
    hand = worker["hand"]
    if number(hand["lifo"]):
        yield hand["lifo"]
    for i in reversed(range(min(number(hand["waiting"]), 16))):
        yield hand["claimed"][i]
    head, tail = number(ring["head"]), number(ring["tail"])
    for position in range(head, min(tail, head + 256)):
        yield ring["slots"][position & number(ring["mask"])]
    yield from jobs_in(worker["inbox"])


def jobs_in(queue):
    """The jobs of an injection queue."""
    job = queue["first"]
    for _ in range(10000):
        if number(job) == 0:
            return
        if symbol(job.dereference()["run"]).split(" ")[0] == "mag_packet_mark":
            yield from calls_in(pointer(job, "struct mag_packet").dereference())
        else:
            yield job
        if number(job) == number(queue["last"]):
            return
        job = job.dereference()["next"]


def calls_in(packet):
    """The calls of a packet that no worker has taken."""
    for i in range(int(packet["taken"]), number(packet["word"]) & 0xFFFF):
        yield packet["calls"][i]["job"].address


def describe(job):
    """What a waiting job is called."""
    run = symbol(job.dereference()["run"])
    if run.split(" ")[0] == "run_submission":
        submission = pointer(job, "struct mag_submission").dereference()
        if number(submission["name"]):
            return submission["name"].string(errors="replace")
        return symbol(submission["function"])
    if run.split(" ")[0] == "run_packed":
        return symbol(pointer(job, "struct mag_call").dereference()["function"])
    return run


class Workers(gdb.Command):
    """Show the workers of all schedulers: what each does, and where it stands."""

    def __init__(self):
        super().__init__("magpie workers", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        for sched in schedulers():
            phase = number(sched["phase"]) & 0xFF
            name = sched["settings"]["config"]["name"].string(errors="replace")
            print(f"scheduler {hex(number(sched.address))} \"{name}\": "
                  f"{PHASES[phase]}, {int(sched['worker_count'])} workers")
            for worker in workers(sched):
                self.show(worker, int(sched["worker_count"]))

    @staticmethod
    def show(worker, count):
        index = int(worker["index"])
        what = "worker" if index < count else "spare"
        line = f"  {what} {index}: {doing(worker)}"
        thread = thread_of(worker)
        if thread is not None:
            inner, job = where(frames_of(thread))
            line += f", thread {thread.num} in {inner}"
            if job is not None:
                line += f", job {job}"
        waiting = sum(1 for _ in jobs_of(worker))
        print(line + (f"; {waiting} jobs wait behind it" if waiting else ""))


# ----------------------------------------------------------------------- tasks


def is_frame(core):
    kind = core["type"]
    return number(kind) != 0 and symbol(kind["recycle"]).split(" ")[0] == "mag_frame_recycle"


def name_of_core(core):
    """What a core is: an async function with its name, or an operation."""
    if is_frame(core):
        kind = core["type"].cast(gdb.lookup_type("struct mag_frame_type").pointer())
        name = symbol(kind.dereference()["resume"]).split("_resume")[0]
        return f"async function {name}"
    if number(core["type"]) == 0:
        return "core"
    text = gdb.execute(f"info symbol {number(core['type'])}", to_string=True)
    return f"operation of {text.split(' ')[0]}"


def state_of_core(core):
    slot = number(core["slot"])
    if slot in SLOTS:
        return SLOTS[slot]
    return "pending" if slot & 4 else "pending, awaited"


class Tasks(gdb.Command):
    """Show the jobs that wait, and the tasks that nobody has consumed."""

    def __init__(self):
        super().__init__("magpie tasks", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        for sched in schedulers():
            for worker in workers(sched):
                for job in jobs_of(worker):
                    print(f"job {hex(number(job))} {describe(job)}: waits on worker "
                          f"{int(worker['index'])}")
            count = int(sched["level_count"]) * int(sched["queue_count"])
            for i in range(count):
                for job in jobs_in(sched["queues"][i]):
                    print(f"job {hex(number(job))} {describe(job)}: waits for any worker")
        self.show_tasks()

    @staticmethod
    def show_tasks():
        try:
            records = read("records")
        except gdb.error:
            print("tasks: not recorded; build libmagpie with MAG_DEBUG_TASKS")
            return
        first, last = records.type.range()
        for i in range(first, last + 1):
            record = records[i]
            address = number(record["object"])
            if address and any(number(record["lives"][j]["words"][1]) & 3 == 1 for j in (0, 1)):
                show_object(address, record)


def show_object(address, record):
    kinds = {number(record["lives"][j]["words"][1]) >> 2 for j in (0, 1)
             if number(record["lives"][j]["words"][1]) & 3 == 1}
    if 4 in kinds:
        promise = pointer(address, "struct mag_promise").dereference()
        print(f"promise {hex(address)}: {state_of_promise(promise)}")
        return
    core = pointer(address, "struct mag_core").dereference()
    print(f"{name_of_core(core)} {hex(address)}: {state_of_core(core)}")


def state_of_promise(promise):
    return "complete" if number(promise["status"]) else "pending"


# ------------------------------------------------------------------------- why


def address_of(text):
    """The kind and the address of what backs a task, or of a core, frame or promise."""
    value = read(text)
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT and "task" in [f.name for f in kind.fields()]:
        value = value["task"]
        kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT and "backing" in [f.name for f in kind.fields()]:
        backing = number(value["backing"])
        return backing & 3, backing & ~(TAGS | (HELD if backing & 3 == 2 else 0))
    if kind.code == gdb.TYPE_CODE_PTR and "promise" in str(kind.target()):
        return 2, number(value)
    return 1, number(value)


class Why(gdb.Command):
    """Show what a task waits for, and what that waits for in turn.

    magpie why TASK, where TASK is a task, or the address of its core, frame or promise."""

    def __init__(self):
        super().__init__("magpie why", gdb.COMMAND_STATUS, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arg, from_tty):
        if not arg:
            raise gdb.GdbError("magpie why TASK")
        kind, address = address_of(arg)
        seen = set()
        while self.show(kind, address, seen):
            kind, address = self.next
            print("  which waits for")

    def show(self, kind, address, seen):
        """Shows one object.  True: it waits for another, self.next."""
        if address in seen:
            print(f"{hex(address)} again: a cycle of waits")
            return False
        seen.add(address)
        if address == 0 or kind in (0, 3):
            print(f"a task of kind {KINDS[kind]} {hex(address)}: nothing is known of it"
                  if address else "a task that is complete")
            return False
        if kind == 2:
            return self.show_promise(address)
        return self.show_core(address)

    def show_promise(self, address):
        promise = pointer(address, "struct mag_promise").dereference()
        print(f"promise {hex(address)}: {state_of_promise(promise)}")
        backing = number(promise["source"]["backing"])
        if state_of_promise(promise) == "complete" or backing < 16:
            return False
        self.next = (backing & 3, backing & ~(TAGS | HELD))
        return True

    def show_core(self, address):
        core = pointer(address, "struct mag_core").dereference()
        state = state_of_core(core)
        print(f"{name_of_core(core)} {hex(address)}: {state}")
        if not state.startswith("pending") or not is_frame(core):
            return False
        frame = pointer(address, "struct mag_frame").dereference()
        backing = number(frame["waiter"]["outcome"]["backing"])
        if backing < 16:
            print("  it runs, or is about to")
            return False
        kind = backing & 3
        self.next = (kind, backing & ~(TAGS | (HELD if kind == 2 else 0)))
        return True


class Magpie(gdb.Command):
    """Show what a program on Magpie is doing: workers, tasks, why."""

    def __init__(self):
        super().__init__("magpie", gdb.COMMAND_STATUS, prefix=True)


Magpie()
Workers()
Tasks()
Why()
