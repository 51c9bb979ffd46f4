/*
 * world.h - the state of a script of the differential test: its variables, its trace, and
 * the runs of its continuations.  docs/design/oracle.md has the language.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_ORACLE_WORLD_H
#define TESTS_ORACLE_WORLD_H

#include <magpie/connected.h>
#include <magpie/promise.h>
#include <magpie/source.h>
#include <magpie/vtask.h>

/* As in reference/World.cs. */
enum { VARIABLES = 8, RUNS_MAX = 64, STEPS_MAX = 300, LISTS_MAX = 8, OBJECTS_MAX = 512 };

/* The answer of an operation that cannot be played. */
#define NONE "none"

/* Where a continuation is registered from: 0 and 1 are executors, 2 and 3 none. */
enum { FROM_NONE = 3, FROM_HERE = 4, FROM_SCHED = 5, FROM_END = 7 };

/* The context of the thread; only one of the two is set. */
struct surroundings {
    struct mag_executor *executor;
    struct mag_sched *sched;
};

/* What a registration captures: nothing, an executor, or one of two schedulers. */
enum captured { CAPTURED_NONE, CAPTURED_EXECUTOR, CAPTURED_S0, CAPTURED_S1 };

/* A wait for a core in the connected form: the core's own continuation completes a
 * waiter. */
struct core_wait {
    struct mag_continuation own; /* first */
    struct mag_waiter *waiter;
    struct core *core;
};

/* A core, and what the test knows of it for the coverage. */
struct core {
    struct mag_source source; /* a source of its own around the core, if `wrapped` */
    struct mag_core core;
    struct core *next; /* of all cores that the script has made */
    bool wrapped, typed;
    bool done, registered;
    bool is_queued; /* no continuation runs inline */
    struct core_wait wait;
    unsigned flags;         /* of the registration */
    enum captured captured; /* by the registration */
};

/* A source that answers what the script says, and prints its calls. */
struct mock {
    struct mag_source source;
    struct mock *next;
    unsigned index;
    bool typed;
    int status, error; /* its answers */
    uint64_t word;     /* the result, or the detail */
    struct mag_continuation *continuation;
};

struct value {
    bool set, typed;
    mag_vtask task;
    struct core *core; /* the core or mock behind it, or NULL */
    struct mock *mock;
    unsigned identity; /* which promise or error it is; 0: neither */
    bool loose;        /* another one with that outcome is allowed (VT-42, VT-10) */
};

struct promise {
    struct mag_promise *promise; /* NULL: not set */
    bool typed, loose;
    unsigned identity;
};

struct world {
    struct core *cores[VARIABLES], *all_cores;
    struct mock *mocks[VARIABLES], *all_mocks;
    struct value values[VARIABLES];
    struct promise promises[VARIABLES];
    struct mag_promise *references[OBJECTS_MAX]; /* to be released */
    unsigned reference_count, identities;
    uintptr_t awaited[RUNS_MAX]; /* pending promises, awaited in a context */
    unsigned awaited_count;
    bool muted; /* the trace ends here */
};

extern struct world world;

/* Whether this player waits in the connected form wherever a script allows that. */
extern bool is_connected;

/* The numbers of an operation; missing ones are 0. */
struct words {
    const char *word;
    int n[6];
};

/* player.c: prints a line of the trace. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* player.c: prints the answer of an operation. */
void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* player.c: prints a misuse code, or "ok". */
void answer_code(int code);
/* player.c: prints the outcome of a read. */
void answer_read(int code, bool typed, uint64_t result, uint64_t detail);

/* runs.c: ends the runs of the script before and forgets them. */
void runs_begin(char *lists[], unsigned count);
void runs_end(void);
void runs_drain(void);
/* runs.c: enters a context.  0, 1: an executor; 2, 3: none; 4: as it is; 5, 6: a worker
 * of a scheduler.  Returns the context before. */
struct surroundings runs_enter(int from);
void runs_leave(struct surroundings before);
/* runs.c: what a registration with `flags` captures in the current context. */
enum captured runs_captures(unsigned flags);
/* runs.c: a new continuation, or NULL: there are too many.  `of_promise`: the promise
 * decides where it runs, so the run is printed at the end of the drain. */
struct mag_continuation *runs_new(int body, bool of_promise, unsigned *ret_id);
/* runs.c: the waiter of a continuation. */
struct mag_waiter *runs_waiter(unsigned id);
/* runs.c: whether there is room for one more. */
bool runs_have_room(void);
/* runs.c: plays a list; the steps of bodies are counted from here on. */
void runs_play(unsigned list);

/* player.c */
void operate(char *operation);
/* cores.c, values.c: play an operation.  False: there is no such word. */
bool operate_core(const struct words *words);
bool operate_mock(const struct words *words);
bool operate_promise(const struct words *words);
bool operate_value(const struct words *words);
bool operate_channel(const struct words *words);

/* channels.c: prints the outcomes of sends and receives that waited. */
void channels_poll(void);
/* channels.c: forgets the channels. */
void channels_end(void);

/* cores.c: notes a registration and a completion for the coverage. */
void core_note_register(struct core *core, uint64_t token, unsigned flags,
                        enum captured captured, int r);

/* cells.c */
enum call { CALL_STATUS, CALL_GET, CALL_REGISTER, CALL_COMPLETE, CALL_RESET, CALLS };
enum at { AT_PENDING, AT_WAITING, AT_DONE, AT_RAN, AT_WRONG, ATS };
enum backing {
    BACK_INLINE_VOID,
    BACK_INLINE_TYPED,
    BACK_ERROR,
    BACK_PROMISE_PENDING,
    BACK_PROMISE_DONE,
    BACK_SUCCEEDED,
    BACK_FAULTED,
    BACK_CANCELED,
    BACK_CANCELED_OTHER,
    BACK_FAILED_READS,
    BACK_SUCCEEDED_FAILS,
    BACK_PENDING,
    BACK_WAITING,
    BACK_STALE,
    BACKS
};
void cell_call(enum call call, enum at at);
enum place { PLACE_NONE, PLACE_EXECUTOR, PLACE_SCHED_HERE, PLACE_SCHED, PLACES };
void cell_place(enum place place, bool flow, bool queued, bool late);
void cell_convert(bool preserve, enum backing backing);
enum channel_call {
    CALL_SEND,
    CALL_TRY_SEND,
    CALL_RECEIVE,
    CALL_TRY_RECEIVE,
    CALL_CLOSE,
    CALL_CANCEL,
    CHANNEL_CALLS
};
enum channel_at {
    CHANNEL_EMPTY,
    CHANNEL_ITEMS,
    CHANNEL_FULL,
    CHANNEL_SENDERS,
    CHANNEL_RECEIVERS,
    CHANNEL_DRAINS,
    CHANNEL_OVER,
    CHANNEL_ATS
};
void cell_channel(enum channel_call call, enum channel_at at);
/* A wait in the connected form: for a core, for a channel's send or receive. */
enum connection {
    CONNECTED_INLINE,
    CONNECTED_QUEUED,
    CONNECTED_SEND,
    CONNECTED_RECEIVE,
    CONNECTED_AT_ONCE,
    CONNECTIONS
};
void cell_connected(enum connection connection);
/* Prints a line for each cell: how often it was reached, and its name. */
void cells_print(const char *path);

#endif
