/*
 * filter.h - what MAG_FILTER expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FILTER_H
#define MAGPIE_DETAIL_FILTER_H

#include <magpie/detail/scan.h>

MAG_EXTERN_C_BEGIN

/* The arrays and arguments of one call. */
#define MAG_FILTER_JOB(name, type, ...) \
    struct name##_args {                \
        MAG_PAIRS_STRUCT(__VA_ARGS__)   \
    };                                  \
    struct name##_job {                 \
        const type *from_;              \
        type *into_;                    \
        type *others_;                  \
        struct name##_args args_;       \
    };                                  \
    static bool name(const type *item_ MAG_PAIRS_BEHIND(__VA_ARGS__));

/* The two leaves of the scan, and its combine: the value is the number of items to
 * keep. */
#define MAG_FILTER_LEAVES(name, type, ...)                                              \
    static int name##_split(MAG_STRUCT(mag_range) range_, uint32_t slot_, void *value_, \
                            void *passed_)                                              \
    {                                                                                   \
        const struct name##_job *job_ = MAG_CAST(const struct name##_job *, passed_);   \
        const struct name##_args *args_ = &job_->args_;                                 \
        size_t kept_ = *MAG_CAST(size_t *, value_);                                     \
        (void)args_;                                                                    \
        (void)slot_;                                                                    \
        for (size_t i_ = range_.begin; i_ < range_.end; i_++) {                         \
            const type *item_ = &job_->from_[i_];                                       \
            if (name(item_ MAG_PAIRS_PASS(__VA_ARGS__)))                                \
                job_->into_[kept_++] = *item_;                                          \
            else if (job_->others_ != MAG_NULL)                                         \
                job_->others_[i_ - kept_] = *item_;                                     \
        }                                                                               \
        *MAG_CAST(size_t *, value_) = kept_;                                            \
        return 0;                                                                       \
    }                                                                                   \
    static int name##_count(MAG_STRUCT(mag_range) range_, uint32_t slot_, void *value_, \
                            void *passed_)                                              \
    {                                                                                   \
        const struct name##_job *job_ = MAG_CAST(const struct name##_job *, passed_);   \
        const struct name##_args *args_ = &job_->args_;                                 \
        size_t kept_ = 0;                                                               \
        (void)args_;                                                                    \
        (void)slot_;                                                                    \
        for (size_t i_ = range_.begin; i_ < range_.end; i_++)                           \
            if (name(&job_->from_[i_] MAG_PAIRS_PASS(__VA_ARGS__)))                     \
                kept_++;                                                                \
        *MAG_CAST(size_t *, value_) += kept_;                                           \
        return 0;                                                                       \
    }                                                                                   \
    static void name##_add(void *value_, const void *later_)                            \
    {                                                                                   \
        *MAG_CAST(size_t *, value_) += *MAG_CAST(const size_t *, later_);               \
    }                                                                                   \
    static const MAG_STRUCT(mag_scanner)                                                \
        name##_scanner = {name##_split, name##_count, name##_add, sizeof(size_t)};

/* The body of a function: fills the struct of a call, and counts what `scan` has kept. */
#define MAG_FILTER_CALL(name, scan, ...)     \
    struct name##_job job_;                  \
    struct name##_args *args_ = &job_.args_; \
    size_t kept_ = 0;                        \
    MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)       \
    job_.from_ = from_;                      \
    job_.into_ = into_;                      \
    job_.others_ = others_;                  \
    int error_ = scan;                       \
    if (error_ == 0)                         \
        *ret_count_ = kept_;                 \
    return error_

/* MAG_FILTER without the checks. */
#define MAG_FILTER_DECLARE(name, type, ...)                                             \
    MAG_FILTER_JOB(name, type, __VA_ARGS__)                                             \
    MAG_FILTER_LEAVES(name, type, __VA_ARGS__)                                          \
    MAG_LOOP_UNUSED static inline int name##_partition_with(                            \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,    \
        type * into_, type * others_, size_t * ret_count_, const type *from_,           \
        size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                    \
    {                                                                                   \
        MAG_FILTER_CALL(name,                                                           \
                        mag_scan_with(sched_, options_, MAG_NULL, &name##_scanner,      \
                                      &kept_, 0, count_, &job_),                        \
                        __VA_ARGS__);                                                   \
    }                                                                                   \
    MAG_LOOP_UNUSED static inline int name##_partition(                                 \
        MAG_POINTER(mag_sched) sched_, type *into_, type *others_, size_t *ret_count_,  \
        const type *from_, size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                 \
    {                                                                                   \
        MAG_FILTER_CALL(name,                                                           \
                        mag_scan(sched_, &name##_scanner, &kept_, 0, count_, &job_),    \
                        __VA_ARGS__);                                                   \
    }                                                                                   \
    MAG_LOOP_UNUSED static inline int name##_partition_in(                              \
        mag_fork mag_w, type *into_, type *others_, size_t *ret_count_,                 \
        const type *from_, size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                 \
    {                                                                                   \
        MAG_FILTER_CALL(name,                                                           \
                        mag_scan_in(mag_w, MAG_NULL, MAG_NULL, &name##_scanner, &kept_, \
                                    0, count_, &job_),                                  \
                        __VA_ARGS__);                                                   \
    }                                                                                   \
    MAG_LOOP_UNUSED static inline int name##_filter(                                    \
        MAG_POINTER(mag_sched) sched_, type *into_, size_t *ret_count_,                 \
        const type *from_, size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                 \
    {                                                                                   \
        type *others_ = MAG_NULL;                                                       \
        MAG_FILTER_CALL(name,                                                           \
                        mag_scan(sched_, &name##_scanner, &kept_, 0, count_, &job_),    \
                        __VA_ARGS__);                                                   \
    }                                                                                   \
    MAG_LOOP_UNUSED static inline int name##_filter_in(                                 \
        mag_fork mag_w, type *into_, size_t *ret_count_, const type *from_,             \
        size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                    \
    {                                                                                   \
        type *others_ = MAG_NULL;                                                       \
        MAG_FILTER_CALL(name,                                                           \
                        mag_scan_in(mag_w, MAG_NULL, MAG_NULL, &name##_scanner, &kept_, \
                                    0, count_, &job_),                                  \
                        __VA_ARGS__);                                                   \
    }

MAG_EXTERN_C_END

#endif
