/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/maps.h"
#include "tests/support/cmocka.h"
#include "tests/support/emulated.h"
#include "tests/support/run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct mapping {
    uintptr_t from;
    uintptr_t to;
    char access[5]; /* as "rw-p" */
    bool dumped;
};

/* Reads the head of a mapping, such as "7f0000000000-7f0000001000 rw-p ...".  False: the
 * line is a field, such as "Size: ...". */
static bool read_head(const char *line, struct mapping *ret_mapping)
{
    char *end;
    uintptr_t from = strtoul(line, &end, 16);

    if (end == line || *end != '-')
        return false;
    uintptr_t to = strtoul(end + 1, &end, 16);
    if (*end != ' ' || strlen(end) < 6)
        return false;
    *ret_mapping = (struct mapping){.from = from, .to = to};
    memcpy(ret_mapping->access, end + 1, 4);
    return true;
}

/* Calls `see` for each mapping. */
static void each(void (*see)(const struct mapping *mapping, void *arg), void *arg)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    struct mapping mapping = {0};
    char line[512];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (read_head(line, &mapping) || strncmp(line, "VmFlags:", 8) != 0)
            continue;
        mapping.dumped = strncmp(mapping.access, "---", 3) != 0 &&
                         strstr(line, " dd") == NULL && strstr(line, " io") == NULL;
        see(&mapping, arg);
    }
    if (file != NULL)
        (void)fclose(file);
}

static void add(const struct mapping *mapping, void *arg)
{
    struct test_maps *maps = arg;
    size_t size = mapping->to - mapping->from;

    maps->all += size;
    maps->count++;
    if (mapping->access[1] == 'w' && mapping->access[3] == 'p')
        maps->writable += size;
    if (mapping->dumped)
        maps->dumped += size;
}

void test_maps_read(struct test_maps *ret_maps)
{
    memset(ret_maps, 0, sizeof(*ret_maps));
    each(add, ret_maps);
}

struct question {
    uintptr_t address;
    bool dumped;
};

static void look_for(const struct mapping *mapping, void *arg)
{
    struct question *question = arg;

    if (question->address >= mapping->from && question->address < mapping->to)
        question->dumped = mapping->dumped;
}

bool test_maps_dumps(const void *address)
{
    struct question question = {.address = (uintptr_t)address};

    each(look_for, &question);
    return question.dumped;
}

bool test_limit_more(int resource, size_t more)
{
    struct test_maps maps;
    struct rlimit limit;

    test_maps_read(&maps);
    limit.rlim_cur = more + (resource == RLIMIT_AS ? maps.all : maps.writable);
    limit.rlim_max = limit.rlim_cur;
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

bool test_limit_space(size_t bytes)
{
#ifdef TEST_UNDER_ASAN
    (void)bytes;
    return true;
#else
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};

    return setrlimit(RLIMIT_AS, &limit) == 0;
#endif
}

void test_skip_under_sanitizers(void)
{
#if defined(TEST_UNDER_ASAN) || defined(TEST_UNDER_TSAN)
    print_message("skipped: a sanitizer has memory of its own\n");
    skip();
#endif
    test_skip_emulated("has memory of its own");
}
