/* What is asked of the venue for an order: the price and the amounts it may cost at most, the checks that can be made here, the signed struct
 * and its digest, which is the venue's order id. Made once, before the row is stored; made again from the row when it is sent. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CENT 10000                 /* of collateral, in millionths; and the least size */
#define MARKETABLE_MIN DEC_ONE     /* a purchase that meets the book at once costs at least a dollar */
#define DEPTH_MAX 1024
#define OPEN_ROOM_PPM 100000       /* a market order that opens pays at most a tenth more than the best price */
#define GTD_EARLY_S 60             /* the venue ends a GTD order so much earlier than it is told */
#define GTD_AHEAD_S 180            /* and takes none that ends sooner */
#define FINEST_TICK 100

bool pm_order_immediate(const struct order *o) { return o->type == ORDER_MARKET || o->tif == TIF_IOC || o->tif == TIF_FOK; }

const char *pm_order_type(const struct order *o) {
    if (pm_order_immediate(o))
        return o->tif == TIF_FOK ? "FOK" : "FAK";
    return o->tif == TIF_GTD ? "GTD" : "GTC";
}

/* --- the book on the order's own side --------------------------------------------------------------- */

struct walk { int64_t best, worst, cost /* of what is there */, left; };

/* What `size` would meet, never past `limit` (0: none). The book is the YES token's; the NO token's is its mirror. */
static void walk_book(const struct pm_session *s, const struct pm_market *m, bool no, bool sell, int64_t size, int64_t limit, struct walk *w) {
    struct level *levels = xmalloc(DEPTH_MAX * sizeof *levels);
    int n = pm_depth(s->data, m->m.id, sell != no ? BOOK_BID : BOOK_ASK, levels, DEPTH_MAX);
    *w = (struct walk){.left = size};
    for (int i = 0; i < n && w->left > 0; i++) {
        int64_t px = no ? DEC_ONE - levels[i].px.micro : levels[i].px.micro, take = levels[i].size.micro < w->left ? levels[i].size.micro : w->left, part;
        if (px <= 0 || px >= DEC_ONE || take <= 0)
            continue;
        if (w->best == 0)
            w->best = px;
        if (limit > 0 && (sell ? px < limit : px > limit))
            break;
        w->worst = px;
        w->left -= take;
        if (dec_muldiv(px, take, DEC_ONE, ROUND_UP, &part))
            w->cost += part;
    }
    free(levels);
}

static int64_t best_price(const struct pm_session *s, const struct pm_market *m, bool no, bool sell) {
    struct level l;
    if (pm_depth(s->data, m->m.id, sell != no ? BOOK_BID : BOOK_ASK, &l, 1) < 1)
        return 0;
    return no ? DEC_ONE - l.px.micro : l.px.micro;
}

static int64_t clamp_price(int64_t px, int64_t tick) {
    int64_t top = DEC_ONE - tick;
    return px < tick ? tick : px > top ? top - top % tick : px;
}
static int64_t tick_down(int64_t px, int64_t tick) { return px - px % tick; }
static int64_t tick_up(int64_t px, int64_t tick) { return tick_down(px + tick - 1, tick); }

/* The worst price a market order may get: that of its walk through the book and one tick; one that opens has a bound beside it. */
static enum err market_price(const struct pm_session *s, const struct pm_market *m, const struct order *o, int64_t *px) {
    const int64_t tick = m->m.tick.micro;
    const bool no = o->side == SIDE_NO, sell = o->action == ACTION_SELL;
    int64_t best = best_price(s, m, no, sell), bound = 0;
    struct walk w;
    if (best <= 0)
        return ERR_NO_LIQUIDITY;
    if (!sell && !(o->flags & ORDER_REDUCE_ONLY)) {
        int64_t room = best * OPEN_ROOM_PPM / DEC_ONE;
        bound = clamp_price(tick_down(best + (room > 2 * tick ? room : 2 * tick), tick), tick);
    }
    walk_book(s, m, no, sell, o->size.micro, bound, &w);
    if (w.worst == 0)
        return ERR_NO_LIQUIDITY;
    *px = clamp_price(sell ? tick_down(w.worst, tick) - tick : tick_up(w.worst, tick) + tick, tick);
    if (bound > 0 && *px > bound)
        *px = bound;
    return ERR_OK;
}

/* What a purchase that must fill at once may spend. The venue spends the amount and gives as many shares as that buys: it is what the
 * wanted shares cost in this book, so that a better price does not become a larger position; what the book lacks counts at the limit. */
static int64_t spend(const struct pm_session *s, const struct pm_market *m, const struct order *o, int64_t limit) {
    struct walk w;
    int64_t rest, amount;
    walk_book(s, m, o->side == SIDE_NO, false, o->size.micro, limit, &w);
    if (!dec_muldiv(w.left, limit, DEC_ONE, ROUND_DOWN, &rest) || !dec_add(w.cost, rest, &amount))
        return 0;
    if (s->balance.micro >= amount) /* there, but perhaps not with the fee beside it */
        amount = pm_buy_with_fee(amount, s->balance.micro, limit, m->m.taker_ppm, m->fee_exponent, 0);
    return amount / CENT;
}

