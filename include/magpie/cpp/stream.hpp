/*
 * stream.hpp - tickers and byte pipes.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_STREAM_HPP
#define MAGPIE_CPP_STREAM_HPP

#include <chrono>
#include <magpie/cpp/task.hpp>
#include <magpie/pipe.h>
#include <magpie/ticker.h>
#include <memory>

namespace magpie
{
namespace detail
{

/* Ends a C object. */
struct ender {
    void operator()(mag_ticker *over) const
    {
        mag_ticker_destroy(over);
    }
    void operator()(mag_pipe *over) const
    {
        mag_pipe_destroy(over);
    }
};

} // namespace detail

/* A ticker (ticker.h). */
class ticker
{
  public:
    /* sched  NULL: as for mag_ticker_create */
    ticker(mag_sched *sched, std::chrono::nanoseconds period)
    {
        mag_ticker *made = nullptr;

        check(mag_ticker_create(sched, period.count(), &made));
        ticker_.reset(made);
    }
    /* The number of ticks since the last one that was told of; waits for one. */
    task<std::uint64_t> next(mag_cancel *cancel = nullptr)
    {
        return task<std::uint64_t>::from(mag_ticker_next_of(ticker_.get(), cancel));
    }
    mag_ticker *get() const noexcept
    {
        return ticker_.get();
    }

  private:
    std::unique_ptr<mag_ticker, detail::ender> ticker_;
};

/* A byte pipe (pipe.h): its functions are those of C. */
class pipe
{
  public:
    explicit pipe(std::size_t capacity)
    {
        mag_pipe *made = nullptr;

        check(mag_pipe_create(capacity, &made));
        pipe_.reset(made);
    }

    /* The writer. */
    task<mag_pipe_room> make_room(std::size_t at_least, mag_cancel *cancel = nullptr)
    {
        return task<mag_pipe_room>::from_typed(
            mag_pipe_make_room(pipe_.get(), at_least, cancel));
    }
    void commit(std::size_t size)
    {
        mag_pipe_commit(pipe_.get(), size);
    }
    void end(int code = 0)
    {
        mag_pipe_end(pipe_.get(), code);
    }

    /* The reader. */
    task<mag_pipe_bytes> read(mag_cancel *cancel = nullptr)
    {
        return task<mag_pipe_bytes>::from_typed(mag_pipe_read(pipe_.get(), cancel));
    }
    void consume(std::size_t consumed, std::size_t examined)
    {
        check(mag_pipe_consume(pipe_.get(), consumed, examined));
    }
    void close()
    {
        mag_pipe_close(pipe_.get());
    }
    mag_pipe *get() const noexcept
    {
        return pipe_.get();
    }

  private:
    std::unique_ptr<mag_pipe, detail::ender> pipe_;
};

} // namespace magpie

#endif
