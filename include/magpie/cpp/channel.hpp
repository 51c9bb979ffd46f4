/*
 * channel.hpp - channels of any movable type.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_CHANNEL_HPP
#define MAGPIE_CPP_CHANNEL_HPP

#include <magpie/channel.h>
#include <magpie/cpp/awaitable.hpp>
#include <tuple>
#include <variant>

namespace magpie
{
namespace detail
{

/* An item on its way, for a type that cannot be copied byte by byte: in a box. */
template <class T> struct parcel {
    static box *pack(T &&item)
    {
        static_assert(alignof(T) <= alignof(box), "the item's alignment");
        box *made = take_box(sizeof(T));

        if (made != nullptr)
            new (made + 1) T(std::move(item));
        return made;
    }
    static T &in(box *of)
    {
        return *std::launder(reinterpret_cast<T *>(of + 1));
    }
    static void end(box *over) noexcept
    {
        in(over).~T();
        give_box(over);
    }
    static T unpack(box *of)
    {
        struct ender {
            box *over;
            ~ender()
            {
                end(over);
            }
        } at_end{of};

        return std::move(in(of));
    }
};

/* What travels through the channel of C: the item, or its box. */
template <class T>
inline constexpr bool goes_bare = std::is_trivially_copyable_v<T> && alignof(T) <= 16 &&
                                  sizeof(T) <= MAG_CHANNEL_ITEM_MAX;
template <class T> using carried = std::conditional_t<goes_bare<T>, T, box *>;

template <class T> struct channel_waiter {
    mag_operation operation;
    mag_channel_wait wait;
    carried<T> item;
};
template <class T>
inline mag_channel_type channel_type = {
    MAG_OPERATION_TYPE(channel_waiter<T>, MAG_RESULT(item)), sizeof(carried<T>),
    offsetof(channel_waiter<T>, item), nullptr};

template <class T> T unload(carried<T> &item)
{
    if constexpr (goes_bare<T>)
        return item;
    else
        return parcel<T>::unpack(item);
}

/* A send.  If it fails its item is ended. */
template <class T> struct sending {
    box *item;

    void take(mag_vtask raw)
    {
        int r = mag_vtask_get(raw, nullptr);

        if (r != 0 && item != nullptr)
            parcel<T>::end(item);
        check(r);
    }
};

/* A receive.  An item that was there is in `item`. */
template <class T> struct receiving {
    carried<T> item;

    T take(mag_vtask raw)
    {
        if (raw.backing != 0)
            check(mag_vtask_get_value(raw, &item, sizeof(item), nullptr));
        return unload<T>(item);
    }
};
template <class T> struct receiving_or_end {
    carried<T> item;

    std::optional<T> take(mag_vtask raw)
    {
        int r =
            raw.backing == 0 ? 0 : mag_vtask_get_value(raw, &item, sizeof(item), nullptr);

        if (r == MAG_CHANNEL_END)
            return std::nullopt;
        check(r);
        return unload<T>(item);
    }
};

} // namespace detail

/*
 * A channel (channel.h).  T is any movable type.  An item that can be copied byte by byte
 * travels as in C; another one in an object from the library's pools, so that nothing is
 * allocated after warm-up either.
 *
 *     magpie::channel<std::string> lines(16);
 *
 *     co_await lines.send("text");                    // or .get() on a thread
 *     while (auto line = co_await lines.next())       // until it is closed
 *         use(*line);
 *
 * The destructor closes the channel and drops the items that are left.  As in C nobody
 * may wait for the channel then.
 */
