/*
 * cgroup.c - finds and reads the control groups that limit CPU time.
 *
 * A thread is in one group of the v2 hierarchy and in one group of each v1 hierarchy.
 * /proc/thread-self/cgroup names these groups; /proc/thread-self/mountinfo says where the
 * hierarchies are mounted.  A limit holds for everything below its group, so the limits
 * of all groups from the thread's own up to the root apply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/budget/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a line of mountinfo or for a small file.  A longer line cannot name the group
 * of this process. */
enum { LINE_ROOM = 4096 };

/* A mount point of a hierarchy: of the whole hierarchy, or of one group and those below
 * it. */
struct mount {
    char root[LINE_ROOM]; /* the mounted group */
    char point[LINE_ROOM];
};

/* One hierarchy, and the calling thread's group in it. */
struct hierarchy {
    bool v2;
    char group[LINE_ROOM]; /* the calling thread's group, as the kernel names it */
    struct mount mount;
};

/* -------------------------------------------------------------------- reading */

static FILE *open_below(const char *root, const char *path)
{
    char name[2 * LINE_ROOM];
    int length = snprintf(name, sizeof(name), "%s%s", root, path);

    return length > 0 && (size_t)length < sizeof(name) ? fopen(name, "re") : NULL;
}

/*
 * Opens a file of /proc about the calling thread.  /proc/self is about the main thread,
 * and becomes unreadable once the main thread has ended.  So /proc/self is used only if
 * there is no /proc/thread-self, or the file there is empty.
 */
static FILE *open_of_thread(const char *root, const char *file)
{
    static const char *const folders[] = {"/proc/thread-self", "/proc/self"};
    char path[64];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folders[i], file);
        FILE *stream = open_below(root, path);
        int first = stream != NULL ? getc(stream) : EOF;

        if (first != EOF && ungetc(first, stream) == first)
            return stream;
        if (stream != NULL)
            (void)fclose(stream);
    }
    return NULL;
}

