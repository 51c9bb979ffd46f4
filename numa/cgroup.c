/*
 * cgroup.c - finds and reads the control groups that limit CPU time.
 *
 * A process is in one group of the v2 hierarchy and in one of each v1 hierarchy;
 * /proc/self/cgroup names them, /proc/self/mountinfo says where they are mounted.  A
 * limit holds for everything below it, so every group from ours to the root counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a line of mountinfo or a small file; what is longer is not a group of ours. */
enum { LINE_ROOM = 4096 };

/* One hierarchy: how this process's group is found in it. */
struct hierarchy {
    bool v2;
    char group[LINE_ROOM];      /* the process's group, from /proc/self/cgroup */
    char mount_root[LINE_ROOM]; /* the group that is mounted */
    char mount_point[LINE_ROOM];
};

/* -------------------------------------------------------------------- reading */

static FILE *open_below(const char *root, const char *path)
{
    char name[2 * LINE_ROOM];
    int length = snprintf(name, sizeof(name), "%s%s", root, path);

    return length > 0 && (size_t)length < sizeof(name) ? fopen(name, "re") : NULL;
}

/* Reads `directory`/`file`; what does not fit is cut.  False: there is no such file. */
static bool read_file(const char *directory, const char *file, char *text, size_t size)
{
    char name[2 * LINE_ROOM + 64];
    int length = snprintf(name, sizeof(name), "%s/%s", directory, file);
    FILE *stream = length > 0 && (size_t)length < sizeof(name) ? fopen(name, "re") : NULL;

    if (stream == NULL)
        return false;
    text[fread(text, 1, size - 1, stream)] = '\0';
    (void)fclose(stream);
    return true;
}

/* Whether a comma-separated list has this word. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 &&
            (at[length] == ',' || at[length] == '\0' || at[length] == '\n'))
            return true;
    }
    return false;
}

/* The number after `key` in lines of "key number"; 0 when there is none. */
static uint64_t number_after(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length + 1, NULL, 10);
    }
    return 0;
}

/* --------------------------------------------------------------------- levels */

