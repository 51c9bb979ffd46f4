/* SPDX-License-Identifier: Apache-2.0 */
#include "base/space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

size_t mag_space_page(void)
{
    long page = sysconf(_SC_PAGESIZE);

    return page > 0 ? (size_t)page : 4096;
}

/* -------------------------------------------------------------------- reserving */

/* Maps address space without access. */
static void *map(void *at, size_t size, int flags)
{
    void *pages = mmap(at, size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

/* Maps enough to cut an aligned part out of it, and gives the rest back. */
static void *map_around(size_t size, size_t alignment)
{
    char *pages = size <= SIZE_MAX - alignment ? map(NULL, size + alignment, 0) : NULL;

    if (pages == NULL)
        return NULL;
    size_t before = -(uintptr_t)pages & (alignment - 1);
    if (before != 0)
        (void)munmap(pages, before);
    (void)munmap(pages + before + size, alignment - before);
    return pages + before;
}

/* Maps at that place, or not at all. */
static void *map_at(uintptr_t at, size_t size)
{
    void *place = (void *)at; /* NOLINT(performance-no-int-to-ptr) */
    void *pages = map(place, size, MAP_FIXED_NOREPLACE);

    /* Kernels before 4.17 do not know the flag, and choose another place. */
    if (pages != NULL && pages != place) {
        (void)munmap(pages, size);
        return NULL;
    }
    return pages;
}

/* For a process whose limits have no room for map_around.  Tries the place that the
 * kernel would choose, then places further and further away, below and above in turn. */
static void *map_near(size_t size, size_t alignment, size_t others)
{
    void *guess = map(NULL, size, 0);
    uintptr_t first = (uintptr_t)guess & ~(alignment - 1);
    void *pages = NULL;

    if (guess == NULL)
        return NULL;
    (void)munmap(guess, size);
    for (uintptr_t i = 0; pages == NULL && i / 2 <= others; i++) {
        uintptr_t distance = (i + 1) / 2 * alignment;

        pages = map_at(i % 2 != 0 ? first - distance : first + distance, size);
    }
    return pages;
}

int mag_space_reserve(size_t size, size_t alignment, size_t others, void **ret_pages)
{
    void *pages = map_around(size, alignment);

    if (pages == NULL)
        pages = map_near(size, alignment, others);
    if (pages == NULL)
        return -ENOMEM;
    /* If the process locks its future mappings (mlockall, MCL_FUTURE), the kernel would
     * back all of this with memory as soon as it becomes writable. */
    (void)munlock(pages, size);
    (void)madvise(pages, size, MADV_NOHUGEPAGE);
    (void)madvise(pages, size, MADV_DONTDUMP);
    *ret_pages = pages;
    return 0;
}

void mag_space_release(void *pages, size_t size)
{
    (void)munmap(pages, size);
}

/* ---------------------------------------------------------------------- opening */

int mag_space_open(void *pages, size_t size)
{
    if (mprotect(pages, size, PROT_READ | PROT_WRITE) != 0)
        return -ENOMEM;
    (void)madvise(pages, size, MADV_DODUMP);
    return 0;
}

void *mag_space_private(size_t size)
{
    void *pages = map(NULL, size, 0);

    if (pages != NULL && mag_space_open(pages, size) < 0) {
        (void)munmap(pages, size);
        pages = NULL;
    }
    return pages;
}

void mag_space_close(void *pages, size_t size)
{
    if (size != 0)
        (void)mprotect(pages, size, PROT_NONE);
}

/* Reads the beginning of a file as text; the text is empty if the file cannot be read. */
static void read_line(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, size - 1);

    if (file >= 0)
        (void)close(file);
    text[length > 0 ? length : 0] = '\0';
}

/* Whether the kernel counts all writable pages, even with MAP_NORESERVE. */
static bool is_strict(void)
{
    char mode[4];

    read_line("/proc/sys/vm/overcommit_memory", mode, sizeof(mode));
    return mode[0] == '2';
}

/* Whether the process locks its mappings, so that the kernel backs them at once: tried on
 * one page. */
static bool locks_mappings(void)
{
    unsigned char backed = 0;
    size_t page = mag_space_page();
    void *probe =
        mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (probe == MAP_FAILED)
        return true;
    (void)mincore(probe, page, &backed);
    (void)munmap(probe, page);
    return (backed & 1) != 0;
}

/* Makes a nameless file of shared memory, whose pages even a strict kernel counts only
 * when they are touched.  -1: there is none. */
static int make_file(size_t size)
{
    struct rlimit limit;

    /* Beyond this limit the kernel would end the process by a signal. */
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur < size)
        return -1;
    int file = memfd_create("magpie-fork", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, (off_t)size) != 0) {
        (void)close(file);
        file = -1;
    }
    return file;
}

