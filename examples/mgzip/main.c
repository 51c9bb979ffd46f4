/*
 * main.c - mgzip: gzip on all processors, in the manner of pigz.
 *
 * A file is read in blocks, the blocks are compressed in parallel, and they are written
 * in the order of the file: compress.c is the pipeline.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "examples/mgzip/file.h"
#include "examples/mgzip/partial.h"
#include "examples/mgzip/report.h"
#include "examples/mgzip/workers.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    struct options options;
    int status = MGZIP_OK;

    options_parse(&options, argc, argv);
    partial_watch();
    if (options.files == NULL)
        status = file_treat(&options, "-");
    for (char **file = options.files; file != NULL && *file != NULL; file++)
        status = report_worse(status, file_treat(&options, *file));
    workers_end();
    return status;
}
