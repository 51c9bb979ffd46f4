/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/peer.h"

#include "bench/measure/peer_build.h"
#include "bench/text/text.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORK_JOIN "fib nqueens skynet matmul uts cilksort regions"
#define ARRAYS    "reduce scan"
#define TICKS     "tick tick-p99"
#define LOADS     "bursts trickle submit"
#define POOL      LOADS " submit-all " TICKS
#define TEAMS     "team barrier " TICKS
#define SORTS     "sort-random sort-sorted"
#define UNEVEN    "for-pareto for-triangle for-nested"
#define SHORT     "for-empty for-1us for-10us for-100us for-1ms"
#define BOUNDED   "channel-1-1 channel-4-1 channel-1-4 channel-4-4"
#define CHANNELS                                                                  \
    BOUNDED " channel-1-1-unbounded channel-4-1-unbounded channel-1-4-unbounded " \
            "channel-4-4-unbounded"
#define MEMORY "triad random chase"
#define METG                                                                     \
    "metg-trivial metg-no-comm metg-stencil metg-periodic metg-sweep metg-tree " \
    "metg-fft metg-all metg-nearest metg-spread metg-near-random metg-far-random"
#define LOCKS "semaphore semaphore-2 mutex mutex-2"

/* All peers in the order of the report, and the workloads that each has. */
static const struct {
    const char *name;
    const char *workloads;
} known[] = {
    {"openmp", FORK_JOIN " heat " SHORT " " UNEVEN " " ARRAYS " " TEAMS " " SORTS
                         " sort-stable " MEMORY " " METG},
    {"tbb", FORK_JOIN " " SHORT " " UNEVEN " " ARRAYS " " POOL " " SORTS " " CHANNELS
                      " pipeline graph " MEMORY " " METG},
    {"libomp", "heat " TEAMS " " MEMORY " " METG},
    {"openblas", "matmul"},
    {"glib", LOADS " submit-all"},
    {"libuv", LOADS},
    {"pigz", "mgzip mgzip-libdeflate"},
    {"rayon", FORK_JOIN " " SHORT " " UNEVEN " " ARRAYS " " POOL " " SORTS
                        " sort-stable " CHANNELS},
    {"go", FORK_JOIN " " UNEVEN " " SORTS " " ARRAYS " " POOL " " BOUNDED " " LOCKS
                     " pipeline"},
    {"dotnet", FORK_JOIN " " SHORT " " UNEVEN " " ARRAYS " " POOL " " SORTS " " CHANNELS
                         " " LOCKS " post-chain post-self post-any post-all post-foreign "
                         "post-foreigns post-across post-wake vtask-sync vtask-inline "
                         "vtask-queued vtask-across "
                         "vtask-async-now vtask-async-1 vtask-async-10 vtask-pending "
                         "vtask-handoff vtask-when-all vtask-wake pipeline "
                         "each each-later when-each sequence"},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

_Static_assert(sizeof(known) / sizeof(known[0]) <= BENCH_PEERS,
               "there is room for every peer");

/* -------------------------------------------------------------------- names */

const char *bench_peers_names(void)
{
    static char names[KNOWN * BENCH_NAME];
    size_t used = 0;

    for (size_t i = 0; i < KNOWN && used == strlen(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                                 i > 0 ? ", " : "", known[i].name);
    return names;
}

/* Adds a peer, unless it is there. */
static void add(struct bench_peers *peers, const char *name)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        if (strcmp(peers->peers[i].name, name) == 0)
            return;
    }

    struct bench_peer *peer = &peers->peers[peers->count++];

    *peer = (struct bench_peer){.state = BENCH_PEER_ABSENT};
    (void)snprintf(peer->name, sizeof(peer->name), "%s", name);
}

/* Adds every peer that the name of `length` letters stands for. */
static bool take_name(struct bench_peers *peers, const char *name, size_t length)
{
    bool all = length == 3 && strncmp(name, "all", 3) == 0;
    bool found = false;

    for (size_t i = 0; i < KNOWN; i++) {
        if (all || (strlen(known[i].name) == length &&
                    strncmp(known[i].name, name, length) == 0)) {
            add(peers, known[i].name);
            found = true;
        }
    }
    return found;
}

bool bench_peers_take(struct bench_peers *peers, const char *list, char *ret_bad,
                      size_t bad_size)
{
    for (;; list++) {
        size_t length = strcspn(list, ",");

        if (!take_name(peers, list, length)) {
            (void)snprintf(ret_bad, bad_size, "%.*s", (int)length, list);
            return false;
        }
        list += length;
        if (*list == '\0')
            return true;
    }
}

/* Whether `word` is one of the words of `text`. */
static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length) {
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool bench_peer_has(const struct bench_peer *peer, const char *workload)
{
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(known[i].name, peer->name) == 0)
            return has_word(known[i].workloads, workload);
    }
    return false;
}

static const char *const states[] = {
    [BENCH_PEER_READY] = "ready",
    [BENCH_PEER_ABSENT] = "absent",
    [BENCH_PEER_FAILED] = "failed",
};

const char *bench_peer_state_name(enum bench_peer_state state)
{
    return states[state];
}

enum bench_peer_state bench_peer_state_named(const char *name)
{
    enum bench_peer_state state = BENCH_PEER_READY;

    while (state != BENCH_PEER_FAILED && strcmp(states[state], name) != 0)
        state++;
    return state;
}

/* ------------------------------------------------------------------ folders */

/* The folder of this program, with `relative` behind it. */
static bool beside_program(const char *relative, char *path, size_t size)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (length <= 0)
        return false;
    program[length] = '\0';
    return snprintf(path, size, "%s/%s", dirname(program), relative) < (int)size;
}

bool bench_peers_sources(char *path, size_t size)
{
    const char *named = getenv("MAGPIE_PEERS");

    if (named != NULL && *named != '\0')
        return snprintf(path, size, "%s", named) < (int)size;
    if (beside_program(MAG_PEERS_INSTALLED, path, size) && access(path, R_OK) == 0)
        return true;
    return snprintf(path, size, "%s", MAG_PEERS_SOURCE) < (int)size &&
           access(path, R_OK) == 0;
}

bool bench_peers_cache(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (cache != NULL && *cache != '\0')
        return snprintf(path, size, "%s/magpie/peers", cache) < (int)size;
    return home != NULL && *home != '\0' &&
           snprintf(path, size, "%s/.cache/magpie/peers", home) < (int)size;
}

void bench_peers_build(struct bench_peers *peers, const char *sources, const char *cache)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "building %s", peers->peers[i].name);
        bench_progress(text);
        bench_peer_build(&peers->peers[i], sources, cache);
    }
    bench_progress(NULL);
}