/* Reads the next line, without its line break.  A line longer than `size` is cut. */
static bool next_line(FILE *stream, char *line, size_t size)
{
    int next = 0;

    if (fgets(line, (int)size, stream) == NULL)
        return false;
    if (strchr(line, '\n') == NULL) {
        while (next != EOF && next != '\n')
            next = getc(stream);
    }
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* Reads `directory`/`file`; text that does not fit is cut.  False: there is no such
 * file. */
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

/* Whether a comma-separated list contains this word. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Finds the line "key number" and reads the number.  False: there is no such line. */
static bool number_after(const char *text, const char *key, uint64_t *ret_number)
{
    size_t length = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            *ret_number = strtoull(line + length + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------------- levels */

/* Values that make no sense set no limit. */
static void set_limit(struct mag_budget_level *level, long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return;
    level->quota_usec = (uint64_t)quota;
    level->period_usec = (uint64_t)period;
    level->cpus = (double)quota / (double)period;
}

/* Reads how often and how long the group was throttled.  `time` is the key of the line
 * with the throttled time; `units` is how many of its units make a microsecond. */
static void read_throttling(const char *directory, const char *time, uint64_t units,
                            struct mag_budget_level *level)
{
    char text[LINE_ROOM];
    uint64_t throttled;
    uint64_t took;

    if (!read_file(directory, "cpu.stat", text, sizeof(text)) ||
        !number_after(text, "nr_throttled", &throttled) ||
        !number_after(text, time, &took))
        return;
    level->throttled = throttled;
    level->throttled_usec = took / units;
    level->counted = true;
}

/* A group has no cpu.max if its parent does not enable the cpu controller for it.  The
 * root has none either, but the root has no cgroup.events, by which the two are told
 * apart. */
static bool read_v2(const char *directory, struct mag_budget_level *level)
{
    char text[LINE_ROOM];
    char *end;

    if (!read_file(directory, "cpu.max", text, sizeof(text)))
        return read_file(directory, "cgroup.events", text, sizeof(text));
    level->controlled = true;
    long long quota = strtoll(text, &end, 10); /* "max": nothing is read */
    if (end != text)
        set_limit(level, quota, strtoll(end, NULL, 10));
    read_throttling(directory, "throttled_usec", 1, level);
    return true;
}

static bool read_v1(const char *directory, struct mag_budget_level *level)
{
    char quota[LINE_ROOM];
    char period[LINE_ROOM];

    if (!read_file(directory, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
        !read_file(directory, "cpu.cfs_period_us", period, sizeof(period)))
        return false;
    level->controlled = true;
    set_limit(level, strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
    read_throttling(directory, "throttled_time", 1000, level);
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

/* The path of the thread's group below the mounted group; NULL if the group is not below
 * it. */
static const char *below(const struct mount *mount, const char *group)
{
    size_t length = strlen(mount->root);

    if (strstr(group, "/..") != NULL)
        return NULL;
    if (strcmp(mount->root, "/") == 0)
        return group;
    if (strncmp(group, mount->root, length) != 0 ||
        (group[length] != '/' && group[length] != '\0'))
        return NULL;
    return group + length;
}

static int read_here(const char *path, bool v2, struct mag_cgroup_levels *levels)
{
    struct mag_budget_level level = {.path = path, .version = v2 ? 2 : 1};
    bool found = v2 ? read_v2(path, &level) : read_v1(path, &level);

    return found ? add_level(levels, &level) : 0;
}

/* Cuts `path` to its parent, but leaves at least `top` bytes.  False: `path` is the
 * top. */
static bool cut_to_parent(char *path, size_t top)
{
    char *slash = strrchr(path, '/');

    if (strlen(path) <= top || slash == NULL || (size_t)(slash - path) < top)
        return false;
    *slash = '\0';
    return true;
}

static void cut_slashes(char *path, size_t top)
{
    for (size_t end = strlen(path); end > top && path[end - 1] == '/'; end--)
        path[end - 1] = '\0';
}

/* Reads the limits from the thread's group up to the mount point.  If the thread's group
 * is not below the mounted group, start at the mount point: a container may see its own
 * group there without knowing the group's name. */
static int walk_up(const char *root, const struct hierarchy *hierarchy,
                   struct mag_cgroup_levels *levels)
{
    const char *group = below(&hierarchy->mount, hierarchy->group);
    size_t top = strlen(root) + strlen(hierarchy->mount.point);
    char path[3 * LINE_ROOM];
    int r = 0;

    int length = snprintf(path, sizeof(path), "%s%s%s", root, hierarchy->mount.point,
                          group != NULL ? group : "");
    if (length < 0 || (size_t)length >= sizeof(path))
        return 0;
    do {
        cut_slashes(path, top);
        r = read_here(path, hierarchy->v2, levels);
    } while (r == 0 && cut_to_parent(path, top));
    return r;
}

/* ----------------------------------------------------------- finding the group */

/* "0::/group" for v2, "4:cpu,cpuacct:/group" for v1. */
static bool find_group(const char *root, struct hierarchy *hierarchy)
{
    FILE *stream = open_of_thread(root, "cgroup");
    char line[LINE_ROOM];
    bool found = false;

    while (stream != NULL && !found && next_line(stream, line, sizeof(line))) {
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (group == NULL)
            continue;
        *group++ = '\0';
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

static bool is_octal(const char *text, unsigned digits)
{
    return strspn(text, "01234567") >= digits;
}

/* mountinfo writes a space in a name as \040. */
static void unescape(char *name)
{
    char *to = name;

    for (const char *from = name; *from != '\0'; to++) {
        if (*from == '\\' && is_octal(from + 1, 3)) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The next field of a line; NULL when there is none left.  Fields are separated by single
 * spaces, so a field may be empty.  `*line` moves past the field. */
static char *next_field(char **line)
{
    char *field = *line;

    if (field == NULL)
        return NULL;
    char *space = strchr(field, ' ');
    if (space != NULL)
        *space++ = '\0';
    *line = space;
    return field;
}

static void keep_name(char *to, const char *field)
{
    (void)snprintf(to, LINE_ROOM, "%s", field);
    unescape(to);
}

/* A line such as "30 23 0:26 /root /mount/point opts shared:4 - cgroup2 source
 * super,opts", fields 1 to 11 of proc(5).  Field 7 may occur any number of times, and
 * field 10 may be empty. */
static bool parse_mount(char *line, bool v2, struct mount *mount)
{
    char *field[6];
    const char *optional;

    for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
        field[i] = next_field(&line);
    do {
        optional = next_field(&line);
    } while (optional != NULL && strcmp(optional, "-") != 0);
    const char *type = next_field(&line);
    (void)next_field(&line); /* the source */
    const char *super = next_field(&line);
    if (super == NULL)
        return false;
    keep_name(mount->root, field[3]);
    keep_name(mount->point, field[4]);
    return v2 ? strcmp(type, "cgroup2") == 0
              : strcmp(type, "cgroup") == 0 && has_word(super, "cpu");
}

/* A mount that shows the thread's group is better than one that does not.  Of two that
 * show it, the one that hides fewer of the groups above it is better. */
static bool is_better(const struct mount *mount, const struct hierarchy *hierarchy)
{
    if (below(mount, hierarchy->group) == NULL)
        return false;
    return below(&hierarchy->mount, hierarchy->group) == NULL ||
           strlen(mount->root) < strlen(hierarchy->mount.root);
}

static bool find_mount(const char *root, struct hierarchy *hierarchy)
{
    FILE *stream = open_of_thread(root, "mountinfo");
    char line[LINE_ROOM];
    struct mount mount;
    bool found = false;

    while (stream != NULL && next_line(stream, line, sizeof(line))) {
        if (parse_mount(line, hierarchy->v2, &mount) &&
            (!found || is_better(&mount, hierarchy))) {
            hierarchy->mount = mount;
            found = true;
        }
    }
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

/* The paths belong to `levels`; only their readers see them as const. */
void mag_cgroup_free(struct mag_cgroup_levels *levels)
{
    for (uint32_t i = 0; i < levels->count; i++)
        free((void *)(uintptr_t)levels->level[i].path);
    free(levels->level);
    levels->level = NULL;
    levels->count = 0;
}
