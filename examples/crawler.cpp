/*
 * A crawler with coroutines, for C++20: at most so many pages are in work, of which at
 * most so many use a connection, and a page begins at each tick.  What the pages link to
 * comes through a channel.  The network is a delay.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

enum { PAGES = 60, IN_WORK = 20, CONNECTIONS = 4 };

struct crawler {
    explicit crawler(mag_sched *scheduler) : sched(scheduler), ticker(scheduler, 500us)
    {
    }

    mag_sched *sched;
    magpie::semaphore connections{CONNECTIONS};
    magpie::ticker ticker;
    magpie::mutex turn; /* one page at a time waits for the next tick */
    magpie::channel<std::string> links{16};
    std::atomic<int> busy{0};
    std::atomic<int> busiest{0};
};

/* Stands for a request. */
static magpie::task<std::string> get(crawler &c, std::size_t page)
{
    mag_vtask delay;

    magpie::check(mag_delay(c.sched, 2000000, &delay));
    co_await mag_task_of(delay);
    if (page == 13)
        throw std::runtime_error("not found");
    co_return "page " + std::to_string(page);
}

static magpie::task<> visit(crawler &c, std::size_t page)
{
    {
        auto turn = co_await c.turn.lock();
        co_await c.ticker.next(); /* the rate */
    }
    auto connection = co_await c.connections.acquire();
    c.busiest = std::max(c.busiest.load(), ++c.busy);
    std::string found;

    try {
        found = co_await get(c, page);
    } catch (const std::runtime_error &failed) {
        found = failed.what();
    }
    c.busy--;
    connection.release(); /* it could also wait for the end of the scope */
    co_await c.links.send(found);
}

static magpie::task<> visit_all(crawler &c)
{
    mag_each_options options{};

    options.limit = IN_WORK;
    co_await magpie::for_each_async(
        c.sched, 0, PAGES, [&c](std::size_t page) { return visit(c, page); }, options);
    c.links.close();
}

static magpie::task<int> count_links(crawler &c)
{
    int links = 0;

    while (auto link = co_await c.links.next())
        links += *link == "not found" ? 100 : 1;
    co_return links;
}

int main()
{
    magpie::scheduler sched(2);
    crawler c(sched);

    magpie::task<int> counting = count_links(c);
    visit_all(c).get();
    int links = counting.get();
    std::printf("%d of %d pages, %d connections\n", links % 100, PAGES, c.busiest.load());
    return links == 100 + PAGES - 1 && c.busiest <= CONNECTIONS ? 0 : 1;
}
