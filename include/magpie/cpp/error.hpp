/*
 * error.hpp - errors as exceptions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_ERROR_HPP
#define MAGPIE_CPP_ERROR_HPP

#include <cerrno>
#include <exception>
#include <magpie/error.h>

namespace magpie
{

/* A negative code of the C functions, thrown.  what() is mag_error_text. */
class error : public std::exception
{
  public:
    explicit error(int code) noexcept : code_(code)
    {
    }
    int code() const noexcept
    {
        return code_;
    }
    const char *what() const noexcept override
    {
        return mag_error_text(code_);
    }

  private:
    int code_;
};

/* The operation was canceled: -ECANCELED. */
class canceled : public error
{
  public:
    canceled() noexcept : error(-ECANCELED)
    {
    }
};

/* Throws `code` as an error; it must not be 0. */
[[noreturn]] inline void raise(int code)
{
    if (code == -ECANCELED)
        throw canceled();
    throw error(code);
}

/* Throws a negative code, and returns any other. */
inline int check(int code)
{
    if (code < 0)
        raise(code);
    return code;
}

} // namespace magpie

#endif
