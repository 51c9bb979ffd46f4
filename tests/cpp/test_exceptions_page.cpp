/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/magpie.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

/* A forked function catches its exceptions and hands them to the function that forked
 * it. */
MAG_FORKABLE(long, part, int, number, std::exception_ptr *, failed)
static long part(mag_fork w, int number, std::exception_ptr *failed)
{
    (void)w;
    try {
        if (number == 13)
            throw std::runtime_error("thirteen");
        return number;
    } catch (...) {
        *failed = std::current_exception();
        return 0;
    }
}

static long check(int number)
{
    if (number == 7)
        throw std::runtime_error("seven");
    return number;
}

/* A called function may throw, past children that the guard drops. */
static long both(mag_fork w, int number)
{
    std::exception_ptr failed;
    mag_fork_guard guard(w); /* before the first fork */

    struct part_child other = part_fork(&w, number + 1, &failed);
    long own = check(number);
    long sum = own + part_join(&w, other);
    if (failed)
        std::rethrow_exception(failed);
    return sum;
}

/* No exception may leave the function that name_run begins either. */
MAG_FORKABLE(long, root, int, number)
static long root(mag_fork w, int number)
{
    try {
        return both(w, number);
    } catch (const std::exception &error) {
        std::printf("%d: %s\n", number, error.what());
        return -1;
    }
}

int main()
{
    mag_sched *sched;
    long one = 0, seven = 0, twelve = 0;

    if (mag_sched_start(nullptr, &sched) != 0)
        return 1;
    bool ran = root_run(sched, &one, 1) == 0 && root_run(sched, &seven, 7) == 0 &&
               root_run(sched, &twelve, 12) == 0;
    mag_sched_destroy(sched);
    return ran && one == 3 && seven == -1 && twelve == -1 ? 0 : 1;
}
