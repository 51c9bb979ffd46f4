/*
 * utf8.h - texts from elsewhere - arguments, paths, what a toolchain prints - as UTF-8
 * and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_TEXT_UTF8_H
#define BENCH_TEXT_UTF8_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Puts a question mark in the place of each byte that belongs to no character. */
void bench_utf8(char *text);

/* The longest part of a text that ends with a character and has at most `most` bytes. */
size_t bench_utf8_cut(const char *text, size_t most);

/* A text as JSON; with question marks, because JSON has no other bytes than those of
 * characters.  NULL: there is no memory. */
json_t *bench_json_text(const char *text);

/* The value, if all of it could be made; otherwise frees it and returns NULL. */
json_t *bench_json_whole(json_t *json, bool is_whole);

#endif
