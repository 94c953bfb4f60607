/* Envelope, tables and lines (out.h). Everything that goes to a terminal was sanitised where it came in; columns are measured by
 * display width. */
#include "app/out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/ui/columns.h"

#define COLUMNS_SHOWN 48

static void print_json(cJSON *doc) {
    char *text = cJSON_PrintUnformatted(doc);
    puts(text ? text : "{\"v\":1,\"ok\":false,\"error\":{\"code\":\"internal\",\"retry\":false,\"msg\":\"out of memory\",\"order\":null}}");
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(doc);
}

int out_ok_json(cJSON *data) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "v", 1);
    cJSON_AddTrueToObject(o, "ok");
    cJSON_AddItemToObject(o, "data", data ? data : cJSON_CreateNull());
    print_json(o);
    return 0;
}

static cJSON *error_json(enum err e, const char *msg, const char *order) {
    cJSON *o = cJSON_CreateObject(), *err;
    cJSON_AddNumberToObject(o, "v", 1);
    cJSON_AddFalseToObject(o, "ok");
    err = cJSON_AddObjectToObject(o, "error");
    cJSON_AddStringToObject(err, "code", err_name(e));
    cJSON_AddBoolToObject(err, "retry", err_class(e) == ERR_CLASS_RETRY);
    cJSON_AddStringToObject(err, "msg", msg);
    if (order)
        cJSON_AddStringToObject(err, "order", order);
    else
        cJSON_AddNullToObject(err, "order");
    return o;
}

int out_error_data(enum err e, const char *msg, cJSON *data) {
    cJSON *o = error_json(e, msg && msg[0] ? msg : err_text(e), NULL);
    cJSON_AddItemToObject(o, "data", data);
    print_json(o);
    return err_exit_code(e);
}

int out_error(bool json, enum err e, const char *msg, const char *order) {
    if (!msg || !msg[0])
        msg = err_text(e);
    if (!json) {
        fprintf(stderr, "turret: %s\n", msg);
        return err_exit_code(e);
    }
    print_json(error_json(e, msg, order));
    return err_exit_code(e);
}

int out_errorf(bool json, enum err e, const char *fmt, ...) {
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return out_error(json, e, text, NULL);
}

int out_width(FILE *f) {
    struct winsize ws;
    if (!isatty(fileno(f)))
        return 0;
    return ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 ? ws.ws_col : 80;
}

/* A value as one line of text. */
static const char *value_text(const cJSON *v, char *buf, size_t cap) {
    if (cJSON_IsString(v))
        return v->valuestring;
    if (cJSON_IsNull(v) || !v)
        return "-";
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "yes" : "no";
    if (cJSON_IsNumber(v)) {
        snprintf(buf, cap, "%.0f", v->valuedouble);
        return buf;
    }
    char *text = cJSON_PrintUnformatted(v);
    str_copy(buf, cap, text ? text : "");
    cJSON_free(text);
    return buf;
}

static void put_padded(FILE *f, const char *text, int width, bool right, bool last) {
    int used, pad;
    size_t n = utf8_clip(text, width, &used);
    pad = width - used;
    if (right)
        fprintf(f, "%*s", pad, "");
    fwrite(text, 1, n, f);
    if (!right && !last)
        fprintf(f, "%*s", pad, "");
    fputs(last ? "\n" : "  ", f);
}

struct shown { const char *key, *title; bool right; int width, priority; };

/* LIVE or PAPER, where all are paper, says nothing to a person. */
static bool all_paper(const cJSON *rows, const char *key) {
    const cJSON *row;
    if (strcmp(key, "mode") != 0)
        return false;
    cJSON_ArrayForEach(row, rows) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(row, key);
        if (!cJSON_IsString(v) || strcmp(v->valuestring, "paper") != 0)
            return false;
    }
    return true;
}

static int choose_columns(const cJSON *rows, const char *table, bool all, struct shown *out) {
    const struct column_table *t = table ? column_table(table) : NULL;
    const cJSON *first = cJSON_GetArrayItem(rows, 0), *k;
    int n = 0;
    for (int i = 0; t && i < t->count && n < COLUMNS_SHOWN; i++)
        if ((all || (t->columns[i].priority >= 0 && (!strcmp(t->name, "accounts") || !all_paper(rows, t->columns[i].key)))) && (!first || cJSON_HasObjectItem(first, t->columns[i].key)))
            out[n++] = (struct shown){t->columns[i].key, all ? t->columns[i].key : t->columns[i].title, t->columns[i].right, 0, t->columns[i].priority};
    if (!t)
        cJSON_ArrayForEach(k, first) if (n < COLUMNS_SHOWN)
            out[n++] = (struct shown){k->string, k->string, cJSON_IsNumber(k), 0, 0};
    return n;
}

