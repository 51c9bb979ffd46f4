/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/matrix.h"

#include "bench/kernels/memory.h"

#include <errno.h>
#include <magpie/node_memory.h>
#include <magpie/pin.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 3, STEPS = 1 << 20 };

static const uint64_t least_bytes = UINT64_C(64) << 20;
static const uint64_t most_bytes = UINT64_C(1) << 30;

/* Memory of one node, and what its readers share. */
struct reading {
    const struct mag_topology *topology;
    struct kernel_line *lines;
    uint64_t bytes;
    uint64_t at; /* where the chain goes on: lines that were read are in a cache */
    pthread_rwlock_t gate; /* held for writing while threads are made */
};

/* One thread. */
struct reader {
    struct reading *reading;
    pthread_t thread;
    uint32_t pu;
    uint64_t first, count; /* words of its part */
    double began, ended;
    uint64_t result; /* kept, so that the reads are made */
    bool pinned;
};

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* On a machine with one node a thread that may not be pinned is near all the same. */
static bool sit_on(const struct mag_topology *topology, uint32_t pu)
{
    enum mag_pinned obtained;

    return (mag_pin_self(topology, pu, &obtained) == 0 && obtained == MAG_PINNED) ||
           mag_topology_nodes(topology) == 1;
}

/* ---------------------------------------------------------------------- latency */

static void *chase(void *arg)
{
    struct reader *reader = arg;
    const struct reading *reading = reader->reading;

    reader->pinned = sit_on(reading->topology, reader->pu);
    reader->began = now_s();
    reader->result = kernel_chain_walk(reading->lines, reading->at, STEPS);
    reader->ended = now_s();
    return NULL;
}

/* From one PU; 0: it could not be measured. */
static double measure_latency(struct reading *reading, uint32_t pu)
{
    double least = 0;

    for (int i = 0; i < RUNS; i++) {
        struct reader reader = {.reading = reading, .pu = pu};

        if (pthread_create(&reader.thread, NULL, chase, &reader) != 0)
            return 0;
        (void)pthread_join(reader.thread, NULL);
        double took = (reader.ended - reader.began) * 1e9 / STEPS;
        reading->at = reader.result;
        if (!reader.pinned)
            return 0;
        if (least == 0 || took < least)
            least = took;
    }
    return least;
}

/* -------------------------------------------------------------------- bandwidth */

static void *stream(void *arg)
{
    struct reader *reader = arg;
    struct reading *reading = reader->reading;
    const uint64_t *words = (const void *)reading->lines;

    reader->pinned = sit_on(reading->topology, reader->pu);
    (void)pthread_rwlock_rdlock(&reading->gate);
    (void)pthread_rwlock_unlock(&reading->gate);
    reader->began = now_s();
    reader->result = kernel_words_sum(words + reader->first, reader->count);
    reader->ended = now_s();
    return NULL;
}

/* From the first begin to the last end; 0: not all threads were where they belong. */
static double seconds_of(const struct reader *readers, uint32_t count)
{
    double began = readers[0].began;
    double ended = readers[0].ended;

    for (uint32_t i = 0; i < count; i++) {
        if (!readers[i].pinned)
            return 0;
        began = readers[i].began < began ? readers[i].began : began;
        ended = readers[i].ended > ended ? readers[i].ended : ended;
    }
    return ended - began;
}

/* One run with a thread on each of the PUs; 0: it could not be measured. */
static double read_once(struct reading *reading, struct reader *readers, uint32_t count)
{
    uint64_t part = reading->bytes / sizeof(uint64_t) / count;
    uint32_t made = 0;

    /* No thread passes until all are there. */
    (void)pthread_rwlock_wrlock(&reading->gate);
    for (; made < count; made++) {
        readers[made].reading = reading;
        readers[made].first = made * part;
        readers[made].count = part;
        if (pthread_create(&readers[made].thread, NULL, stream, &readers[made]) != 0)
            break;
    }
    (void)pthread_rwlock_unlock(&reading->gate);
    for (uint32_t i = 0; i < made; i++)
        (void)pthread_join(readers[i].thread, NULL);
    return made == count ? seconds_of(readers, count) : 0;
}

