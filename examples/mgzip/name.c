/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/name.h"

#include <stdio.h>
#include <string.h>

/* Whether a path ends with a suffix, behind a name. */
static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path);
    size_t end = strlen(suffix);

    return length > end && path[length - end - 1] != '/' &&
           strcmp(path + length - end, suffix) == 0;
}

/* The suffix that decompressing takes away, and what takes its place; NULL: none. */
static const char *known_suffix(const char *wanted, const char *path,
                                const char **ret_instead)
{
    static const char *const known[][2] = {
        {".gz", ""}, {"-gz", ""}, {".tgz", ".tar"}, {".taz", ".tar"}};

    *ret_instead = "";
    if (ends_with(path, wanted))
        return wanted;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        *ret_instead = known[i][1];
        if (ends_with(path, known[i][0]))
            return known[i][0];
    }
    return NULL;
}

enum name name_of_output(const struct options *options, const char *path,
                         char ret_name[PATH_MAX])
{
    const char *instead;
    const char *suffix = known_suffix(options->suffix, path, &instead);
    int length;

    if (!options->decompress && suffix != NULL)
        return NAME_HAS_SUFFIX;
    if (options->decompress && suffix == NULL)
        return NAME_HAS_NONE;
    if (options->decompress)
        length = snprintf(ret_name, PATH_MAX, "%.*s%s",
                          (int)(strlen(path) - strlen(suffix)), path, instead);
    else
        length = snprintf(ret_name, PATH_MAX, "%s%s", path, options->suffix);
    return length < PATH_MAX ? NAME_MADE : NAME_TOO_LONG;
}
