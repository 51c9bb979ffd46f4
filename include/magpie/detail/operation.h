/*
 * operation.h - what MAG_OPERATION_TYPE expands to, and the slow half of a rent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_OPERATION_H
#define MAGPIE_DETAIL_OPERATION_H

#include <magpie/detail/core.h>

MAG_EXTERN_C_BEGIN

struct mag_operation_type;

/* The slow half of mag_operation_rent. */
MAG_API int mag_operation_rent_slow(struct mag_operation_type *type, void **ret_object);

/* The claim of an owned operation while it is idle, and while it is taken but not shared.
 */
#define MAG_CLAIM_FREE UINT64_MAX
#define MAG_CLAIM_BUSY (UINT64_MAX - 1)

/* The functions that end the use of an object.  A pooled object goes back to its pool; an
 * owned one becomes idle.  An object that can be canceled leaves its cancel object
 * before. */
MAG_API void mag_operation_recycle(struct mag_core *core);
MAG_API void mag_operation_recycle_cancelable(struct mag_core *core);
MAG_API void mag_operation_disown(struct mag_core *core);
MAG_API void mag_operation_disown_cancelable(struct mag_core *core);

#define MAG_OPERATION_TYPE_OF(struct_type, a, b, c, d, e, ...)                \
    {                                                                         \
        MAG_OPERATION_CORE(struct_type, recycle, a, b, c, d, e),              \
            MAG_OPERATION_CORE(struct_type, disown, a, b, c, d, e),           \
            sizeof(struct_type) * MAG_OPERATION_IS_FIRST_MEMBER(struct_type), \
            MAG_OPERATION_FIND(struct_type, LIMIT, a, b, c, d, e), MAG_NULL   \
    }
#define MAG_OPERATION_CORE(struct_type, end, a, b, c, d, e)              \
    {                                                                    \
        {MAG_OPERATION_FIND(struct_type, RESULT, a, b, c, d, e),         \
         MAG_OPERATION_FIND(struct_type, CANCELABLE, a, b, c, d, e) == 0 \
             ? mag_operation_##end                                       \
             : mag_operation_##end##_cancelable,                         \
         MAG_OPERATION_FIND(struct_type, DESTROY, a, b, c, d, e)},       \
            MAG_OPERATION_FIND(struct_type, CANCELABLE, a, b, c, d, e)   \
    }

/* Each line below is named after a field and an option.  It is empty unless the option is
 * about the field; then it is a macro, and the argument for it beside `struct_type`.  The
 * first line that is not empty counts.  What is no option is left before the first comma,
 * and makes a name that does not exist. */
#define MAG_OPERATION_FIND(struct_type, field, a, b, c, d, e)                      \
    MAG_OPERATION_CALL(struct_type,                                                \
                       MAG_OPERATION_##field##_##a MAG_OPERATION_##field##_##b     \
                           MAG_OPERATION_##field##_##c MAG_OPERATION_##field##_##d \
                               MAG_OPERATION_##field##_##e,                        \
                       ~)
#define MAG_OPERATION_CALL(...) MAG_OPERATION_CALLED(__VA_ARGS__)
#define MAG_OPERATION_CALLED(struct_type, rest, macro, argument, ...) \
    MAG_OPERATION_UNKNOWN_##rest macro(struct_type, argument)
#define MAG_OPERATION_UNKNOWN_

#define MAG_OPERATION_RESULT_MAG_RESULT(member) , MAG_OPERATION_MEMBER, member
#define MAG_OPERATION_RESULT_MAG_CANCELABLE(member)
#define MAG_OPERATION_RESULT_MAG_LIMIT(count)
#define MAG_OPERATION_RESULT_MAG_DESTROY(function)
#define MAG_OPERATION_RESULT_MAG_ABSENT() , MAG_OPERATION_WORD, 0

#define MAG_OPERATION_CANCELABLE_MAG_RESULT(member)
#define MAG_OPERATION_CANCELABLE_MAG_CANCELABLE(member) , MAG_OPERATION_AT, member
#define MAG_OPERATION_CANCELABLE_MAG_LIMIT(count)
#define MAG_OPERATION_CANCELABLE_MAG_DESTROY(function)
#define MAG_OPERATION_CANCELABLE_MAG_ABSENT() , MAG_OPERATION_VALUE, 0

#define MAG_OPERATION_LIMIT_MAG_RESULT(member)
#define MAG_OPERATION_LIMIT_MAG_CANCELABLE(member)
#define MAG_OPERATION_LIMIT_MAG_LIMIT(count) , MAG_OPERATION_VALUE, count
#define MAG_OPERATION_LIMIT_MAG_DESTROY(function)
#define MAG_OPERATION_LIMIT_MAG_ABSENT() , MAG_OPERATION_VALUE, 0

#define MAG_OPERATION_DESTROY_MAG_RESULT(member)
#define MAG_OPERATION_DESTROY_MAG_CANCELABLE(member)
#define MAG_OPERATION_DESTROY_MAG_LIMIT(count)
#define MAG_OPERATION_DESTROY_MAG_DESTROY(function) , MAG_OPERATION_VALUE, function
#define MAG_OPERATION_DESTROY_MAG_ABSENT()          , MAG_OPERATION_VALUE, MAG_NULL

#define MAG_OPERATION_VALUE(struct_type, value) (value)
#define MAG_OPERATION_WORD(struct_type, zero)   zero, zero
#define MAG_OPERATION_MEMBER(struct_type, member)      \
    MAG_CAST(uint32_t, offsetof(struct_type, member)), \
        MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(struct_type, member))
#define MAG_OPERATION_AT(struct_type, member)          \
    MAG_CAST(uint32_t, offsetof(struct_type, member) * \
                           MAG_OPERATION_MEMBER_IS_REGISTRATION(struct_type, member))
/* 1, or an array without a legal size. */
#define MAG_OPERATION_MEMBER_IS_REGISTRATION(struct_type, member) \
    sizeof(char[MAG_SIZEOF_MEMBER(struct_type, member) ==         \
                        sizeof(struct mag_cancel_registration)    \
                    ? 1                                           \
                    : -1])
#define MAG_OPERATION_IS_FIRST_MEMBER(struct_type) \
    sizeof(char[offsetof(struct_type, operation) == 0 ? 1 : -1])

MAG_EXTERN_C_END

#endif