template <class T> class channel
{
    static constexpr bool is_bare = detail::goes_bare<T>;
    using carried = detail::carried<T>;

  public:
    using value_type = T;

    /* With room for so many items, or MAG_CHANNEL_UNBOUNDED. */
    explicit channel(std::size_t capacity) : channel(capacity, false)
    {
    }
    /* The same with order by priority. */
    static channel ordered(std::size_t capacity)
    {
        return channel(capacity, true);
    }
    channel(channel &&other) noexcept : channel_(std::exchange(other.channel_, nullptr))
    {
    }
    channel &operator=(channel &&other) noexcept
    {
        std::swap(channel_, other.channel_);
        return *this;
    }
    ~channel()
    {
        if (channel_ == nullptr)
            return;
        close();
        if constexpr (!is_bare) {
            detail::box *left = nullptr;
            while (mag_channel_try_receive(channel_, &left) == 0)
                detail::parcel<T>::end(left);
        }
        mag_channel_destroy(channel_);
    }

    /* Sends an item; waits while there is no room.  Throws error MAG_CHANNEL_CLOSED,
     * -ENOMEM; canceled when `cancel` fires.  The item is dropped then. */
    awaitable<detail::sending<T>> send(T item, mag_cancel *cancel = nullptr)
    {
        return send_at(std::move(item), MAG_PRIORITY_NORMAL, cancel);
    }
    awaitable<detail::sending<T>> send_at(T item, mag_priority priority,
                                          mag_cancel *cancel = nullptr)
    {
        if constexpr (is_bare) {
            return {mag_channel_send(channel_, &item, priority, cancel), {nullptr}};
        } else {
            detail::box *made = detail::parcel<T>::pack(std::move(item));

            if (made == nullptr)
                return {mag_vtask_failed(-ENOMEM, 0), {nullptr}};
            return {mag_channel_send(channel_, &made, priority, cancel), {made}};
        }
    }
    /* Sends an item if there is room; otherwise it stays where it is, and this is false.
     * Throws error MAG_CHANNEL_CLOSED, -ENOMEM; the item stays where it is. */
    bool try_send(T &&item, mag_priority priority = MAG_PRIORITY_NORMAL)
    {
        if constexpr (is_bare) {
            return is_done(mag_channel_try_send(channel_, &item, priority));
        } else {
            detail::box *made = detail::parcel<T>::pack(std::move(item));

            if (made == nullptr)
                raise(-ENOMEM);
            int r = mag_channel_try_send(channel_, &made, priority);
            if (r != 0)
                item = detail::parcel<T>::unpack(made);
            return is_done(r);
        }
    }
    bool try_send(const T &item, mag_priority priority = MAG_PRIORITY_NORMAL)
    {
        return try_send(T(item), priority);
    }

    /* Receives an item.  Throws error MAG_CHANNEL_END, or that of fail(), -ENOMEM;
     * canceled when `cancel` fires. */
    awaitable<detail::receiving<T>> receive(mag_cancel *cancel = nullptr)
    {
        carried item{};
        mag_vtask raw = mag_channel_receive(channel_, &item, cancel);

        return {raw, {item}};
    }
    /* As receive, as a std::optional<T> that is empty at the end. */
    awaitable<detail::receiving_or_end<T>> next(mag_cancel *cancel = nullptr)
    {
        carried item{};
        mag_vtask raw = mag_channel_receive(channel_, &item, cancel);

        return {raw, {item}};
    }
    /* An item that is there; empty: there is none.  Throws error MAG_CHANNEL_END, or that
     * of fail(). */
    std::optional<T> try_receive()
    {
        carried item{};

        if (!is_done(mag_channel_try_receive(channel_, &item)))
            return std::nullopt;
        return detail::unload<T>(item);
    }

    /* Many items at once, as name_send_many and name_receive_many; for types that can be
     * copied byte by byte. */
    task<> send_many(const T *items, std::size_t count, mag_cancel *cancel = nullptr,
                     std::size_t *ret_sent = nullptr)
    {
        static_assert(is_bare, "items that are copied byte by byte");
        return task<>::from(
            mag_channel_send_many(channel_, items, count, cancel, ret_sent));
    }
    task<std::size_t> receive_many(T *items, std::size_t room,
                                   mag_cancel *cancel = nullptr)
    {
        static_assert(is_bare, "items that are copied byte by byte");
        return task<std::size_t>::from(
            mag_channel_receive_many(channel_, items, room, cancel));
    }

    /* Nothing more will be sent.  False: it was closed before. */
    bool close() noexcept
    {
        return mag_channel_close(channel_, 0);
    }
    /* The same, with an error for the receivers. */
    bool fail(int code) noexcept
    {
        return mag_channel_close(channel_, code);
    }
    mag_channel_info query() const
    {
        mag_channel_info info;

        mag_channel_query(channel_, &info);
        return info;
    }
    /* The channel of C, for select. */
    mag_channel *get() const noexcept
    {
        return channel_;
    }

  private:
    channel(std::size_t capacity, bool has_levels)
    {
        check(mag_channel_create(&detail::channel_type<T>, capacity, has_levels,
                                 &channel_));
    }
    static bool is_done(int r)
    {
        return r != -EAGAIN && check(r) == 0;
    }

    mag_channel *channel_ = nullptr;
};

