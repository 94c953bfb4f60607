/* What the command line prints: the JSON envelope, tables for people, tab-separated lines for pipes. stdout is data, stderr is talk. */
#ifndef TURRET_APP_OUT_H
#define TURRET_APP_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "turret/base/err.h"

/* {"v":1,"ok":true,"data":...} on stdout; frees data. Returns the exit code. */
int out_ok_json(cJSON *data);
/* Complains: JSON envelope on stdout if `json`, else "turret: msg" on stderr. order: state of the order concerned, or NULL. */
int out_error(bool json, enum err e, const char *msg, const char *order);
int out_error_data(enum err e, const char *msg, cJSON *data); /* JSON only: the error with what was found until then; frees data */
int out_errorf(bool json, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Rows (array) or facts (object) with the columns of ui/columns.h's `table` (NULL: as they are); `wide` = terminal columns, 0 = TSV. */
void out_data(FILE *f, const cJSON *data, const char *table, int wide);
void out_csv(FILE *f, const cJSON *data);
int out_width(FILE *f); /* columns of the terminal, 0 when it is none */

#endif
