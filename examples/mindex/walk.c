/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mindex/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int keep(struct walk *walk, const char *path)
{
    if (walk->count == walk->capacity) {
        size_t capacity = walk->capacity == 0 ? 1024 : 2 * walk->capacity;
        char **paths = realloc(walk->paths, capacity * sizeof(*paths));

        if (paths == NULL)
            return -ENOMEM;
        walk->paths = paths;
        walk->capacity = capacity;
    }
    walk->paths[walk->count] = strdup(path);
    if (walk->paths[walk->count] == NULL)
        return -ENOMEM;
    walk->count++;
    return 0;
}

static int no_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* By bytes, whatever the language of the user. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_inner(struct walk *walk, const char *path, const char *name)
{
    char *inner = NULL;
    int r;

    if (asprintf(&inner, "%s/%s", path, name) < 0)
        return -ENOMEM;
    r = walk_add(walk, inner);
    free(inner);
    return r == -ENOENT || r == -EACCES ? 0 : r;
}

static int add_directory(struct walk *walk, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, no_dots, by_name);
    int r = count < 0 ? -errno : 0;

    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = add_inner(walk, path, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return r;
}

int walk_add(struct walk *walk, const char *path)
{
    struct stat status;

    if (walk->count == walk->max)
        return 0;
    if (lstat(path, &status) != 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return add_directory(walk, path);
    return S_ISREG(status.st_mode) ? keep(walk, path) : 0;
}

void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->paths[i]);
    free(walk->paths);
}
