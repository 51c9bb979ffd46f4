/* Uses a number that was never set, which clang-tidy and cppcheck must report.  Never
 * compiled. SPDX-License-Identifier: Apache-2.0 */
int main(void)
{
    int number;

    return number + 1;
}
