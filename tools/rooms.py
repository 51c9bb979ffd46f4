# SPDX-License-Identifier: Apache-2.0
"""The rooms of the tree, for check_style.py: who may include whom, and whose each public
header is."""

# Each room, and those below it: their public headers it may use.
ROOMS = {"base": {"base"}, "numa": {"numa", "base"}, "sched": {"sched", "numa", "base"},
         "vtask": {"vtask", "sched", "numa", "base"}}
# The room of each public header, and of those in detail/: each must stand here.
OWNER = {
    "barrier.h": "base",
    "error.h": "base",
    "version.h": "base",
    "detail/atomic.h": "base",
    "detail/base.h": "base",
    "detail/check.h": "base",
    "detail/language.h": "base",
    "detail/pairs.h": "base",
    "budget.h": "numa",
    "node_memory.h": "numa",
    "pin.h": "numa",
    "plan.h": "numa",
    "topology.h": "numa",
    "pool.h": "numa",
    "detail/pool.h": "numa",
    "sched.h": "sched",
    "fork.h": "sched",
    "executor.h": "sched",
    "strand.h": "sched",
    "event_loop.h": "sched",
    "timer.h": "sched",
    "team.h": "sched",
    "unpinned.h": "sched",
    "detail/executor.h": "sched",
    "detail/fork.h": "sched",
    "detail/fork_check.h": "sched",
    "detail/forkable.h": "sched",
    "magpie.h": "vtask",
    "vtask.h": "vtask",
    "source.h": "vtask",
    "operation.h": "vtask",
    "promise.h": "vtask",
    "async.h": "vtask",
    "fork_task.h": "vtask",
    "cancel.h": "vtask",
    "when.h": "vtask",
    "debug.h": "vtask",
    "detail/async.h": "vtask",
    "detail/cancel.h": "vtask",
    "detail/core.h": "vtask",
    "detail/fork_task.h": "vtask",
    "detail/operation.h": "vtask",
    "detail/vtask.h": "vtask",
}
# Whom each folder of bench/ may include beside itself.
BENCH = {
    "text": set(),
    "kernels": set(),
    "peers": {"kernels"},
    "workloads": {"kernels"},
    "machine": {"text"},
    "measure": {"workloads", "text"},
    "report": {"measure", "workloads", "machine", "text"},
    "cli": {"report", "measure", "workloads", "machine", "text"},
}
