/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/lines.h"

#include "tests/support/run.h"

#if defined(__x86_64__) && !defined(TEST_UNDER_TSAN) && !defined(TEST_UNDER_ASAN)
#    define LINES_CAN_RECORD 1
#endif

#ifdef LINES_CAN_RECORD

#    include <signal.h>
#    include <stdlib.h>
#    include <sys/mman.h>
#    include <sys/syscall.h>
#    include <ucontext.h>
#    include <unistd.h>

enum { REGIONS = 16, NOTES = 4096, LINE = 64, PAGE = 4096 };
enum { FAULT_WAS_WRITE = 2, TRAP_FLAG = 0x100 };

extern char __data_start[]; /* NOLINT(bugprone-reserved-identifier): the linker's */
extern char _end[];         /* NOLINT(bugprone-reserved-identifier): the linker's */

/* In memory of its own: the static variables may be watched. */
struct recorder {
    struct {
        char *from, *to;
    } regions[REGIONS];
    unsigned region_count;
    uintptr_t notes[NOTES]; /* addresses, by the thread that records */
    _Atomic(uint32_t) note_count;
    long thread;
    _Atomic(bool) records;
    struct sigaction fault_before, trap_before;
};

static struct recorder *recorder;

bool lines_can_record(void)
{
    return true;
}

static void make_recorder(void)
{
    if (recorder != NULL)
        return;
    recorder = mmap(NULL, sizeof(*recorder), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (recorder == MAP_FAILED)
        abort();
}

void lines_watch(const void *address, size_t size)
{
    uintptr_t mask = PAGE - 1;
    char *from = (char *)((uintptr_t)address & ~mask);
    char *to = (char *)(((uintptr_t)address + size + mask) & ~mask);

    make_recorder();
    if (recorder->region_count == REGIONS)
        abort();
    recorder->regions[recorder->region_count].from = from;
    recorder->regions[recorder->region_count++].to = to;
}

void lines_watch_statics(void)
{
    lines_watch(__data_start, (size_t)(_end - __data_start));
}

void lines_forget(void)
{
    make_recorder();
    recorder->region_count = 0;
}

/* ---------------------------------------------------------------------- handlers */

static void protect(int protection)
{
    for (unsigned i = 0; i < recorder->region_count; i++) {
        if (mprotect(recorder->regions[i].from,
                     (size_t)(recorder->regions[i].to - recorder->regions[i].from),
                     protection) != 0)
            abort();
    }
}

static bool is_watched(const char *address)
{
    for (unsigned i = 0; i < recorder->region_count; i++) {
        if (address >= recorder->regions[i].from && address < recorder->regions[i].to)
            return true;
    }
    return false;
}

static void note(const char *address)
{
    if (syscall(SYS_gettid) != recorder->thread)
        return;
    /* relaxed: the recording thread alone. */
    uint32_t at =
        atomic_fetch_add_explicit(&recorder->note_count, 1, memory_order_relaxed);

    if (at >= NOTES)
        abort();
    recorder->notes[at] = (uintptr_t)address;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    ucontext_t *stopped = context;
    const char *address = info->si_addr;

    (void)number;
    if ((stopped->uc_mcontext.gregs[REG_ERR] & FAULT_WAS_WRITE) == 0 ||
        !is_watched(address)) {
        /* Somebody else's fault: it happens again, as without the recorder. */
        (void)sigaction(SIGSEGV, &recorder->fault_before, NULL);
        return;
    }
    note(address);
    protect(PROT_READ | PROT_WRITE);
    stopped->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

/* After the instruction that has written. */
static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *stopped = context;

    (void)number;
    (void)info;
    stopped->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    /* relaxed: written by this thread, or nothing crosses. */
    if (atomic_load_explicit(&recorder->records, memory_order_relaxed))
        protect(PROT_READ);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *),
                   struct sigaction *ret_before)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = handler;
    (void)sigfillset(&action.sa_mask);
    (void)sigdelset(&action.sa_mask, SIGSEGV);
    (void)sigdelset(&action.sa_mask, SIGTRAP);
    if (sigaction(number, &action, ret_before) != 0)
        abort();
}

/* Workers block nearly all signals; a fault that is blocked would end the program. */
static void let_through(void)
{
    sigset_t both;

    (void)sigemptyset(&both);
    (void)sigaddset(&both, SIGSEGV);
    (void)sigaddset(&both, SIGTRAP);
    if (pthread_sigmask(SIG_UNBLOCK, &both, NULL) != 0)
        abort();
}

void lines_begin(void)
{
    make_recorder();
    let_through();
    handle(SIGSEGV, on_fault, &recorder->fault_before);
    handle(SIGTRAP, on_trap, &recorder->trap_before);
    recorder->thread = syscall(SYS_gettid);
    /* relaxed, both: read by this thread, or nothing crosses. */
    atomic_store_explicit(&recorder->note_count, 0, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&recorder->records, true, memory_order_relaxed);
    protect(PROT_READ);
}

void lines_end(void)
{
    /* relaxed: as above. */
    atomic_store_explicit(&recorder->records, false, memory_order_relaxed);
    protect(PROT_READ | PROT_WRITE);
    (void)sigaction(SIGSEGV, &recorder->fault_before, NULL);
    (void)sigaction(SIGTRAP, &recorder->trap_before, NULL);
}

/* ------------------------------------------------------------------------- notes */

/* Whether this line was noted before note number `at`. */
static bool is_known(uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (recorder->notes[i] / LINE == recorder->notes[at] / LINE)
            return true;
    }
    return false;
}

unsigned lines_written_in(const void *address, size_t size)
{
    /* relaxed: the recording is over. */
    uint32_t count = atomic_load_explicit(&recorder->note_count, memory_order_relaxed);
    unsigned lines = 0;

    for (uint32_t i = 0; i < count; i++) {
        uintptr_t offset = recorder->notes[i] - (uintptr_t)address;

        lines += offset < size && !is_known(i);
    }
    return lines;
}

unsigned lines_written(void)
{
    return lines_written_in(NULL, UINTPTR_MAX);
}

unsigned lines_written_in_statics(void)
{
    return lines_written_in(__data_start, (size_t)(_end - __data_start));
}

#else

bool lines_can_record(void)
{
    return false;
}

void lines_watch(const void *address, size_t size)
{
    (void)address;
    (void)size;
}

void lines_watch_statics(void)
{
}

void lines_forget(void)
{
}

void lines_begin(void)
{
}

void lines_end(void)
{
}

unsigned lines_written(void)
{
    return 0;
}

unsigned lines_written_in(const void *address, size_t size)
{
    (void)address;
    (void)size;
    return 0;
}

unsigned lines_written_in_statics(void)
{
    return 0;
}

#endif
