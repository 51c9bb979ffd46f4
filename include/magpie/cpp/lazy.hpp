/*
 * lazy.hpp - lazy values.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_LAZY_HPP
#define MAGPIE_CPP_LAZY_HPP

#include <functional>
#include <magpie/cpp/awaitable.hpp>
#include <magpie/cpp/sync.hpp>
#include <magpie/lazy.h>

namespace magpie
{
namespace detail
{

/* The exceptions of flights, each with its number, as long as anybody may ask for it. */
class flown_exceptions
{
  public:
    /* Returns the number; 0: it could not be kept. */
    std::uint64_t keep(const std::exception_ptr &thrown) noexcept
    {
        std::lock_guard<std::mutex> held(lock_);

        try {
            kept_.emplace_back(last_ + 1, thrown);
        } catch (...) { /* who waits gets the code alone */
            return 0;
        }
        return ++last_;
    }
    std::exception_ptr find(std::uint64_t number)
    {
        std::lock_guard<std::mutex> held(lock_);

        for (const auto &[of, thrown] : kept_) {
            if (of == number)
                return thrown;
        }
        return nullptr;
    }
    void enter()
    {
        std::lock_guard<std::mutex> held(lock_);

        waiting_++;
    }
    /* Nobody asks for another exception than the last one, which may be kept. */
    void leave()
    {
        std::lock_guard<std::mutex> held(lock_);

        if (--waiting_ == 0 && kept_.size() > 1)
            kept_.erase(kept_.begin(), kept_.end() - 1);
    }

  private:
    std::mutex lock_;
    std::vector<std::pair<std::uint64_t, std::exception_ptr>> kept_;
    std::uint64_t last_ = 0;
    std::size_t waiting_ = 0;
};

/* A get: the value is here, or its task yields it. */
template <class T> class getting_lazy
{
  public:
    explicit getting_lazy(flown_exceptions *thrown) : thrown_(thrown)
    {
        thrown_->enter();
    }
    static getting_lazy here(const T &value)
    {
        getting_lazy made;

        made.value_ = value;
        return made;
    }
    getting_lazy(getting_lazy &&other) noexcept
        : thrown_(std::exchange(other.thrown_, nullptr)), value_(other.value_)
    {
    }
    getting_lazy &operator=(getting_lazy &&) = delete;
    ~getting_lazy()
    {
        if (thrown_ != nullptr)
            thrown_->leave();
    }
    T take(mag_vtask raw)
    {
        std::uint64_t number = 0;

        if (thrown_ == nullptr)
            return value_;
        int r = mag_vtask_get_value(raw, &value_, sizeof(value_), &number);
        if (r != 0 && number != 0) {
            std::exception_ptr thrown = thrown_->find(number);
            if (thrown)
                std::rethrow_exception(thrown);
        }
        check(r);
        return value_;
    }

  private:
    getting_lazy() = default;

    flown_exceptions *thrown_ = nullptr;
    T value_{};
};

template <class T> struct lazy_waiter {
    union {
        mag_operation operation;
        mag_line_waiter waiter;
    };
    T value;
};
template <class T>
inline mag_operation_type lazy_type = MAG_OPERATION_TYPE(lazy_waiter<T>,
                                                         MAG_RESULT(value));

} // namespace detail

/*
 * A value that is computed when it is first asked for, once for all who ask (lazy.h).
 * The function takes nothing and returns a T or a task<T>; T can be copied byte by byte,
 * such as a number or a pointer.
 *
 *     magpie::lazy<long> size([&] { return measure(path); });
 *
 *     long first = co_await size.get();     // measures
 *     long second = co_await size.get();    // a read
 *
 * All who share a flight get its exception.
 */
template <class T> class lazy : detail::pinned
{
    static_assert(std::is_trivially_copyable_v<T>, "keep a pointer to it");

  public:
    /* `keep_errors`: the next get throws the same exception; else it tries again. */
    explicit lazy(std::function<task<T>()> function, bool keep_errors = false)
        : function_(std::move(function))
    {
        lazy_.keeps = keep_errors ? 1 : 0;
    }

    /* The value.  Throws what the function throws; canceled when `cancel` fires; error
     * -ENOMEM. */
    awaitable<detail::getting_lazy<T>> get(mag_cancel *cancel = nullptr)
    {
        T value;

        if (read(value))
            return {mag_vtask_result(0), detail::getting_lazy<T>::here(value)};
        for (;;) {
            detail::getting_lazy<T> waits(&thrown_);
            mag_vtask raw{};
            mag_lazy_answer answer =
                mag_lazy_enter(&lazy_, &detail::lazy_type<T>, cancel, &raw);

            if (answer == MAG_LAZY_FLIES)
                fly();
            if (answer != MAG_LAZY_AGAIN)
                return {raw, std::move(waits)};
            if (read(value))
                return {mag_vtask_result(0), detail::getting_lazy<T>::here(value)};
        }
    }
    /* The value, if it is here. */
    std::optional<T> peek() const
    {
        T value;

        return read(value) ? std::optional<T>(value) : std::nullopt;
    }
    /* Takes the outcome away (lazy.h). */
    void reset()
    {
        mag_lazy_reset(&lazy_);
    }

  private:
    bool read(T &value) const
    {
        return mag_lazy_read(&lazy_, words_, &value, sizeof(value));
    }
    /* Calls the function until nobody waits for another call. */
    void fly() noexcept
    {
        do {
            detail::record(started_, [&] { awaited_.emplace(function_()); });
            /* After a success another thread may have ended all this. */
            if (awaited_ && !awaited_->ready() &&
                mag_vtask_on_completed(awaited_->raw(), &landing_.continuation, 0) == 0)
                return;
        } while (land());
    }
    /* Keeps the outcome, and tells it.  True: another call is asked for. */
    bool land() noexcept
    {
        detail::outcome<T> how;
        T value{};
        std::uint64_t number = 0;
        int code = 0;

        how.error = std::exchange(started_.error, nullptr);
        if (awaited_)
            detail::record(how, [&] { return awaited_->take(); });
        awaited_.reset();
        if (how.error) {
            code = detail::code_of(how.error);
            number = thrown_.keep(how.error);
        } else {
            value = *how.value;
        }
        return mag_lazy_land(&lazy_, words_, code, number, &value, sizeof(value));
    }

    /* The continuation of a flight. */
    struct landing {
        mag_continuation continuation; /* first */
        lazy *self;

        static void run(mag_job *job)
        {
            lazy *self = reinterpret_cast<landing *>(job)->self;

            if (self->land())
                self->fly();
        }
    };

    std::function<task<T>()> function_;
    landing landing_{{{nullptr, landing::run}, 0}, this};
    std::optional<task<T>> awaited_; /* [flight] */
    detail::outcome<void> started_;  /* [flight] what calling the function has thrown */
    detail::flown_exceptions thrown_;
    mag_lazy lazy_{};
    MAG_ATOMIC(std::uint64_t) words_[MAG_LAZY_WORDS(sizeof(T))]{};
};

} // namespace magpie

#endif
