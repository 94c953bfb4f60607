/* Followed traders, what a person wants of them: put (new ones are off), on, off, delete. */
#include <stdio.h>
#include <string.h>

#include "desk/state_follow.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

static enum err bad(char text[REASON_MAX], enum err e, const char *why) {
    str_copy(text, REASON_MAX, why);
    return e;
}

static bool printable(const char *s) {
    for (; *s != 0; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static bool same_target(const struct follow *a, const struct follow *b) {
    return a->model == b->model && (a->model != 0 || (a->venue == b->venue && strcmp(a->wallet, b->wallet) == 0));
}

/* What the store can hold; sizes that don't count for this sizing are dropped. */
static bool fits(struct follow *f) {
    const int64_t most = 1000000000LL * DEC_ONE;
    const int64_t v[] = {f->fixed.micro, f->max_trade.micro, f->max_position.micro, f->max_day.micro, f->max_day_loss.micro, f->min_liquidity.micro, f->min_price.micro, f->max_price.micro};
    if (f->sizing == SIZING_FIXED)
        f->factor = DEC_ONE;
    else
        f->fixed = USD(0);
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        if (v[i] < 0 || v[i] > most)
            return false;
    return f->target_e4 <= 1000000;
}

/* What the desk knows beyond the record itself. */
static enum err check(const struct desk *d, const struct follow *f, char text[REASON_MAX]) {
    enum err e = follow_check(f, text);
    if (e != ERR_OK)
        return e;
    const struct acct *a = acct_find(d, f->account);
    if (a == NULL)
        return bad(text, ERR_NOT_FOUND, "no such account");
    if (mdl_of_account(d, f->account) != NULL)
        return bad(text, ERR_OWN_WALLET, "a model's account is its own: follow with an account of a person");
    if (f->model != 0) {
        const struct mdl *m = mdl_find(d, f->model);
        const struct acct *of = m != NULL ? acct_find(d, m->m.account) : NULL;
        if (m == NULL)
            return bad(text, ERR_NOT_FOUND, "no such model");
        if (of != NULL && of->a.venue != a->a.venue)
            return bad(text, ERR_BAD_VALUE, "the model trades on another venue than this account");
        return ERR_OK;
    }
    if (f->venue != a->a.venue)
        return bad(text, ERR_BAD_VALUE, "the wallet is on another venue than this account");
    if (!printable(f->wallet))
        return bad(text, ERR_BAD_VALUE, "a wallet is written without blanks, in plain letters");
    return follow_own_wallet(d, f->venue, f->wallet) ? ERR_OWN_WALLET : ERR_OK;
}

/* Two that are on may have one target, but not undo each other's trades on one account. */
static enum err conflict(const struct desk *d, const struct fol *f, char text[REASON_MAX]) {
    const struct follows *fs = d->follows;
    for (size_t i = 0; i < fs->n; i++) {
        const struct follow *g = &fs->list[i]->f;
        if (g->id == f->f.id || !g->enabled || g->deleted || g->account != f->f.account || g->strategy == f->f.strategy || !same_target(g, &f->f))
            continue;
        snprintf(text, REASON_MAX, "%s follows the same target the other way round on this account", fs->list[i]->strategy);
        return ERR_OPPOSITE_STRATEGY;
    }
    return ERR_OK;
}

static void off(struct desk *d, struct fol *f) {
    f->f.enabled = 0;
    fol_save(d, f);
    follow_activity(d, NULL);
}

/* Figures and what was seen are the record's own; a person gives the rest. */
static void edit(struct desk *d, struct fol *f, const struct follow *in) {
    const struct follow was = f->f;
    struct follow *now = &f->f;
    *now = *in;
    now->id = was.id;
    now->enabled = was.enabled;
    now->paused = was.paused;
    now->baselined = was.baselined;
    now->version = was.version;
    now->deleted = 0;
    now->day = was.day;
    now->day_trades = was.day_trades;
    now->day_volume = was.day_volume;
    now->day_pnl = was.day_pnl;
    now->watermark_us = was.watermark_us;
    now->created_us = was.created_us;
    now->executed = was.executed;
    now->skipped = was.skipped;
    now->failed = was.failed;
    fol_name(f);
    if (!same_target(&was, now) || was.strategy != now->strategy || was.account != now->account)
        off(d, f);
    if (now->paused && (now->max_day_loss.micro == 0 || now->day_pnl.micro > -now->max_day_loss.micro))
        now->paused = 0;
    follow_pause(d, f);
}

static enum err put(struct desk *d, const struct intent *in, struct fol **out, char text[REASON_MAX]) {
    struct follow f = in->u.follow;
    const struct acct *a = acct_find(d, f.account);
    wallet_lower(f.wallet, in->u.follow.wallet);
    utf8_sanitise(f.categories, sizeof f.categories, in->u.follow.categories, strnlen(in->u.follow.categories, sizeof f.categories - 1));
    if (f.venue == VENUE_NONE || f.model != 0)
        f.venue = a != NULL ? a->a.venue : VENUE_NONE;
    struct fol *x = f.id != 0 ? fol_find(d, f.id) : NULL;
    if (f.id != 0 && (x == NULL || x->f.deleted))
        return ERR_NOT_FOUND;
    enum err e = !fits(&f) ? bad(text, ERR_BAD_VALUE, "an amount is below 0 or too large") : check(d, &f, text);
    if (e != ERR_OK)
        return e;
    if (x != NULL && x->f.kind != f.kind)
        return bad(text, ERR_BAD_VALUE, "a copy stays a copy: its positions carry its name");
    if (x != NULL) {
        edit(d, x, &f);
    } else {
        f.id = d->next_num++;
        f.enabled = f.paused = f.deleted = f.baselined = 0;
        f.version = 0;
        f.day = (int32_t)(d->now_us / DAY_US);
        f.day_trades = 0;
        f.day_volume = f.day_pnl = USD(0);
        f.watermark_us = 0;
        f.created_us = d->now_us;
        f.executed = f.skipped = f.failed = 0;
        x = fol_add(d, &f);
    }
    history_add(d, HISTORY_FOLLOW, x->f.id, NULL, 0, in->u.follow.id != 0 ? "edited" : "created", "%s %s", x->strategy, x->f.wallet);
    *out = x;
    return ERR_OK;
}

/* What was traded before now is history: the venue is asked for a new baseline. */
static enum err turn_on(struct desk *d, struct fol *f, char text[REASON_MAX]) {
    enum err e = check(d, &f->f, text);
    if (e == ERR_OK)
        e = conflict(d, f, text);
    if (e != ERR_OK || f->f.enabled)
        return e;
    f->f.enabled = 1;
    f->f.baselined = f->f.model != 0;
    f->f.watermark_us = d->now_us;
    fol_save(d, f);
    follow_activity(d, f);
    if (f->f.model == 0 && !d->venues[f->f.venue].up)
        notice_about(d, NOTICE_WARN, 0, f->f.account, "%s is on; %s is down and can't be asked for its wallet yet", f->strategy, venue_name((enum venue_id)f->f.venue));
    return ERR_OK;
}

void intent_follow(struct desk *d, const struct intent *in) {
    char text[REASON_MAX] = "";
    struct fol *f = in->kind != INTENT_FOLLOW_PUT && in->order <= UINT32_MAX ? fol_find(d, (follow_id)in->order) : NULL;
    enum err e = !d->leader ? ERR_NOT_LEADER : !d->loaded ? ERR_RECONCILING : ERR_OK;
    if (e == ERR_OK && in->kind != INTENT_FOLLOW_PUT && (f == NULL || f->f.deleted))
        e = ERR_NOT_FOUND;
    if (e == ERR_OK && in->kind == INTENT_FOLLOW_PUT)
        e = put(d, in, &f, text);
    else if (e == ERR_OK && in->kind == INTENT_FOLLOW_ON)
        e = turn_on(d, f, text);
    else if (e == ERR_OK)
        off(d, f);
    if (e != ERR_OK) {
        char line[NOTE_MAX];
        snprintf(line, sizeof line, "%s%s%s", err_text(e), text[0] != 0 ? ": " : "", text);
        reply(d, in->token, e, NULL, line);
        return;
    }
    if (in->kind == INTENT_FOLLOW_DELETE) {
        f->f.deleted = 1;
        num_keep(d);
    }
    static const char *const words[] = {[INTENT_FOLLOW_ON] = "on", [INTENT_FOLLOW_OFF] = "off", [INTENT_FOLLOW_DELETE] = "deleted"};
    if (in->kind != INTENT_FOLLOW_PUT) {
        history_add(d, HISTORY_FOLLOW, f->f.id, NULL, 0, words[in->kind], "%s", f->strategy);
        notice_about(d, NOTICE_INFO, 0, f->f.account, "%s is %s", f->strategy, words[in->kind]);
    }
    fol_save(d, f);
    save_after(d, AFTER_REPLY, f->f.id, in->token, PRICE(0), QTY(0));
}
