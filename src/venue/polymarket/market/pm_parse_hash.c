/* The hash of a book: SHA-1 of its summary as JSON, in the venue's order of fields and with an empty hash, as the official client makes it too.
 * From the text of a snapshot, and from a book of our own, which proves that no change was missed. */
#include <openssl/evp.h>
#include <stdio.h>

#include "turret/base/str.h"
#include "turret/market/book.h"
#include "venue/polymarket/market/pm_parse.h"

static void sha1_hex(const struct str *s, char out[41]) {
    static EVP_MD *sha1; /* looking it up costs more than the digest of a small book */
    unsigned char d[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!sha1)
        sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    out[0] = 0;
    if (!sha1 || !EVP_Digest(s->p, s->len, d, &n, sha1, NULL) || n != 20)
        return;
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", d[i]);
}

static void add_text(struct str *s, const char *before, const struct json_text *t) {
    str_add(s, before);
    str_add_n(s, t->p ? t->p : "", t->len);
}

/* A list as it would be written without blanks; its strings hold none. */
static void add_list(struct str *s, const struct json_text *t) {
    const char *from = t->p, *end = t->p + t->len;
    for (const char *c = t->p; c < end; c++)
        if (*c == ' ' || *c == '\n' || *c == '\r' || *c == '\t') {
            str_add_n(s, from, (size_t)(c - from));
            from = c + 1;
        }
    str_add_n(s, from, (size_t)(end - from));
}

bool pm_book_hash_raw(const struct pm_ws_event *ev, char out[41]) {
    static struct str s;
    if (ev->kind != PM_WS_BOOK || !ev->market.p || !ev->timestamp.p || !ev->bids_text.p || !ev->asks_text.p)
        return false;
    str_reset(&s);
    add_text(&s, "{\"market\":\"", &ev->market);
    add_text(&s, "\",\"asset_id\":\"", &ev->asset);
    add_text(&s, "\",\"timestamp\":\"", &ev->timestamp);
    str_add(&s, "\",\"hash\":\"\",\"bids\":");
    add_list(&s, &ev->bids_text);
    str_add(&s, ",\"asks\":");
    add_list(&s, &ev->asks_text);
    if (ev->min_size.p)
        add_text(&s, ",\"min_order_size\":\"", &ev->min_size), str_addc(&s, '"');
    if (ev->tick.p)
        add_text(&s, ",\"tick_size\":\"", &ev->tick), str_addc(&s, '"');
    if (ev->neg_risk >= 0)
        str_add(&s, ev->neg_risk ? ",\"neg_risk\":true" : ",\"neg_risk\":false");
    if (ev->last.p)
        add_text(&s, ",\"last_trade_price\":\"", &ev->last), str_addc(&s, '"');
    if (ev->version.p)
        add_text(&s, ",\"version\":\"", &ev->version), str_addc(&s, '"');
    str_addc(&s, '}');
    sha1_hex(&s, out);
    return out[0] != 0;
}

static bool keep(char *dst, size_t cap, const struct json_text *t) {
    if (t->len >= cap)
        return false;
    memcpy(dst, t->p ? t->p : "", t->len);
    dst[t->len] = 0;
    if (!t->p && cap > 1)
        dst[0] = 0, dst[1] = 1; /* not given: apart from given as "" */
    return true;
}
static bool given(const char *kept) { return kept[0] || !kept[1]; }

bool pm_summary_of(const struct pm_ws_event *ev, struct pm_summary *out) {
    *out = (struct pm_summary){.neg_risk = ev->neg_risk};
    return keep(out->market, sizeof out->market, &ev->market) && keep(out->asset, sizeof out->asset, &ev->asset) && keep(out->min_size, sizeof out->min_size, &ev->min_size) &&
           keep(out->tick, sizeof out->tick, &ev->tick) && keep(out->last, sizeof out->last, &ev->last) && keep(out->version, sizeof out->version, &ev->version);
}

static void add_dec(struct str *s, const char *before, int64_t micro) {
    char buf[DEC_TEXT_MAX];
    str_add(s, before);
    str_add_n(s, buf, dec_format(micro, 0, buf));
}

/* Worst first, the best one last, on both sides. */
static void add_side(struct str *s, const struct book *b, enum book_side side) {
    str_addc(s, '[');
    for (int n = book_count(b, side), i = n - 1; i >= 0; i--) {
        const struct level *l = book_level(b, side, i);
        add_dec(s, i < n - 1 ? ",{\"price\":\"" : "{\"price\":\"", l->px.micro);
        add_dec(s, "\",\"size\":\"", l->size.micro);
        str_add(s, "\"}");
    }
    str_addc(s, ']');
}

void pm_book_hash(const struct pm_summary *m, const char *timestamp, const struct book *b, char out[41]) {
    static struct str s;
    str_reset(&s);
    str_addf(&s, "{\"market\":\"%s\",\"asset_id\":\"%s\",\"timestamp\":\"%s\",\"hash\":\"\",\"bids\":", m->market, m->asset, timestamp);
    add_side(&s, b, BOOK_BID);
    str_add(&s, ",\"asks\":");
    add_side(&s, b, BOOK_ASK);
    if (given(m->min_size))
        str_addf(&s, ",\"min_order_size\":\"%s\"", m->min_size);
    if (given(m->tick))
        str_addf(&s, ",\"tick_size\":\"%s\"", m->tick);
    if (m->neg_risk >= 0)
        str_add(&s, m->neg_risk ? ",\"neg_risk\":true" : ",\"neg_risk\":false");
    if (given(m->last))
        str_addf(&s, ",\"last_trade_price\":\"%s\"", m->last);
    if (given(m->version))
        str_addf(&s, ",\"version\":\"%s\"", m->version);
    str_addc(&s, '}');
    sha1_hex(&s, out);
}
