/*
 * partial.h - the file that is being written, which goes when the program is interrupted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_PARTIAL_H
#define EXAMPLES_MGZIP_PARTIAL_H

/* From now on SIGINT, SIGTERM and SIGHUP remove the partial file before they end the
 * program.  Called once, before any thread is started. */
void partial_watch(void);

/* Creates a file that is partial until partial_done; `path` must stay until then.
 * Returns its descriptor, or -1. */
int partial_create(const char *path, int flags);

/* The file is whole and stays (`keep` is not 0), or it is removed. */
void partial_done(int keep);

#endif
