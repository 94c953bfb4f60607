/* Binding and reading by the column tables. Times go as binary (8 bytes, microseconds since 2000), all else as text:
 * exact, and cheap enough beside a commit. */
#include "rows.h"

#include "plan_json.h"
#include "watch_pack.h"

#include "turret/base/utf8.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define E4_MICRO 100 /* millionths in a ten-thousandth */

void bind_reset(struct binder *b) {
    b->n = 0;
    b->used = 0;
}

static char *room(struct binder *b, size_t n) {
    assert(b->used + n <= sizeof b->buf);
    char *p = b->buf + b->used;
    b->used += n;
    return p;
}

static void push(struct binder *b, const char *value, int len, int format) {
    assert(b->n < BIND_MAX);
    b->values[b->n] = value;
    b->lens[b->n] = len;
    b->formats[b->n++] = format;
}

/* A decimal from its end backwards: no format string on the hot path. */
static void bind_int(struct binder *b, uint64_t v, bool negative) {
    char tmp[24];
    int n = 0;
    do
        tmp[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    char *p = room(b, (size_t)n + 2), *start = p;
    if (negative)
        *p++ = '-';
    while (n)
        *p++ = tmp[--n];
    *p = 0;
    push(b, start, 0, 0);
}

static void bind_i64(struct binder *b, int64_t v) { bind_int(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0); }

/* bigint holds the same 64 bits: market ids use the top one. */
void bind_u64(struct binder *b, uint64_t v) { bind_i64(b, (int64_t)v); }

void bind_text(struct binder *b, const char *text) {
    size_t n = strlen(text);
    bool plain = true;
    for (size_t i = 0; i < n && plain; i++)
        plain = (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7f;
    char *p = room(b, n * 3 + 1); /* a bad byte becomes the three of U+FFFD */
    if (plain)
        memcpy(p, text, n + 1);
    else
        utf8_sanitise(p, n * 3 + 1, text, n); /* a bad byte would refuse the whole batch */
    push(b, p, 0, 0);
}

static void bind_dec(struct binder *b, int64_t micro) {
    char *p = room(b, DEC_TEXT_MAX);
    dec_format(micro, 0, p);
    push(b, p, 0, 0);
}

static void bind_time(struct binder *b, int64_t us) {
    uint64_t be = htobe64((uint64_t)(us - PG_EPOCH_US));
    char *p = room(b, 8);
    memcpy(p, &be, 8);
    push(b, p, 8, 1);
}

static uint64_t get_uint(const void *at, size_t size) {
    uint8_t v1;
    uint16_t v2;
    uint32_t v4;
    uint64_t v8;
    switch (size) {
    case 1: memcpy(&v1, at, 1); return v1;
    case 2: memcpy(&v2, at, 2); return v2;
    case 4: memcpy(&v4, at, 4); return v4;
    default: memcpy(&v8, at, 8); return v8;
    }
}

static void put_uint(void *at, size_t size, uint64_t v) {
    uint8_t v1 = (uint8_t)v;
    uint16_t v2 = (uint16_t)v;
    uint32_t v4 = (uint32_t)v;
    switch (size) {
    case 1: memcpy(at, &v1, 1); break;
    case 2: memcpy(at, &v2, 2); break;
    case 4: memcpy(at, &v4, 4); break;
    default: memcpy(at, &v, 8);
    }
}

static int64_t get_sint(const void *at, size_t size) {
    return size == 2 ? (int16_t)get_uint(at, 2) : size == 4 ? (int32_t)get_uint(at, 4) : (int64_t)get_uint(at, 8);
}

/* --- JSON --- */

static void bind_json(struct binder *b, struct str *s) {
    char *text = room(b, s->len + 1);
    memcpy(text, s->p, s->len + 1);
    push(b, text, 0, 0);
    str_free(s);
}

static void bind_plan(struct binder *b, const struct exit_plan *p) {
    struct str s;
    if (plan_is_empty(p)) {
        push(b, NULL, 0, 0);
        return;
    }
    str_init(&s);
    plan_to_json(&s, p);
    bind_json(b, &s);
}

static void bind_route(struct binder *b, const struct route *r) {
    struct str s;
    if (!r->n) {
        push(b, NULL, 0, 0);
        return;
    }
    str_init(&s);
    route_to_json(&s, r);
    bind_json(b, &s);
}

static void bind_limits(struct binder *b, const struct agent_limits *l) {
    struct str s;
    str_init(&s);
#define X(key, kind, def, unit, help) str_addf(&s, "%c\"" #key "\":%lld", s.len ? ',' : '{', (long long)l->key);
    AGENT_LIMITS(X)
#undef X
    str_addc(&s, '}');
    bind_json(b, &s);
}

/* --- writing --- */

static bool is_absent(const struct col *c, const char *row) {
    const char *at = row + c->off;
    if ((c->flags & COL_IF_SET) && get_uint(row + c->guard, 8) == 0)
        return true;
    if (!(c->flags & COL_NULL))
        return false;
    return c->kind == COL_TEXT ? *at == 0 : c->kind == COL_ERR ? get_sint(at, c->size) == 0 : get_uint(at, c->size) == 0;
}

static void bind_col(struct binder *b, const struct col *c, const char *row) {
    const char *at = row + c->off;
    if (is_absent(c, row)) {
        push(b, NULL, 0, 0);
        return;
    }
    switch (c->kind) {
    case COL_INT: bind_u64(b, get_uint(at, c->size)); break;
    case COL_DEC: bind_dec(b, get_sint(at, 8)); break;
    case COL_TIME: bind_time(b, get_sint(at, 8)); break;
    case COL_ENUM: push(b, c->word((int)get_uint(at, c->size)), 0, 0); break;
    case COL_TEXT: bind_text(b, at); break;
    case COL_BOOL: push(b, *at ? "t" : "f", 0, 0); break;
    case COL_FLAG: push(b, (*at & c->bit) ? "t" : "f", 0, 0); break;
    case COL_ERR: push(b, err_name((enum err)get_sint(at, c->size)), 0, 0); break;
    case COL_PLAN: {
        struct exit_plan p;
        memcpy(&p, at, sizeof p);
        bind_plan(b, &p);
        break;
    }
    case COL_ROUTE: {
        struct route r;
        memcpy(&r, at, sizeof r);
        bind_route(b, &r);
        break;
    }
    case COL_LIMITS: {
        struct agent_limits l;
        memcpy(&l, at, sizeof l);
        bind_limits(b, &l);
        break;
    }
    case COL_AVG: {
        price avg;
        if (price_of(USD(get_sint(at, 8)), QTY(get_sint(row + c->guard, 8)), ROUND_HALF_EVEN, &avg))
            bind_dec(b, avg.micro);
        else
            push(b, NULL, 0, 0);
        break;
    }
    case COL_SIGN: bind_i64(b, get_sint(at, c->size)); break;
    case COL_E4: bind_dec(b, (int64_t)get_uint(at, c->size) * E4_MICRO); break;
    case COL_PACKED: {
        struct watch w;
        memcpy(&w, at, sizeof w);
        char *p = room(b, WATCH_PACKED_MAX);
        push(b, p, (int)watch_pack(&w, p), 1);
        break;
    }
    case COL_RULES: break; /* part of the plan */
    }
}

void bind_row(struct binder *b, const struct row_type *t, const void *row) {
    for (int i = 0; i < t->n; i++)
        if (!(t->cols[i].flags & COL_READ_ONLY))
            bind_col(b, &t->cols[i], row);
}

int row_params(const struct row_type *t) {
    int n = 0;
    for (int i = 0; i < t->n; i++)
        n += !(t->cols[i].flags & COL_READ_ONLY);
    return n;
}

void row_names(struct str *s, const struct row_type *t) {
    const char *sep = "";
    for (int i = 0; i < t->n; i++) {
        if (t->cols[i].flags & COL_READ_ONLY)
            continue;
        str_addf(s, "%s%s", sep, t->cols[i].name);
        sep = ", ";
    }
}

static void add_param(struct str *s, const struct col *c, int n) {
    if (!c->bind) {
        str_addf(s, "$%d::%s", n, c->type);
        return;
    }
    const char *mark = strstr(c->bind, "%d");
    str_add_n(s, c->bind, (size_t)(mark - c->bind));
    str_addf(s, "%d%s", n, mark + 2);
}

void row_values(struct str *s, const struct row_type *t, int from) {
    int n = from;
    for (int i = 0; i < t->n; i++) {
        if (t->cols[i].flags & COL_READ_ONLY)
            continue;
        if (n > from)
            str_add(s, ", ");
        add_param(s, &t->cols[i], n++);
    }
}

void row_sets(struct str *s, const struct row_type *t, int from) {
    int n = from;
    const char *sep = "";
    for (int i = 0; i < t->n; i++) {
        const struct col *c = &t->cols[i];
        if (c->flags & COL_READ_ONLY)
            continue;
        if (!(c->flags & COL_KEY)) {
            str_addf(s, "%s%s = ", sep, c->name);
            if (from)
                add_param(s, c, n);
            else
                str_addf(s, "excluded.%s", c->name);
            sep = ", ";
        }
        n++;
    }
}

void row_select(struct str *s, const struct row_type *t, const char *prefix) {
    const char *sep = "";
    for (int i = 0; i < t->n; i++) {
        const struct col *c = &t->cols[i];
        if (c->flags & COL_WRITE_ONLY)
            continue;
        const char *expr = c->select ? c->select : c->name, *pre = c->select ? "" : prefix;
        if (c->kind == COL_TIME)
            str_addf(s, "%s(extract(epoch FROM %s%s) * 1000000)::bigint", sep, pre, expr);
        else
            str_addf(s, "%s%s%s", sep, pre, expr);
        sep = ", ";
    }
}

/* --- reading --- */

int row_word(const char *(*word)(int), const char *text) {
    for (int v = 0; v < 32; v++) {
        const char *w = word(v);
        if (!strcmp(w, "?"))
            break;
        if (!strcmp(w, text))
            return v;
    }
    return 0;
}

static int find_err(const char *text) {
    for (int e = 0; e < ERR_COUNT; e++)
        if (!strcmp(err_name((enum err)e), text))
            return e;
    return ERR_FAILED;
}

static void read_col(const struct col *c, const char *text, char *row) {
    char *at = row + c->off;
    int64_t micro = 0;
    switch (c->kind) {
    case COL_INT: put_uint(at, c->size, text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10)); break;
    case COL_TIME: put_uint(at, 8, (uint64_t)strtoll(text, NULL, 10)); break;
    case COL_DEC:
        if (dec_parse_str(text, &micro))
            put_uint(at, 8, (uint64_t)micro);
        break;
    case COL_ENUM: put_uint(at, c->size, (uint64_t)row_word(c->word, text)); break;
    case COL_TEXT: str_copy(at, c->size, text); break;
    case COL_BOOL: *at = text[0] == 't'; break;
    case COL_FLAG:
        if (text[0] == 't')
            *at = (char)(*at | c->bit);
        break;
    case COL_ERR: put_uint(at, c->size, (uint64_t)find_err(text)); break;
    case COL_SIGN: put_uint(at, c->size, (uint64_t)strtoll(text, NULL, 10)); break;
    case COL_E4:
        if (dec_parse_str(text, &micro))
            put_uint(at, c->size, (uint64_t)(micro / E4_MICRO));
        break;
    case COL_RULES: {
        struct exit_plan p;
        memcpy(&p, at, sizeof p);
        rules_from_json(text, &p);
        memcpy(at, &p, sizeof p);
        break;
    }
    case COL_ROUTE: {
        struct route r;
        memset(&r, 0, sizeof r);
        route_from_json(text, &r);
        memcpy(at, &r, sizeof r);
        break;
    }
    case COL_PLAN:
    case COL_PACKED:
    case COL_LIMITS:
    case COL_AVG: break;
    }
}

void row_read(const PGresult *r, int line, int at, const struct row_type *t, void *row) {
    for (int i = 0; i < t->n; i++) {
        const struct col *c = &t->cols[i];
        if (c->flags & COL_WRITE_ONLY)
            continue;
        if (!PQgetisnull(r, line, at))
            read_col(c, PQgetvalue(r, line, at), row);
        else if (c->kind == COL_SIGN) /* no confidence given */
            put_uint((char *)row + c->off, c->size, (uint64_t)-1);
        at++;
    }
}
