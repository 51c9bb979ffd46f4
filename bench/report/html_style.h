/*
 * html_style.h - how the report page looks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_HTML_STYLE_H
#define BENCH_REPORT_HTML_STYLE_H

/* The style sheet. */
extern const char bench_html_style[];

#endif