/* --- the order of a row -------------------------------------------------------------------------------- */

struct terms { uint64_t salt; int64_t timestamp_ms, price, cents; };

static void terms_write(const struct terms *t, bool cents, char *out, size_t cap) {
    int n = snprintf(out, cap, "%" PRIu64 "-%" PRId64 "-%" PRId64, t->salt, t->timestamp_ms, t->price);
    if (cents)
        snprintf(out + n, cap - (size_t)n, "-%" PRId64, t->cents);
}

static bool number(const char **p, int64_t max, int64_t *out) {
    int64_t v = 0;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        if (v > (max - (**p - '0')) / 10)
            return false;
        v = v * 10 + (**p - '0');
    }
    *out = v;
    return *p > start;
}

static bool terms_read(const char *text, bool cents, struct terms *t) {
    int64_t salt;
    const char *p = text;
    *t = (struct terms){0};
    if (!number(&p, (1LL << 53) - 1, &salt) || *p++ != '-' || !number(&p, INT64_MAX / 100, &t->timestamp_ms) || *p++ != '-' || !number(&p, DEC_ONE, &t->price))
        return false;
    t->salt = (uint64_t)salt;
    if (cents && (*p++ != '-' || !number(&p, INT64_MAX / CENT, &t->cents)))
        return false;
    return *p == '\0';
}

static enum err amounts_of(const struct pm_market *m, const struct order *o, const struct terms *t, struct pm_amounts *a) {
    bool sell = o->action == ACTION_SELL;
    if (pm_order_immediate(o))
        return pm_amounts_market(sell, t->price, sell ? o->size.micro : t->cents * CENT, m->m.tick.micro, false, a);
    return pm_amounts_limit(sell, t->price, o->size.micro, FINEST_TICK, false, a); /* the product is exact: the tick changes nothing */
}

/* By the venue's clock. It is not part of what is signed. */
static int64_t gtd_expiration_s(const struct pm_session *s, const struct order *o) { return (o->expires_us + pm_clob_skew_us(s->clob) + PM_SECOND_US - 1) / PM_SECOND_US + GTD_EARLY_S; }

static bool order_make(const struct pm_session *s, const struct pm_market *m, const struct order *o, const struct terms *t, struct pm_domain *d, struct pm_order *out) {
    struct pm_amounts a;
    if (o->side > SIDE_NO || !s->key || amounts_of(m, o, t, &a) != ERR_OK)
        return false;
    *out = (struct pm_order){.salt = t->salt, .maker = s->wallet, .signer = s->signature_type == PM_1271 ? s->wallet : *pm_key_address(s->key), .maker_amount = a.maker,
                             .taker_amount = a.taker, .side = o->action == ACTION_SELL, .signature_type = (uint8_t)s->signature_type, .timestamp_ms = t->timestamp_ms,
                             .builder = s->builder, .expiration_s = !pm_order_immediate(o) && o->tif == TIF_GTD ? gtd_expiration_s(s, o) : 0};
    *d = (struct pm_domain){.chain_id = s->chain_id, .exchange = m->protocol == 2 ? PM_EXCHANGE_V3 : m->neg_risk ? PM_EXCHANGE_NEG_RISK : PM_EXCHANGE_STANDARD};
    return pm_word_parse_dec(m->token[o->side == SIDE_NO], &out->token);
}

bool pm_orders_build(const struct pm_session *s, const struct order *o, struct pm_domain *d, struct pm_order *out) {
    const struct pm_market *m = pm_market_by_id(s->data, o->market);
    struct terms t;
    return m && terms_read(o->client_id, pm_order_immediate(o) && o->action == ACTION_BUY, &t) && order_make(s, m, o, &t, d, out);
}

/* --- the checks ------------------------------------------------------------------------------------------ */

/* A code with a sentence of its own. */
static enum err say(struct order *o, enum err e, const char *text) {
    str_copy(o->reason_text, sizeof o->reason_text, text);
    return e;
}

static enum err check_windows(const struct pm_session *s, struct order *o, int64_t now_us) {
    char text[REASON_MAX];
    struct pm_window w;
    pm_clob_window(s->clob, &w);
    if (w.closed_until_us) {
        snprintf(text, sizeof text, "the venue's matching restarts: in %d s", (int)((w.closed_until_us - now_us) / PM_SECOND_US + 1));
        return say(o, ERR_VENUE_PAUSED, text);
    }
    if (o->action == ACTION_BUY && (w.disabled || w.cancel_only)) /* an exit may try: nobody says when those end */
        return say(o, ERR_VENUE_PAUSED, w.disabled ? "the venue has disabled trading" : "the venue takes only cancels now");
    if (w.post_only_until_us && !(o->flags & ORDER_POST_ONLY)) {
        snprintf(text, sizeof text, "the venue takes only post-only orders and cancels for %d s more", (int)((w.post_only_until_us - now_us) / PM_SECOND_US + 1));
        return say(o, ERR_VENUE_POST_ONLY, text);
    }
    return ERR_OK;
}

