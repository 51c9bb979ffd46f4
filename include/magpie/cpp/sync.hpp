/*
 * sync.hpp - semaphores, locks, events and latches.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_SYNC_HPP
#define MAGPIE_CPP_SYNC_HPP

#include <magpie/cpp/awaitable.hpp>
#include <magpie/event.h>
#include <magpie/latch.h>
#include <magpie/mutex.h>
#include <magpie/rwlock.h>
#include <magpie/semaphore.h>

namespace magpie
{

/*
 * A lock or a permit that is held until the end of the scope, or until release().  It may
 * be moved, and given back on any thread.  An empty one is false.
 */
template <class Object, int (*Give)(Object *)> class [[nodiscard]] guard
{
  public:
    guard() noexcept = default;
    /* The caller has locked the object, and leaves the lock to the guard. */
    explicit guard(Object *locked) noexcept : object_(locked)
    {
    }
    guard(guard &&other) noexcept : object_(std::exchange(other.object_, nullptr))
    {
    }
    guard &operator=(guard &&other) noexcept
    {
        if (this != &other) {
            release();
            object_ = std::exchange(other.object_, nullptr);
        }
        return *this;
    }
    ~guard()
    {
        release();
    }
    explicit operator bool() const noexcept
    {
        return object_ != nullptr;
    }
    /* Gives the lock back now. */
    void release() noexcept
    {
        /* Misuse of the C object by somebody else, who has unlocked it. */
        [[maybe_unused]] int r = 0;

        if (object_ != nullptr)
            r = Give(std::exchange(object_, nullptr));
    }

  private:
    Object *object_ = nullptr;
};

namespace detail
{

inline int give_permit(mag_semaphore *semaphore)
{
    return mag_semaphore_release(semaphore, 1);
}
inline int give_mutex(mag_mutex *mutex)
{
    return mag_mutex_unlock(mutex);
}
inline int give_read(mag_rwlock *lock)
{
    return mag_rwlock_read_unlock(lock);
}
inline int give_write(mag_rwlock *lock)
{
    return mag_rwlock_write_unlock(lock);
}

/* A task that succeeds when the object is locked. */
template <class Object, int (*Give)(Object *)> struct locking {
    Object *object;

    guard<Object, Give> take(mag_vtask raw) const
    {
        check(mag_vtask_get(raw, nullptr));
        return guard<Object, Give>(object);
    }
};

/* What cannot be copied or moved, because others wait for it at its address. */
struct pinned {
    pinned() = default;
    pinned(const pinned &) = delete;
    pinned &operator=(const pinned &) = delete;
};

} // namespace detail

/*
 * A semaphore (semaphore.h).
 *
 *     auto permit = co_await places.acquire();   // or places.acquire().get()
 *     ...                                        // given back at the end of the scope
 */
class semaphore : detail::pinned
{
  public:
    using permit = guard<mag_semaphore, detail::give_permit>;
    using acquiring = awaitable<detail::locking<mag_semaphore, detail::give_permit>>;

    explicit semaphore(std::uint32_t permits) : semaphore(permits, permits)
    {
    }
    semaphore(std::uint32_t permits, std::uint32_t available)
    {
        check(mag_semaphore_init(&semaphore_, permits, available));
    }
    /* Yields a permit.  Throws canceled when `cancel` fires; error -ENOMEM. */
    acquiring acquire(mag_cancel *cancel = nullptr)
    {
        return acquiring(mag_semaphore_acquire(&semaphore_, cancel).task, {&semaphore_});
    }
    /* A permit; empty: none is free. */
    permit try_acquire()
    {
        return permit(mag_semaphore_try_acquire(&semaphore_) ? &semaphore_ : nullptr);
    }
    /* Makes permits available that no guard holds. */
    void release(std::uint32_t count = 1)
    {
        check(mag_semaphore_release(&semaphore_, count));
    }
    std::uint32_t available() const
    {
        return mag_semaphore_available(&semaphore_);
    }
    mag_semaphore *get() noexcept
    {
        return &semaphore_;
    }

