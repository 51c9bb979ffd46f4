/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mindex/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk_level {
    struct walk_level *up;
    char *path;
    struct dirent **entries;
    int count;
    int next;
};

static int no_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* By bytes, whatever the language of the user. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes over the path. */
static int enter(struct walk *walk, char *path)
{
    struct walk_level *level = calloc(1, sizeof(*level));

    if (level == NULL) {
        free(path);
        return -ENOMEM;
    }
    level->up = walk->top;
    level->path = path;
    level->count = scandir(path, &level->entries, no_dots, by_name);
    walk->top = level;
    return 0;
}

static void leave(struct walk *walk)
{
    struct walk_level *level = walk->top;

    walk->top = level->up;
    for (int i = 0; i < level->count; i++)
        free(level->entries[i]);
    free(level->entries);
    free(level->path);
    free(level);
}

/* The next path, of whatever kind; NULL and `ret_error` 0: there is none. */
static char *next_path(struct walk *walk, int *ret_error)
{
    struct walk_level *level;
    char *path = NULL;

    while (walk->top != NULL && walk->top->next >= walk->top->count)
        leave(walk);
    level = walk->top;
    *ret_error = 0;
    if (level == NULL) {
        if (*walk->roots == NULL)
            return NULL;
        path = strdup(*walk->roots++);
    } else if (asprintf(&path, "%s/%s", level->path,
                        level->entries[level->next++]->d_name) < 0) {
        path = NULL;
    }
    if (path == NULL)
        *ret_error = -ENOMEM;
    return path;
}

int walk_next(struct walk *walk, char **ret_path)
{
    char *path;
    int r = 0;

    while (walk->left > 0 && r == 0 && (path = next_path(walk, &r)) != NULL) {
        struct stat status;
        mode_t mode = lstat(path, &status) == 0 ? status.st_mode : 0;

        if (S_ISREG(mode)) {
            walk->left--;
            *ret_path = path;
            return 0;
        }
        if (S_ISDIR(mode))
            r = enter(walk, path);
        else
            free(path);
    }
    return r != 0 ? r : WALK_END;
}

void walk_free(struct walk *walk)
{
    while (walk->top != NULL)
        leave(walk);
}
