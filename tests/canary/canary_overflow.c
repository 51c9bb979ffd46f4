/* A signed overflow, which UndefinedBehaviorSanitizer must report.
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    volatile int most = INT_MAX;

    (void)argv;
    (void)printf("%d\n", most + argc);
    return 0;
}