static void *map_shared(void *at, size_t size, int access)
{
    int kind = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
    int file = -1;

    if (is_strict()) {
        file = make_file(size);
        if (file < 0)
            return NULL;
    }
    void *pages = mmap(at, size, access, kind | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
    if (file >= 0)
        (void)close(file);
    return pages == MAP_FAILED ? NULL : pages;
}

int mag_space_lend(void *pages, size_t size)
{
    /* Maps with access at once if possible: valgrind takes longer for memory that becomes
     * accessible later. */
    bool locked = locks_mappings();
    int access = locked ? PROT_NONE : PROT_READ | PROT_WRITE;

    if (map_shared(pages, size, access) == NULL)
        return -ENOMEM;
    (void)madvise(pages, size, MADV_DONTDUMP);
    (void)madvise(pages, size, MADV_NOHUGEPAGE);
    if (!locked)
        return 0;
    (void)munlock(pages, size);
    return mprotect(pages, size, PROT_READ | PROT_WRITE) == 0 ? 0 : -ENOMEM;
}

void mag_space_dump(void *pages, size_t size)
{
    (void)madvise(pages, size, MADV_DODUMP);
}

/* ----------------------------------------------------------------------- limits */

/* How much the limit leaves to a process that has so many pages. */
static size_t left_of(int resource, size_t pages)
{
    struct rlimit limit;
    size_t used = pages * mag_space_page();

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur > used ? (size_t)limit.rlim_cur - used : 0;
}

void mag_space_left(struct mag_space_left *ret_left)
{
    enum { SPACE = 0, DATA = 5, FIELDS };
    size_t pages[FIELDS] = {0};
    char text[128];
    char *next = text;

    read_line("/proc/thread-self/statm", text, sizeof(text));
    for (int i = 0; i < FIELDS; i++)
        pages[i] = strtoul(next, &next, 10);
    ret_left->space = left_of(RLIMIT_AS, pages[SPACE]);
    ret_left->data = left_of(RLIMIT_DATA, pages[DATA]);
}

/* Tries to set the default policy on a page of its own, which changes nothing. */
bool mag_space_may_bind(void)
{
    size_t page = mag_space_page();
    void *probe =
        mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (probe == MAP_FAILED)
        return false;
    bool allowed = syscall(SYS_mbind, probe, page, MPOL_DEFAULT, NULL, 0, 0) == 0;
    (void)munmap(probe, page);
    return allowed;
}

/* ------------------------------------------------------------------ nodes of pages */

/* The kernel counts one node less than it is told of. */
enum { POLICY_NODES = 1024 + 1, LONG_BITS = 8 * sizeof(unsigned long) };

void mag_space_policy_read(struct mag_space_policy *ret_policy)
{
    memset(ret_policy, 0, sizeof(*ret_policy));
    if (syscall(SYS_get_mempolicy, &ret_policy->mode, ret_policy->nodes, POLICY_NODES - 1,
                NULL, 0) != 0)
        ret_policy->mode = -1;
}

/* False: there can be no such node. */
static bool make_preference(struct mag_space_policy *ret_policy, uint32_t os_node)
{
    memset(ret_policy, 0, sizeof(*ret_policy));
    ret_policy->mode = MPOL_PREFERRED;
    if (os_node >= POLICY_NODES - 1)
        return false;
    ret_policy->nodes[os_node / LONG_BITS] = 1UL << os_node % LONG_BITS;
    return true;
}

void mag_space_prefer(uint32_t os_node, struct mag_space_policy *ret_before)
{
    struct mag_space_policy wanted;

    mag_space_policy_read(ret_before);
    if (ret_before->mode >= 0 && make_preference(&wanted, os_node))
        (void)syscall(SYS_set_mempolicy, wanted.mode, wanted.nodes, POLICY_NODES);
}

void mag_space_prefer_again(const struct mag_space_policy *before)
{
    if (before->mode >= 0)
        (void)syscall(SYS_set_mempolicy, before->mode, before->nodes, POLICY_NODES);
}

/* Tries to set the policy that the thread has, which changes nothing. */
bool mag_space_may_prefer(void)
{
    struct mag_space_policy own;

    mag_space_policy_read(&own);
    return own.mode >= 0 &&
           syscall(SYS_set_mempolicy, own.mode, own.nodes, POLICY_NODES) == 0;
}

void mag_space_bind(void *begin, size_t size, uint32_t os_node)
{
    struct mag_space_policy wanted;

    if (make_preference(&wanted, os_node))
        (void)syscall(SYS_mbind, begin, size, wanted.mode, wanted.nodes, POLICY_NODES, 0);
}

/* How many pages one call moves, and how often it is tried: a page that the kernel is
 * busy with stays where it is. */
enum { BROUGHT_AT_ONCE = 16, BRING_TRIES = 3 };

/* Whether one of the pages is known to lie on another node. */
static bool lies_elsewhere(void **pages, size_t count, int node)
{
    int status[BROUGHT_AT_ONCE];
    bool elsewhere = false;

    if (syscall(SYS_move_pages, 0, count, pages, NULL, status, 0) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        elsewhere |= status[i] >= 0 && status[i] != node;
    return elsewhere;
}

static void bring_pages(uintptr_t first, size_t page, size_t count, int node)
{
    void *pages[BROUGHT_AT_ONCE];
    int nodes[BROUGHT_AT_ONCE];
    int status[BROUGHT_AT_ONCE];

    for (size_t i = 0; i < count; i++) {
        pages[i] = (void *)(first + i * page); /* NOLINT(performance-no-int-to-ptr) */
        nodes[i] = node;
    }
    for (int i = 0; i < BRING_TRIES && lies_elsewhere(pages, count, node); i++)
        (void)syscall(SYS_move_pages, 0, count, pages, nodes, status, MPOL_MF_MOVE);
}

void mag_space_bring(const void *begin, size_t size, uint32_t os_node)
{
    size_t page = mag_space_page();
    uintptr_t at = (uintptr_t)begin & ~(uintptr_t)(page - 1);
    size_t count = ((uintptr_t)begin + size - at + page - 1) / page;

    while (count != 0) {
        size_t now = count < BROUGHT_AT_ONCE ? count : BROUGHT_AT_ONCE;

        bring_pages(at, page, now, (int)os_node);
        at += now * page;
        count -= now;
    }
}

/* Not by move_pages, which misses the pages that automatic balancing looks at. */
static bool is_touched(void *at, size_t page)
{
    unsigned char there = 0;

    return mincore(at, page, &there) == 0 && (there & 1) != 0;
}

void mag_space_drop_below(const void *end, size_t size)
{
    size_t page = mag_space_page();
    uintptr_t at = (uintptr_t)end & ~(uintptr_t)(page - 1);
    uintptr_t last = ((uintptr_t)end - size) & ~(uintptr_t)(page - 1);

    while (at - page >= last) {
        at -= page;
        void *below = (void *)at; /* NOLINT(performance-no-int-to-ptr) */
        if (!is_touched(below, page) || madvise(below, page, MADV_DONTNEED) != 0)
            return;
    }
}

bool mag_space_is_watched(void)
{
    /* valgrind runs a process with libraries of its own preloaded. */
    const char *libraries =
        getenv("LD_PRELOAD"); /* NOLINT(concurrency-mt-unsafe): nothing is set here. */

    return libraries != NULL && strstr(libraries, "/vgpreload_") != NULL;
}
