/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/machine/xml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Topologies of the largest machines take a few megabytes. */
enum { SIZE_MOST = 64 * 1024 * 1024 };

static int read_stream(FILE *stream, char **ret_text)
{
    if (fseek(stream, 0, SEEK_END) != 0)
        return -EINVAL;
    long size = ftell(stream);
    if (size < 0 || size > SIZE_MOST || fseek(stream, 0, SEEK_SET) != 0)
        return -EINVAL;
    char *text = malloc((size_t)size + 1);
    if (text == NULL)
        return -ENOMEM;
    text[fread(text, 1, (size_t)size, stream)] = '\0';
    *ret_text = text;
    return 0;
}

static int read_text(const char *path, char **ret_text)
{
    FILE *stream = fopen(path, "re");

    if (stream == NULL && errno == ENOMEM)
        return -ENOMEM;
    if (stream == NULL)
        return errno == EACCES ? -EACCES : -ENOENT;
    int r = read_stream(stream, ret_text);
    (void)fclose(stream);
    return r;
}

struct attribute {
    const char *name;  /* ends before the '=' */
    const char *value; /* ends before the closing quote */
};

/* Reads ` name="value"` and moves `*at` past it.  False: the text is something else. */
static bool next_attribute(const char **at, struct attribute *ret_attribute)
{
    const char *name = *at + strspn(*at, " \t\r\n");
    const char *equals = name + strcspn(name, "= \t\r\n<>\"");

    if (name == *at || equals == name || strncmp(equals, "=\"", 2) != 0)
        return false;
    const char *end = strchr(equals + 2, '"');
    if (end == NULL)
        return false;
    *ret_attribute = (struct attribute){.name = name, .value = equals + 2};
    *at = end + 1;
    return true;
}

static bool is_named(const struct attribute *attribute, const char *name)
{
    size_t length = strlen(name);

    return strncmp(attribute->name, name, length) == 0 && attribute->name[length] == '=';
}

/* Devices have no sets of their own. */
static bool is_device(const char *type)
{
    static const char *const devices[] = {"Bridge", "PCIDev", "OSDev", "Misc"};

    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (strncmp(type, devices[i], strlen(devices[i])) == 0)
            return true;
    }
    return false;
}

enum { OF_CPUS = 1 | 2, OF_NODES = 4 | 8 };

/* The set that the attribute holds, as a bit; 0: the attribute is not a set, or its value
 * is not one. */
static unsigned set_of(const struct attribute *attribute)
{
    static const char *const sets[] = {"cpuset", "complete_cpuset", "nodeset",
                                       "complete_nodeset"};

    for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (is_named(attribute, sets[i]))
            return strncmp(attribute->value, "0x", 2) == 0 ? 1U << i : 0;
    }
    return 0;
}

/* Whether a tag is well formed and its object has the wanted sets.  `tag` points past the
 * tag's name. */
static bool is_whole(const char *tag, unsigned wanted)
{
    struct attribute attribute;
    unsigned sets = 0;

    while (next_attribute(&tag, &attribute)) {
        sets |= set_of(&attribute);
        if (is_named(&attribute, "type") && is_device(attribute.value))
            sets |= wanted;
    }
    tag += strspn(tag, " \t\r\n");
    tag += *tag == '/';
    return *tag == '>' && (sets & wanted) == wanted;
}

static bool is_topology(const char *text)
{
    static const char topology[] = "<topology";
    static const char object[] = "<object";
    const char *tag = strstr(text, topology);

    if (tag == NULL)
        return false;
    /* Files of hwloc 1 have no version, and name no nodes if the machine has only one. */
    bool has_nodes = strncmp(tag + strlen(topology), " version=", 9) == 0;
    while ((tag = strstr(tag, object)) != NULL) {
        tag += strlen(object);
        if (!is_whole(tag, has_nodes ? OF_CPUS | OF_NODES : OF_CPUS))
            return false;
    }
    return true;
}

int mag_xml_check(const char *path)
{
    char *text = NULL;
    int r = read_text(path, &text);

    if (r < 0)
        return r;
    r = is_topology(text) ? 0 : -EINVAL;
    free(text);
    return r;
}