static int drop_columns(struct shown *c, int n, int wide) {
    for (;;) {
        int sum = 0, worst = -1;
        for (int i = 0; i < n; i++) {
            sum += c[i].width + 2;
            if (c[i].priority > 0 && (worst < 0 || c[i].priority >= c[worst].priority))
                worst = i;
        }
        if (sum - 2 <= wide || worst < 0)
            return n;
        memmove(c + worst, c + worst + 1, (size_t)(n - worst - 1) * sizeof *c);
        n--;
    }
}

static void out_rows(FILE *f, const cJSON *rows, const char *table, int wide) {
    struct shown c[COLUMNS_SHOWN];
    char buf[256];
    const cJSON *row;
    int n = choose_columns(rows, table, wide == 0, c);
    if (wide == 0) {
        for (int i = 0; i < n; i++)
            fprintf(f, "%s%c", c[i].title, i + 1 < n ? '\t' : '\n');
        cJSON_ArrayForEach(row, rows) for (int i = 0; i < n; i++)
            fprintf(f, "%s%c", value_text(cJSON_GetObjectItemCaseSensitive(row, c[i].key), buf, sizeof buf), i + 1 < n ? '\t' : '\n');
        return;
    }
    if (cJSON_GetArraySize(rows) == 0) {
        fprintf(f, "no %s\n", table ? table : "rows");
        return;
    }
    for (int i = 0; i < n; i++) {
        c[i].width = utf8_str_width(c[i].title);
        cJSON_ArrayForEach(row, rows) {
            int w = utf8_str_width(value_text(cJSON_GetObjectItemCaseSensitive(row, c[i].key), buf, sizeof buf));
            if (w > c[i].width)
                c[i].width = w < 48 ? w : 48;
        }
    }
    n = drop_columns(c, n, wide);
    for (int i = 0; i < n; i++)
        put_padded(f, c[i].title, c[i].width, c[i].right, i + 1 == n);
    cJSON_ArrayForEach(row, rows) for (int i = 0; i < n; i++)
        put_padded(f, value_text(cJSON_GetObjectItemCaseSensitive(row, c[i].key), buf, sizeof buf), c[i].width, c[i].right, i + 1 == n);
}

static void out_facts(FILE *f, const cJSON *o, const char *table, int wide) {
    const cJSON *k;
    char buf[1024];
    (void)table;
    cJSON_ArrayForEach(k, o) {
        if (cJSON_IsArray(k) && cJSON_IsObject(cJSON_GetArrayItem(k, 0))) {
            fprintf(f, wide ? "\n%s\n" : "%s\n", k->string);
            out_rows(f, k, column_table(k->string) ? k->string : NULL, wide);
            continue;
        }
        if (wide)
            fprintf(f, "%-18s  %s\n", k->string, value_text(k, buf, sizeof buf));
        else
            fprintf(f, "%s\t%s\n", k->string, value_text(k, buf, sizeof buf));
    }
}

void out_data(FILE *f, const cJSON *data, const char *table, int wide) {
    if (cJSON_IsArray(data))
        out_rows(f, data, table, wide);
    else if (cJSON_IsObject(data))
        out_facts(f, data, table, wide);
    fflush(f);
}

static void csv_field(FILE *f, const char *s) {
    if (!s[strcspn(s, ",\"\r\n")]) {
        fputs(s, f);
        return;
    }
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', f);
        fputc(*s, f);
    }
    fputc('"', f);
}

void out_csv(FILE *f, const cJSON *data) {
    const cJSON *row, *k, *first = cJSON_GetArrayItem(data, 0);
    char buf[256];
    cJSON_ArrayForEach(k, first) fprintf(f, "%s%s", k->string, k->next ? "," : "\n");
    cJSON_ArrayForEach(row, data) cJSON_ArrayForEach(k, row) {
        csv_field(f, cJSON_IsNull(k) ? "" : value_text(k, buf, sizeof buf));
        fputs(k->next ? "," : "\n", f);
    }
    fflush(f);
}
