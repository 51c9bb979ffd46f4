/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int mag_os_file_create(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    return file < 0 ? -errno : file;
}

int mag_os_file_write(int file, const char *bytes, size_t length)
{
    while (length != 0) {
        ssize_t written = write(file, bytes, length);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

void mag_os_file_close(int file)
{
    (void)close(file);
}
