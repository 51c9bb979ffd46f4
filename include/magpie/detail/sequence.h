/*
 * sequence.h - the frame of a sequence, and what the macros of sequence.h expand to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SEQUENCE_H
#define MAGPIE_DETAIL_SEQUENCE_H

#include <magpie/detail/async.h>

MAG_EXTERN_C_BEGIN

/*
 * Ownership
 *   [O] the caller of name_next, while it runs the body; while a task is pending, the
 *       thread that resumes the body, until it completes the task; then the consumer
 *   [A] the holder of the sequence, and the consumer of its pending task
 *
 * Edges: release end -> acquire end : what crosses
 *   left   mag_sequence_recycle, mag_sequence_end (state) -> the later of the two (state)
 *          : all that was done with the sequence
 */
struct mag_sequence_state {
    uint32_t line;              /* [O] of the yield at which it stands; 0: at none */
    bool begun;                 /* [O] the body has run, and has not ended */
    bool over;                  /* [O] the body has ended */
    MAG_ATOMIC(uint32_t) state; /* [A] MAG_SEQUENCE_ bits */
};

/* The beginning of the frame of a sequence. */
struct mag_sequence {
    struct mag_frame frame;
    struct mag_sequence_state sequence;
};

/* A sequence, as the library knows it. */
struct mag_sequence_type {
    struct mag_frame_type frame; /* first */
    /* Runs the body.  A large result is stored at `ret_large`. */
    mag_vtask (*advance)(struct mag_sequence *sequence, void *ret_large);
    void (*cleanup)(struct mag_sequence *sequence); /* or NULL */
};

/* For the macros below. */
MAG_API struct mag_sequence *mag_sequence_make(const struct mag_sequence_type *type);
MAG_API MAG_MUST_CHECK mag_vtask mag_sequence_next(struct mag_sequence *sequence,
                                                   void *ret_large);
MAG_API void mag_sequence_end(struct mag_sequence *sequence);
MAG_API void mag_sequence_finish(struct mag_sequence *sequence, mag_vtask returned,
                                 const void *large);
MAG_API void mag_sequence_recycle(struct mag_core *core);

/* A typed sequence is the untyped one. */
#define MAG_SEQUENCE_OF(sequence) \
    MAG_CAST(MAG_POINTER(mag_sequence), MAG_CAST(void *, sequence))

/* The functions of MAG_SEQUENCE_DEFINE. */
#define MAG_SEQUENCE_FUNCTIONS(name)                                                  \
    struct name;                                                                      \
    __attribute__((unused))                                                           \
    MAG_MUST_CHECK static inline name##_task name##_next(struct name *mag_sequence_)  \
    {                                                                                 \
        name##_task mag_made;                                                         \
        memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                     \
        mag_made.task = mag_sequence_next(MAG_SEQUENCE_OF(mag_sequence_),             \
                                          MAG_CAST(void *, mag_made.large));          \
        return mag_made;                                                              \
    }                                                                                 \
    __attribute__((unused)) static inline void name##_end(struct name *mag_sequence_) \
    {                                                                                 \
        mag_sequence_end(MAG_SEQUENCE_OF(mag_sequence_));                             \
    }

/* A large result follows the locals. */
#define MAG_SEQUENCE_FRAME(sequence_type, name, arguments, ...)                   \
    MAG_ASYNC_CHECK(name, arguments)                                              \
    __extension__ struct name##_frame {                                           \
        MAG_STRUCT(mag_frame) frame;                                              \
        MAG_STRUCT(mag_sequence_state) sequence;                                  \
        __extension__ char mag_in_place[0];                                       \
        MAG_PAIRS_FIELDS arguments __VA_ARGS__ __extension__ sequence_type##_task \
            mag_result[sizeof(sequence_type##_task) > sizeof(mag_vtask) ? 1 : 0]; \
    };                                                                            \
    MAG_STATIC_ASSERT(sizeof(struct name##_frame) <= MAG_ASYNC_BYTES_MAX,         \
                      "the arguments and locals of " #name " are too large");

#define MAG_SEQUENCE_TYPE(sequence_type, name, cleanup)                                \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_);                          \
    static mag_vtask name##_advance(MAG_POINTER(mag_sequence) mag_sequence_,           \
                                    void *mag_large_)                                  \
    {                                                                                  \
        sequence_type##_task mag_returned = name##_body(                               \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_sequence_)));         \
        if (sizeof(mag_returned) > sizeof(mag_vtask))                                  \
            memcpy(mag_large_, MAG_CAST(const void *, mag_returned.large),             \
                   sizeof(mag_returned.large));                                        \
        return mag_returned.task;                                                      \
    }                                                                                  \
    static const MAG_STRUCT(mag_sequence_type) name##_type = {                         \
        {{sizeof(sequence_type##_task) > sizeof(mag_vtask)                             \
              ? MAG_CAST(uint32_t, offsetof(struct name##_frame, mag_result) +         \
                                       offsetof(sequence_type##_task, large))          \
              : 0,                                                                     \
          MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(sequence_type##_task, large)),          \
          mag_sequence_recycle, MAG_NULL},                                             \
         name##_resume,                                                                \
         MAG_CAST(uint32_t, sizeof(struct name##_frame))},                             \
        name##_advance,                                                                \
        cleanup};                                                                      \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_)                           \
    {                                                                                  \
        if (MAG_UNLIKELY(!mag_frame_waits(mag_job_, name##_resume)))                   \
            return;                                                                    \
        struct name##_frame *mag_f =                                                   \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_frame_of(mag_job_))); \
        sequence_type##_task mag_returned = name##_body(mag_f);                        \
        if (!mag_vtask_is_started(mag_returned.task))                                  \
            mag_sequence_finish(MAG_SEQUENCE_OF(mag_f), mag_returned.task,             \
                                mag_returned.large);                                   \
    }

#define MAG_SEQUENCE_MAKER(sequence_type, name, arguments)                             \
    __attribute__((unused)) MAG_MUST_CHECK static struct sequence_type *name(          \
        MAG_PAIRS_PARAMS arguments)                                                    \
    {                                                                                  \
        struct name##_frame *args_ = MAG_CAST(                                         \
            struct name##_frame *, MAG_CAST(void *, mag_sequence_make(&name##_type))); \
        if (MAG_LIKELY(args_ != MAG_NULL)) {                                           \
            MAG_PAIRS_FILL arguments;                                                  \
        }                                                                              \
        return MAG_CAST(struct sequence_type *, MAG_CAST(void *, args_));              \
    }

MAG_EXTERN_C_END

#endif