  private:
    mag_semaphore semaphore_;
};

/*
 * A mutex whose waits hold no thread (mutex.h).
 *
 *     auto held = co_await mutex.lock();
 */
class mutex : detail::pinned
{
  public:
    using held = guard<mag_mutex, detail::give_mutex>;
    using locking = awaitable<detail::locking<mag_mutex, detail::give_mutex>>;

    /* Yields a guard.  Throws canceled when `cancel` fires; error -ENOMEM. */
    locking lock(mag_cancel *cancel = nullptr)
    {
        return locking(mag_mutex_lock(&mutex_, cancel).task, {&mutex_});
    }
    /* A guard; empty: somebody else holds the mutex. */
    held try_lock()
    {
        return held(mag_mutex_try_lock(&mutex_) ? &mutex_ : nullptr);
    }
    bool is_locked() const
    {
        return mag_mutex_is_locked(&mutex_);
    }
    mag_mutex *get() noexcept
    {
        return &mutex_;
    }

  private:
    mag_mutex mutex_ = MAG_MUTEX_INIT;
};

/* A read-write lock (rwlock.h).  Its functions are as those of a mutex. */
class rwlock : detail::pinned
{
  public:
    using read_held = guard<mag_rwlock, detail::give_read>;
    using write_held = guard<mag_rwlock, detail::give_write>;
    using read_locking = awaitable<detail::locking<mag_rwlock, detail::give_read>>;
    using write_locking = awaitable<detail::locking<mag_rwlock, detail::give_write>>;

    read_locking read_lock(mag_cancel *cancel = nullptr)
    {
        return read_locking(mag_rwlock_read_lock(&lock_, cancel).task, {&lock_});
    }
    write_locking write_lock(mag_cancel *cancel = nullptr)
    {
        return write_locking(mag_rwlock_write_lock(&lock_, cancel).task, {&lock_});
    }
    read_held try_read_lock()
    {
        return read_held(mag_rwlock_try_read_lock(&lock_) ? &lock_ : nullptr);
    }
    write_held try_write_lock()
    {
        return write_held(mag_rwlock_try_write_lock(&lock_) ? &lock_ : nullptr);
    }
    mag_rwlock *get() noexcept
    {
        return &lock_;
    }

  private:
    mag_rwlock lock_ = MAG_RWLOCK_INIT;
};

/* An event (event.h). */
class event : detail::pinned
{
  public:
    explicit event(mag_event_kind kind = MAG_EVENT_MANUAL, bool is_set = false)
    {
        mag_event_init(&event_, kind, is_set);
    }
    task<> wait(mag_cancel *cancel = nullptr)
    {
        return task<>::from(mag_event_wait(&event_, cancel).task);
    }
    bool try_wait()
    {
        return mag_event_try_wait(&event_);
    }
    void set()
    {
        mag_event_set(&event_);
    }
    void reset()
    {
        mag_event_reset(&event_);
    }
    bool is_set() const
    {
        return mag_event_is_set(&event_);
    }
    mag_event *get() noexcept
    {
        return &event_;
    }

  private:
    mag_event event_;
};

/* A latch (latch.h). */
class latch : detail::pinned
{
  public:
    explicit latch(std::uint32_t count)
    {
        check(mag_latch_init(&latch_, count));
    }
    void count_down(std::uint32_t count = 1)
    {
        check(mag_latch_count_down(&latch_, count));
    }
    task<> wait(mag_cancel *cancel = nullptr)
    {
        return task<>::from(mag_latch_wait(&latch_, cancel).task);
    }
    std::uint32_t left() const
    {
        return mag_latch_left(&latch_);
    }
    mag_latch *get() noexcept
    {
        return &latch_;
    }

  private:
    mag_latch latch_;
};

} // namespace magpie

#endif
