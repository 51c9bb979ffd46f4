/*
 * picture.h - pictures in memory, and as JPEG.
 *
 * libjpeg calls error_exit when it cannot go on, and expects it not to return: it jumps
 * back into the function here that has called libjpeg, which then returns an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MTHUMB_PICTURE_H
#define EXAMPLES_MTHUMB_PICTURE_H

#include <stddef.h>

enum { PICTURE_TEXT = 200, COLORS = 3 };

struct picture {
    unsigned width;
    unsigned height;
    unsigned char *pixels; /* red, green, blue, row by row */
    size_t capacity;
    /* Of the JPEG that it comes from, before libjpeg scaled it. */
    unsigned full_width;
    unsigned full_height;
};

/* What became of a picture. */
enum picture_result {
    PICTURE_OK,
    PICTURE_BROKEN, /* `text` says why */
    PICTURE_NO_MEMORY
};

/* Decodes a JPEG so that neither edge is below `edge` unless the JPEG's is: at a half, a
 * quarter or an eighth of its size if that will do, which is faster.  A JPEG that ends
 * too early is broken. */
enum picture_result picture_decode(struct picture *picture, const unsigned char *jpeg,
                                   size_t size, unsigned edge, char text[PICTURE_TEXT]);

/* Scales to at most `edge` along the longer edge: each pixel is the mean of those it
 * stands for. */
enum picture_result picture_scale(const struct picture *from, unsigned edge,
                                  struct picture *to);

/* Encodes into memory that the caller frees. */
enum picture_result picture_encode(const struct picture *picture,
                                   unsigned char **ret_jpeg, size_t *ret_size,
                                   char text[PICTURE_TEXT]);

void picture_free(struct picture *picture);

#endif