/* Of all PUs of a node; 0: it could not be measured. */
static double measure_bandwidth(struct reading *reading, uint32_t node, uint32_t pus)
{
    struct reader *readers = calloc(pus, sizeof(*readers));
    uint32_t count = 0;
    double most = 0;

    if (readers == NULL)
        return 0;
    for (uint32_t i = 0; i < mag_topology_pus(reading->topology) && count < pus; i++) {
        if (mag_topology_pu(reading->topology, i)->node == node)
            readers[count++].pu = i;
    }
    for (int i = 0; i < RUNS && count > 0; i++) {
        double took = read_once(reading, readers, count);
        double rate = took > 0 ? (double)reading->bytes * 1e-9 / took : 0;

        most = rate > most ? rate : most;
    }
    free(readers);
    return most;
}

/* ------------------------------------------------------------------- the matrix */

static uint32_t first_pu(const struct mag_topology *topology, uint32_t node)
{
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
        if (mag_topology_pu(topology, i)->node == node)
            return i;
    }
    return MAG_NONE;
}

/* The column of one node's memory. */
static int measure_column(struct bench_matrix *matrix, struct reading *reading,
                          uint32_t to)
{
    enum mag_placed obtained;
    void *pages;
    int r = mag_node_map(reading->topology, to, reading->bytes, &pages, &obtained);

    if (r < 0)
        return r;
    reading->lines = pages;
    reading->at = 0;
    /* Several nodes, and no say in where the pages are: nothing would be known. */
    if (obtained == MAG_PLACED || matrix->nodes == 1) {
        kernel_chain_make(reading->lines, reading->bytes / BENCH_MATRIX_LINE);
        for (uint32_t from = 0; from < matrix->nodes; from++) {
            struct bench_link *link = bench_matrix_link(matrix, from, to);
            uint32_t pu = first_pu(reading->topology, from);

            if (pu == MAG_NONE)
                continue;
            link->latency_ns = measure_latency(reading, pu);
            link->gb_per_s = measure_bandwidth(
                reading, from, mag_topology_node(reading->topology, from)->pus);
        }
    }
    mag_node_unmap(pages, reading->bytes);
    return 0;
}

static uint64_t usual_bytes(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    uint64_t bytes = cache > 0 ? 2 * (uint64_t)cache : 0;

    bytes = bytes < least_bytes ? least_bytes : bytes;
    return bytes > most_bytes ? most_bytes : bytes;
}

static int measure_on(const struct mag_topology *topology, struct bench_matrix *matrix)
{
    struct reading reading = {.topology = topology, .bytes = matrix->bytes};
    int r = -pthread_rwlock_init(&reading.gate, NULL);

    if (r < 0)
        return r;
    for (uint32_t to = 0; to < matrix->nodes && r == 0; to++) {
        const struct mag_node *node = mag_topology_node(topology, to);

        matrix->os_index[to] = node->os_index;
        if (node->memory_bytes == 0 || node->memory_bytes > matrix->bytes)
            r = measure_column(matrix, &reading, to);
    }
    (void)pthread_rwlock_destroy(&reading.gate);
    return r;
}

int bench_matrix_measure(struct bench_matrix *matrix, uint64_t bytes)
{
    struct mag_topology *topology;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    if (r < 0)
        return r;
    r = bench_matrix_init(matrix, mag_topology_nodes(topology));
    matrix->bytes =
        (bytes != 0 ? bytes : usual_bytes()) / BENCH_MATRIX_LINE * BENCH_MATRIX_LINE;
    if (r == 0 && mag_topology_is_this_machine(topology))
        r = measure_on(topology, matrix);
    mag_topology_free(topology);
    return r;
}

int bench_matrix_init(struct bench_matrix *matrix, uint32_t nodes)
{
    *matrix = (struct bench_matrix){0};
    if (nodes == 0)
        return 0;
    matrix->links = calloc((size_t)nodes * nodes, sizeof(*matrix->links));
    matrix->os_index = calloc(nodes, sizeof(*matrix->os_index));
    if (matrix->links == NULL || matrix->os_index == NULL) {
        bench_matrix_free(matrix);
        return -ENOMEM;
    }
    matrix->nodes = nodes;
    return 0;
}

void bench_matrix_free(struct bench_matrix *matrix)
{
    free(matrix->links);
    free(matrix->os_index);
    *matrix = (struct bench_matrix){0};
}
