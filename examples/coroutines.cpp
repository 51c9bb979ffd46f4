/*
 * coroutines.cpp - C++20 coroutines that wait without holding a worker.
 *
 * A loader fetches pages, each after a while; a coroutine adds up their sizes.  While a
 * page is under way no thread waits for it: one worker serves all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

static magpie::task<std::string> load(mag_sched *sched, int page)
{
    mag_vtask later;

    co_await magpie::resume_on(sched);
    magpie::check(mag_delay(nullptr, 1000000, &later)); /* a millisecond */
    co_await mag_task_of(later);
    if (page == 13)
        throw std::runtime_error("there is no page 13");
    co_return std::string(static_cast<std::size_t>(page), '.');
}

static magpie::task<std::size_t> total(mag_sched *sched, int pages)
{
    std::vector<magpie::task<std::string>> loads;
    std::size_t sum = 0;

    for (int page = 0; page < pages; page++)
        loads.push_back(load(sched, page)); /* all begin now */
    for (auto &one : loads)
        sum += (co_await std::move(one)).size();
    co_return sum;
}

int main()
{
    magpie::scheduler sched(1);
    std::size_t sum = total(sched, 10).get();
    std::string why;

    try {
        (void)total(sched, 20).get();
    } catch (const std::runtime_error &error) {
        why = error.what();
    }
    std::printf("10 pages: %zu; 20 pages: %s\n", sum, why.c_str());
    return sum == 45 && why == "there is no page 13" ? 0 : 1;
}
