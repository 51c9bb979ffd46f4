/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/trace/file.h"

#include "base/os.h"
#include "sched/trace/trace.h"

#include <magpie/trace.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The path, with the number of the process in place of the first %p.  NULL: no memory. */
static char *expand_path(const char *path)
{
    const char *mark = strstr(path, "%p");
    size_t room = strlen(path) + 16;
    char *whole = malloc(room);

    if (whole == NULL)
        return NULL;
    if (mark == NULL)
        (void)snprintf(whole, room, "%s", path);
    else
        (void)snprintf(whole, room, "%.*s%d%s", (int)(mark - path), path,
                       mag_os_process(), mark + 2);
    return whole;
}

int mag_trace_file_prepare(struct mag_sched *sched)
{
    const char *path = sched->settings.config.trace;

    if (path == NULL)
        return 0;
    sched->trace_file = expand_path(path);
    if (sched->trace_file == NULL || !mag_trace_prepare(sched))
        return -ENOMEM;
    /* What cannot be written is known at once. */
    int file = mag_os_file_create(sched->trace_file);
    if (file < 0)
        return file;
    mag_os_file_close(file);
    return 0;
}

void mag_trace_file_begin(struct mag_sched *sched)
{
    if (sched->trace_file != NULL && mag_trace_start(sched, NULL) < 0) {
        /* The memory is there, so this does not happen. */
    }
}

static int write_to_file(const char *text, size_t length, void *arg)
{
    return mag_os_file_write(*(const int *)arg, text, length);
}

void mag_trace_file_end(struct mag_sched *sched)
{
    if (sched->trace_file == NULL)
        return;
    /* The program may have stopped the trace itself. */
    int r = mag_trace_stop(sched);
    int file = mag_os_file_create(sched->trace_file);

    (void)r;
    if (file < 0)
        return;
    r = mag_trace_write(sched, write_to_file, &file);
    (void)r;
    mag_os_file_close(file);
}
