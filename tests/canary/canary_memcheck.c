/* A use after free that decides something, which memcheck must report.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

int main(void)
{
    volatile char *memory = malloc(16);

    if (memory == NULL)
        return 0;
    free((void *)memory);
    return memory[3] != 0;
}
