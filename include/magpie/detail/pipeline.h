/*
 * pipeline.h - what MAG_PIPELINE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_PIPELINE_H
#define MAGPIE_DETAIL_PIPELINE_H

#include <magpie/detail/check.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_pipeline_options;

/* The beginning of each struct name_stage. */
struct mag_stage {
    const char *name;
    int mode; /* enum mag_stage_mode */
    bool is_async;
};

/* The functions of one MAG_PIPELINE, which know its types. */
struct mag_pipeline_type {
    size_t token_size;
    size_t token_alignment;
    int (*call)(const struct mag_stage *stage, void *token, void *arg);
    mag_vtask (*start)(const struct mag_stage *stage, void *token, void *arg);
    /* With the options that are not NULL. */
    int (*prepare)(const struct mag_pipeline_options *options, void *token, void *arg);
    void (*release)(const struct mag_pipeline_options *options, void *token, void *arg);
    void (*drop)(const struct mag_pipeline_options *options, void *token, void *arg);
};

/* A pipeline, to be run with an argument. */
struct mag_pipeline {
    const struct mag_pipeline_type *type;
    const struct mag_pipeline_options *options; /* or NULL */
    const struct mag_stage *stages;             /* the first one */
    size_t stage_size;                          /* bytes from one to the next */
    size_t stage_count;
    uint32_t tokens;
};

#define MAG_STAGE_OF(function_, mode_)                                  \
    {                                                                   \
        {#function_, MAG_CAST(int, mode_), false}, function_, MAG_NULL, \
    }
#define MAG_STAGE_ASYNC_OF(function_, mode_)                           \
    {                                                                  \
        {#function_, MAG_CAST(int, mode_), true}, MAG_NULL, function_, \
    }

#define MAG_PIPELINE_DECLARE(name, token_type, arg_type) \
    MAG_PIPELINE_TYPES(name, token_type, arg_type)       \
    MAG_PIPELINE_CALLS(name, token_type, arg_type)       \
    MAG_PIPELINE_HOOKS(name, token_type, arg_type)       \
    MAG_PIPELINE_TYPE(name, token_type)                  \
    MAG_PIPELINE_FUNCTIONS(name, arg_type)

#define MAG_PIPELINE_TYPES(name, token_type, arg_type)        \
    struct name##_stage {                                     \
        MAG_STRUCT(mag_stage) stage; /* first */              \
        int (*call)(token_type * token, arg_type *arg);       \
        mag_task (*start)(token_type * token, arg_type *arg); \
    };                                                        \
    struct name##_options {                                   \
        MAG_STRUCT(mag_pipeline_options) common; /* first */  \
        int (*prepare)(token_type * token, arg_type *arg);    \
        void (*release)(token_type * token, arg_type *arg);   \
        void (*drop)(token_type * token, arg_type *arg);      \
    };

