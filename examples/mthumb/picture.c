/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mthumb/picture.h"

#include <setjmp.h>
#include <stdio.h>
/* After <stdio.h>, which it needs. */
#include <jpeglib.h>

#include <jerror.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { QUALITY = 85, PIXELS_MAX = 1 << 28 };

/* libjpeg's error manager, and where to go on after an error. */
struct errors {
    struct jpeg_error_mgr manager; /* first */
    jmp_buf back;
    char *text;
};

_Noreturn static void give_up(j_common_ptr codec)
{
    struct errors *errors = (struct errors *)codec->err;
    char text[JMSG_LENGTH_MAX];

    codec->err->format_message(codec, text);
    (void)snprintf(errors->text, PICTURE_TEXT, "%s", text);
    longjmp(errors->back, 1);
}

/* Warnings that say that the picture is not what it was: libjpeg would go on, with
 * gray. */
static void take_message(j_common_ptr codec, int level)
{
    if (level >= 0)
        return;
    switch (codec->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE:
        give_up(codec);
    default:
        codec->err->num_warnings++;
    }
}

static void be_silent(j_common_ptr codec)
{
    (void)codec;
}

static struct jpeg_error_mgr *set_errors(struct errors *errors, char *text)
{
    (void)jpeg_std_error(&errors->manager);
    errors->manager.error_exit = give_up;
    errors->manager.emit_message = take_message;
    errors->manager.output_message = be_silent;
    errors->text = text;
    return &errors->manager;
}

static enum picture_result make_room(struct picture *picture, unsigned width,
                                     unsigned height)
{
    size_t size = (size_t)width * height * COLORS;

    if (size > picture->capacity) {
        unsigned char *pixels = realloc(picture->pixels, size);

        if (pixels == NULL)
            return PICTURE_NO_MEMORY;
        picture->pixels = pixels;
        picture->capacity = size;
    }
    picture->width = width;
    picture->height = height;
    return PICTURE_OK;
}

void picture_free(struct picture *picture)
{
    free(picture->pixels);
}

/* -------------------------------------------------------------------- decoding */

/* The smallest of 8/8, 4/8, 2/8 and 1/8 that leaves `edge` along the longer edge. */
static void choose_scale(struct jpeg_decompress_struct *codec, unsigned edge)
{
    unsigned longer = codec->image_width > codec->image_height ? codec->image_width
                                                               : codec->image_height;

    codec->scale_num = 8;
    codec->scale_denom = 8;
    while (codec->scale_num > 1 && longer * (codec->scale_num / 2) / 8 >= edge)
        codec->scale_num /= 2;
}

static enum picture_result read_rows(struct jpeg_decompress_struct *codec,
                                     struct picture *picture, unsigned edge)
{
    (void)jpeg_read_header(codec, TRUE);
    if ((uint64_t)codec->image_width * codec->image_height > PIXELS_MAX)
        return PICTURE_NO_MEMORY;
    picture->full_width = codec->image_width;
    picture->full_height = codec->image_height;
    choose_scale(codec, edge);
    codec->out_color_space = JCS_RGB;
    (void)jpeg_start_decompress(codec);
    if (make_room(picture, codec->output_width, codec->output_height) != PICTURE_OK)
        return PICTURE_NO_MEMORY;
    while (codec->output_scanline < codec->output_height) {
        JSAMPROW row = picture->pixels +
                       (size_t)codec->output_scanline * codec->output_width * COLORS;

        (void)jpeg_read_scanlines(codec, &row, 1);
    }
    (void)jpeg_finish_decompress(codec);
    return PICTURE_OK;
}

enum picture_result picture_decode(struct picture *picture, const unsigned char *jpeg,
                                   size_t size, unsigned edge, char text[PICTURE_TEXT])
{
    struct jpeg_decompress_struct codec;
    struct errors errors;
    enum picture_result result;

    codec.err = set_errors(&errors, text);
    if (setjmp(errors.back) != 0) {
        jpeg_destroy_decompress(&codec);
        return PICTURE_BROKEN;
    }
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, jpeg, size);
    result = read_rows(&codec, picture, edge);
    jpeg_destroy_decompress(&codec);
    return result;
}

/* --------------------------------------------------------------------- scaling */

/* The mean of the pixels from (left, top) to before (right, bottom). */
static void mean(const struct picture *from, const unsigned box[4], unsigned char *pixel)
{
    uint64_t sums[COLORS] = {0};
    unsigned left = box[0];
    unsigned right = box[2];
    unsigned count = (right - left) * (box[3] - box[1]);

    if (count == 0)
        return;
    for (unsigned y = box[1]; y < box[3]; y++) {
        const unsigned char *row = from->pixels + (size_t)y * from->width * COLORS;

        for (unsigned x = left; x < right; x++) {
            for (unsigned color = 0; color < COLORS; color++)
                sums[color] += row[(size_t)x * COLORS + color];
        }
    }
    for (unsigned color = 0; color < COLORS; color++)
        pixel[color] = (unsigned char)((sums[color] + count / 2) / count);
}

/* `length` scaled as `longer` is to `edge`, and at least 1. */
static unsigned scaled(unsigned length, unsigned longer, unsigned edge)
{
    uint64_t size = ((uint64_t)length * edge + longer / 2) / longer;

    return size > 0 ? (unsigned)size : 1;
}

enum picture_result picture_scale(const struct picture *from, unsigned edge,
                                  struct picture *to)
{
    unsigned longer =
        from->full_width > from->full_height ? from->full_width : from->full_height;

    if (edge > longer)
        edge = longer;

    unsigned width = scaled(from->full_width, longer, edge);
    unsigned height = scaled(from->full_height, longer, edge);

    if (make_room(to, width, height) != PICTURE_OK)
        return PICTURE_NO_MEMORY;
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            const unsigned box[4] = {
                (unsigned)((uint64_t)x * from->width / width),
                (unsigned)((uint64_t)y * from->height / height),
                (unsigned)((uint64_t)(x + 1) * from->width / width),
                (unsigned)((uint64_t)(y + 1) * from->height / height),
            };

            mean(from, box, to->pixels + ((size_t)y * width + x) * COLORS);
        }
    }
    return PICTURE_OK;
}

/* -------------------------------------------------------------------- encoding */

static void write_rows(struct jpeg_compress_struct *codec, const struct picture *picture)
{
    codec->image_width = picture->width;
    codec->image_height = picture->height;
    codec->input_components = COLORS;
    codec->in_color_space = JCS_RGB;
    jpeg_set_defaults(codec);
    jpeg_set_quality(codec, QUALITY, TRUE);
    jpeg_start_compress(codec, TRUE);
    while (codec->next_scanline < codec->image_height) {
        JSAMPROW row =
            picture->pixels + (size_t)codec->next_scanline * picture->width * COLORS;

        (void)jpeg_write_scanlines(codec, &row, 1);
    }
    jpeg_finish_compress(codec);
}

enum picture_result picture_encode(const struct picture *picture,
                                   unsigned char **ret_jpeg, size_t *ret_size,
                                   char text[PICTURE_TEXT])
{
    struct jpeg_compress_struct codec;
    struct errors errors;
    unsigned long size = 0;

    *ret_jpeg = NULL;
    codec.err = set_errors(&errors, text);
    if (setjmp(errors.back) != 0) {
        jpeg_destroy_compress(&codec);
        return PICTURE_BROKEN;
    }
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, ret_jpeg, &size);
    write_rows(&codec, picture);
    *ret_size = size;
    jpeg_destroy_compress(&codec);
    return PICTURE_OK;
}