static enum err check_account(const struct pm_session *s, struct order *o, int64_t now_us) {
    bool opens = o->action == ACTION_BUY;
    if (!s->key)
        return ERR_CREDENTIALS;
    if (!s->ready)
        return say(o, ERR_UNREACHABLE, "the account is not logged in at the venue yet");
    if (opens && s->closed_only)
        return say(o, ERR_ACCOUNT_BANNED, "the venue lets this account only close positions");
    if (opens && s->blocked)
        return ERR_GEOBLOCKED;
    return check_windows(s, o, now_us);
}

static enum err check_shape(const struct pm_session *s, const struct pm_market *m, struct order *o, int64_t now_us) {
    if (!m)
        return ERR_NOT_FOUND;
    if (m->m.status != MARKET_OPEN || !m->accepting || !m->token[0][0] || !m->token[1][0])
        return ERR_MARKET_CLOSED;
    if ((o->type != ORDER_MARKET && o->type != ORDER_LIMIT) || o->side > SIDE_NO)
        return ERR_UNSUPPORTED;
    if (o->flags & ORDER_POST_ONLY && pm_order_immediate(o))
        return say(o, ERR_BAD_VALUE, "an order that fills at once can't be post-only");
    if (!pm_order_immediate(o) && o->tif == TIF_GTD && gtd_expiration_s(s, o) < (now_us + pm_clob_skew_us(s->clob)) / PM_SECOND_US + GTD_AHEAD_S)
        return say(o, ERR_BAD_VALUE, "the venue takes no order that ends within two minutes");
    return ERR_OK;
}

static enum err check_minimum(const struct pm_session *s, const struct pm_market *m, struct order *o, const struct terms *t, const struct pm_amounts *a) {
    static const char marketable[] = "a purchase that fills at once costs at least 1 USD";
    char text[REASON_MAX], least[DEC_TEXT_MAX];
    bool sell = o->action == ACTION_SELL, no = o->side == SIDE_NO;
    if (pm_order_immediate(o))
        return !sell && a->maker < MARKETABLE_MIN ? say(o, ERR_MIN_SIZE, marketable) : ERR_OK;
    if (a->shares < m->m.min_size.micro) {
        dec_format(m->m.min_size.micro, 0, least);
        snprintf(text, sizeof text, "an order that rests has at least %s shares here", least);
        return say(o, ERR_MIN_SIZE, text);
    }
    int64_t best = sell || o->flags & ORDER_POST_ONLY ? 0 : best_price(s, m, no, false);
    return best > 0 && t->price >= best && a->maker < MARKETABLE_MIN ? say(o, ERR_MIN_SIZE, marketable) : ERR_OK;
}

static bool salt_draw(uint64_t *salt) {
    do {
        if (getrandom(salt, sizeof *salt, 0) != (ssize_t)sizeof *salt)
            return false;
        *salt &= (1ULL << 53) - 1;
    } while (*salt == 0);
    return true;
}

static enum err price_and_amounts(const struct pm_session *s, const struct pm_market *m, struct order *o, struct terms *t, struct pm_amounts *a) {
    enum err e = ERR_OK;
    t->price = o->limit.micro;
    if (o->type == ORDER_MARKET)
        e = market_price(s, m, o, &t->price);
    else /* the grid of today; the amounts of a resting order are the same on any */
        e = pm_amounts_limit(o->action == ACTION_SELL, t->price, o->size.micro, m->m.tick.micro, false, a);
    if (e != ERR_OK)
        return e;
    if (pm_order_immediate(o) && o->action == ACTION_BUY)
        t->cents = spend(s, m, o, t->price);
    e = amounts_of(m, o, t, a);
    return e != ERR_OK ? e : check_minimum(s, m, o, t, a);
}

enum err pm_orders_prepare(struct pm_orders *p, struct order *o, int64_t now_us) {
    const struct pm_session *s = p->s;
    const struct pm_market *m = pm_market_by_id(s->data, o->market);
    struct terms t = {.timestamp_ms = (now_us + pm_clob_skew_us(s->clob)) / 1000};
    struct pm_amounts a;
    struct pm_domain d;
    struct pm_order made;
    struct pm_word digest;
    enum err e = check_account(s, o, now_us);
    if (e == ERR_OK)
        e = check_shape(s, m, o, now_us);
    if (e == ERR_OK)
        e = price_and_amounts(s, m, o, &t, &a);
    if (e != ERR_OK)
        return e;
    if (!salt_draw(&t.salt))
        return ERR_IO;
    bool buys_now = pm_order_immediate(o) && o->action == ACTION_BUY;
    char id[2 * CLIENT_ID_MAX];
    terms_write(&t, buys_now, id, sizeof id);
    if (strlen(id) >= CLIENT_ID_MAX)
        return ERR_OVERFLOW;
    if (!order_make(s, m, o, &t, &d, &made))
        return ERR_INTERNAL;
    str_copy(o->client_id, sizeof o->client_id, id);
    pm_order_digest(&d, &made, &digest);
    pm_word_hex(&digest, o->venue_id);
    pm_ahead_add(p, o, m, &d, &made);
    return ERR_OK;
}