/* Quota over period; 0 where there is no limit or no sense in it. */
static double ratio(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

static bool read_v2(const char *directory, struct mag_budget_level *level)
{
    char text[LINE_ROOM];
    char *end;

    if (!read_file(directory, "cpu.max", text, sizeof(text)))
        return false;
    long long quota = strtoll(text, &end, 10); /* "max": nothing is read */
    level->cpus = end != text ? ratio(quota, strtoll(end, NULL, 10)) : 0;
    if (read_file(directory, "cpu.stat", text, sizeof(text))) {
        level->throttled = number_after(text, "nr_throttled");
        level->throttled_usec = number_after(text, "throttled_usec");
    }
    return true;
}

static bool read_v1(const char *directory, struct mag_budget_level *level)
{
    char quota[LINE_ROOM];
    char period[LINE_ROOM];

    if (!read_file(directory, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
        !read_file(directory, "cpu.cfs_period_us", period, sizeof(period)))
        return false;
    level->cpus = ratio(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
    if (read_file(directory, "cpu.stat", quota, sizeof(quota))) {
        level->throttled = number_after(quota, "nr_throttled");
        level->throttled_usec = number_after(quota, "throttled_time") / 1000;
    }
    return true;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static int add_level(struct mag_cgroup_levels *levels,
                     const struct mag_budget_level *level)
{
    struct mag_budget_level *grown =
        realloc(levels->level, (levels->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return -ENOMEM;
    levels->level = grown;
    grown[levels->count] = *level;
    grown[levels->count].path = copy_text(level->path);
    if (grown[levels->count].path == NULL)
        return -ENOMEM;
    levels->count++;
    return 0;
}

/* Our group below the mount point.  A group outside of what is mounted (another
 * namespace) is seen as the mounted one itself. */
static const char *below_mount(const struct hierarchy *hierarchy)
{
    size_t length = strlen(hierarchy->mount_root);

    if (strcmp(hierarchy->mount_root, "/") == 0)
        return strstr(hierarchy->group, "..") == NULL ? hierarchy->group : "";
    if (strncmp(hierarchy->group, hierarchy->mount_root, length) == 0 &&
        (hierarchy->group[length] == '/' || hierarchy->group[length] == '\0'))
        return hierarchy->group + length;
    return "";
}

/* From our group up to the mount point. */
static int walk_up(const char *root, const struct hierarchy *hierarchy,
                   struct mag_cgroup_levels *levels)
{
    char path[3 * LINE_ROOM];
    size_t top = strlen(root) + strlen(hierarchy->mount_point);
    int r = 0;

    int length = snprintf(path, sizeof(path), "%s%s%s", root, hierarchy->mount_point,
                          below_mount(hierarchy));
    if (length < 0 || (size_t)length >= sizeof(path))
        return 0;
    for (;;) {
        struct mag_budget_level level = {.path = path};

        size_t end = strlen(path);
        while (end > top && path[end - 1] == '/')
            path[--end] = '\0';
        if (hierarchy->v2 ? read_v2(path, &level) : read_v1(path, &level))
            r = add_level(levels, &level);
        char *slash = strrchr(path, '/');
        if (r < 0 || end <= top || slash == NULL)
            return r;
        *slash = '\0';
        if (strlen(path) < top)
            return 0;
    }
}

/* -------------------------------------------------------------- where they are */

/* "0::/group" for v2, "4:cpu,cpuacct:/group" for v1. */
static bool find_group(const char *root, struct hierarchy *hierarchy)
{
    FILE *stream = open_below(root, "/proc/self/cgroup");
    char line[LINE_ROOM];
    bool found = false;

    while (stream != NULL && !found && fgets(line, sizeof(line), stream) != NULL) {
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (group == NULL)
            continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        controllers++;
        bool ours = hierarchy->v2 ? *controllers == '\0' : has_word(controllers, "cpu");
        found = ours && *group == '/';
        if (found)
            (void)snprintf(hierarchy->group, sizeof(hierarchy->group), "%s", group);
    }
    if (stream != NULL)
        (void)fclose(stream);
    return found;
}

/* "30 23 0:26 /root /mount/point opts - cgroup2 source super,opts" */
static bool parse_mount(const char *line, struct hierarchy *hierarchy)
{
    char type[64];
    char super[LINE_ROOM];
    const char *dash = strstr(line, " - ");

    if (dash == NULL ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", hierarchy->mount_root,
               hierarchy->mount_point) != 2 ||
        sscanf(dash + 3, "%63s %*s %4095s", type, super) != 2)
        return false;
    return hierarchy->v2 ? strcmp(type, "cgroup2") == 0
                         : strcmp(type, "cgroup") == 0 && has_word(super, "cpu");
}

static bool find_mount(const char *root, struct hierarchy *hierarchy)
{
    FILE *stream = open_below(root, "/proc/self/mountinfo");
    char line[LINE_ROOM];
    bool found = false;

    while (stream != NULL && !found && fgets(line, sizeof(line), stream) != NULL)
        found = parse_mount(line, hierarchy);
    if (stream != NULL)
        (void)fclose(stream);
    return found;
}

int mag_cgroup_read(const char *root, struct mag_cgroup_levels *ret_levels)
{
    struct mag_cgroup_levels levels = {.level = NULL, .count = 0};
    struct hierarchy hierarchy;
    int r = 0;

    for (int v2 = 1; v2 >= 0 && r == 0; v2--) {
        hierarchy.v2 = v2 != 0;
        if (find_group(root, &hierarchy) && find_mount(root, &hierarchy))
            r = walk_up(root, &hierarchy, &levels);
    }
    if (r < 0)
        mag_cgroup_free(&levels);
    else
        *ret_levels = levels;
    return r;
}

/* The paths are ours, though the reader may not change them. */
void mag_cgroup_free(struct mag_cgroup_levels *levels)
{
    for (uint32_t i = 0; i < levels->count; i++)
        free((void *)(uintptr_t)levels->level[i].path);
    free(levels->level);
    levels->level = NULL;
    levels->count = 0;
}