#define MAG_PIPELINE_CALLS(name, token_type, arg_type)                               \
    static int name##_call_stage(const MAG_STRUCT(mag_stage) * stage_, void *token_, \
                                 void *arg_)                                         \
    {                                                                                \
        return MAG_CAST(const struct name##_stage *, MAG_CAST(const void *, stage_)) \
            ->call(MAG_CAST(token_type *, token_), MAG_CAST(arg_type *, arg_));      \
    }                                                                                \
    static mag_vtask name##_start_stage(const MAG_STRUCT(mag_stage) * stage_,        \
                                        void *token_, void *arg_)                    \
    {                                                                                \
        return MAG_CAST(const struct name##_stage *, MAG_CAST(const void *, stage_)) \
            ->start(MAG_CAST(token_type *, token_), MAG_CAST(arg_type *, arg_))      \
            .task;                                                                   \
    }

#define MAG_PIPELINE_HOOKS(name, token_type, arg_type)                                 \
    static int name##_prepare_token(const MAG_STRUCT(mag_pipeline_options) * options_, \
                                    void *token_, void *arg_)                          \
    {                                                                                  \
        const struct name##_options *with_ =                                           \
            MAG_CAST(const struct name##_options *, MAG_CAST(const void *, options_)); \
        return with_->prepare == MAG_NULL                                              \
                   ? 0                                                                 \
                   : with_->prepare(MAG_CAST(token_type *, token_),                    \
                                    MAG_CAST(arg_type *, arg_));                       \
    }                                                                                  \
    MAG_PIPELINE_HOOK(name, release, token_type, arg_type)                             \
    MAG_PIPELINE_HOOK(name, drop, token_type, arg_type)

#define MAG_PIPELINE_HOOK(name, hook, token_type, arg_type)                              \
    static void name##_##hook##_token(const MAG_STRUCT(mag_pipeline_options) * options_, \
                                      void *token_, void *arg_)                          \
    {                                                                                    \
        const struct name##_options *with_ =                                             \
            MAG_CAST(const struct name##_options *, MAG_CAST(const void *, options_));   \
        if (with_->hook != MAG_NULL)                                                     \
            with_->hook(MAG_CAST(token_type *, token_), MAG_CAST(arg_type *, arg_));     \
    }

#define MAG_PIPELINE_TYPE(name, token_type)                                \
    static const MAG_STRUCT(mag_pipeline_type) name##_pipeline_type = {    \
        sizeof(token_type), __alignof__(token_type), name##_call_stage,    \
        name##_start_stage, name##_prepare_token,    name##_release_token, \
        name##_drop_token};

#define MAG_PIPELINE_UNUSED __attribute__((unused)) MAG_MUST_CHECK static inline

#define MAG_PIPELINE_FUNCTIONS(name, arg_type)                                         \
    MAG_PIPELINE_UNUSED MAG_STRUCT(mag_pipeline) name##_pipeline(                      \
        const struct name##_options *options_, const struct name##_stage *stages_,     \
        size_t count_, uint32_t tokens_)                                               \
    {                                                                                  \
        MAG_STRUCT(mag_pipeline) made_;                                                \
        made_.type = &name##_pipeline_type;                                            \
        made_.options = options_ != MAG_NULL ? &options_->common : MAG_NULL;           \
        made_.stages = count_ != 0 ? &stages_->stage : MAG_NULL;                       \
        made_.stage_size = sizeof(*stages_);                                           \
        made_.stage_count = count_;                                                    \
        made_.tokens = tokens_;                                                        \
        return made_;                                                                  \
    }                                                                                  \
    MAG_PIPELINE_UNUSED int name##_run_with(                                           \
        MAG_POINTER(mag_sched) sched_, const struct name##_options *options_,          \
        const struct name##_stage *stages_, size_t count_, uint32_t tokens_,           \
        arg_type *argument_)                                                           \
    {                                                                                  \
        MAG_STRUCT(mag_pipeline)                                                       \
        made_ = name##_pipeline(options_, stages_, count_, tokens_);                   \
        return mag_pipeline_run(sched_, &made_, argument_);                            \
    }                                                                                  \
    MAG_PIPELINE_UNUSED int name##_run(                                                \
        MAG_POINTER(mag_sched) sched_, const struct name##_stage *stages_,             \
        size_t count_, uint32_t tokens_, arg_type *argument_)                          \
    {                                                                                  \
        return name##_run_with(sched_, MAG_NULL, stages_, count_, tokens_, argument_); \
    }                                                                                  \
    MAG_PIPELINE_UNUSED mag_task name##_start(                                         \
        MAG_POINTER(mag_sched) sched_, const struct name##_options *options_,          \
        const struct name##_stage *stages_, size_t count_, uint32_t tokens_,           \
        arg_type *argument_)                                                           \
    {                                                                                  \
        MAG_STRUCT(mag_pipeline)                                                       \
        made_ = name##_pipeline(options_, stages_, count_, tokens_);                   \
        return mag_task_of(mag_pipeline_start(sched_, &made_, argument_));             \
    }

MAG_EXTERN_C_END

#endif