/* What select returns: get it by co_await or get(). */
template <class... T>
class [[nodiscard]] selecting
#ifdef MAGPIE_HAS_COROUTINES
    : detail::resumer
#endif
{
  public:
    using value_type = std::variant<std::optional<T>...>;

    selecting(mag_cancel *cancel, channel<T> &...channels)
        : cancel_(cancel), channels_{channels.get()...}
    {
    }
    selecting(const selecting &) = delete;
    selecting &operator=(const selecting &) = delete;

    value_type get()
    {
        begin();
        detail::wait_for(raw_);
        return take(std::index_sequence_for<T...>());
    }

#ifdef MAGPIE_HAS_COROUTINES
    bool await_ready()
    {
        begin();
        return check(mag_vtask_status(raw_)) != MAG_PENDING;
    }
    bool await_suspend(std::coroutine_handle<> waits)
    {
        waiting = waits;
        continuation.job.run = resume;
        /* After a success another thread may have resumed and ended the coroutine. */
        check(mag_vtask_on_completed(raw_, &continuation, MAG_AWAIT_CONTEXT));
        return true;
    }
    value_type await_resume()
    {
        return take(std::index_sequence_for<T...>());
    }
#endif

  private:
    /* Begun here, where the places of the items do not move any more. */
    void begin()
    {
        begin(std::index_sequence_for<T...>());
    }
    template <std::size_t... I> void begin(std::index_sequence<I...>)
    {
        const mag_channel_case cases[] = {{channels_[I], &std::get<I>(places_)}...};

        raw_ = mag_channel_select(cases, sizeof...(T), cancel_);
    }
    template <std::size_t... I> value_type take(std::index_sequence<I...>)
    {
        std::uint64_t which = 0;
        std::uint64_t detail = 0;
        int r = mag_vtask_get_value(raw_, &which, sizeof(which), &detail);
        bool ended = r == MAG_CHANNEL_END;
        value_type result;

        if (!ended)
            check(r);
        which = ended ? detail : which;
        (void)((which == I && (put<I>(result, ended), true)) || ...);
        return result;
    }
    template <std::size_t I> void put(value_type &result, bool ended)
    {
        using item = std::tuple_element_t<I, std::tuple<T...>>;

        if (ended)
            result.template emplace<I>();
        else
            result.template emplace<I>(detail::unload<item>(std::get<I>(places_)));
    }

    mag_cancel *cancel_;
    mag_channel *channels_[sizeof...(T)];
    std::tuple<detail::carried<T>...> places_{};
    mag_vtask raw_{};
};

/*
 * Receives one item, from the first of several channels that has one (mag_select).
 *
 *     auto got = co_await magpie::select(numbers, texts);
 *     if (got.index() == 0 && std::get<0>(got))        // an item of `numbers`
 *
 * The result is a std::variant of a std::optional for each channel; its index tells which
 * channel it is.  It is empty if that channel has ended: leave it out of the next select.
 *
 *   Throws     error of channel::fail, -ENOMEM; canceled when `cancel` fires
 */
template <class... T> selecting<T...> select(channel<T> &...channels)
{
    return selecting<T...>(nullptr, channels...);
}
template <class... T>
selecting<T...> select_until(mag_cancel *cancel, channel<T> &...channels)
{
    return selecting<T...>(cancel, channels...);
}

} // namespace magpie

#endif
