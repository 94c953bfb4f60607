/* Followed traders, the targets: which wallets the venues are asked for, and each trade of a target taken in once, whatever
 * is polled again, comes twice, late or in another order. */
#include <string.h>

#include "desk/state_follow.h"
#include "turret/base/str.h"

/* --- asking ------------------------------------------------------------------------------------------------ */
static bool wants(const struct desk *d, const struct fol *f) { return d->leader && d->loaded && f->f.enabled && !f->f.deleted && f->f.model == 0; }

static void ask(struct desk *d, const struct tracked *w, int64_t since_us, bool on) {
    struct fx_activity *a = &fx_new(d, FX_ACTIVITY, (enum venue_id)w->venue)->u.activity;
    memcpy(a->wallet, w->wallet, sizeof a->wallet);
    a->since_us = since_us;
    a->on = on;
}

static struct tracked *tracked_find(struct follows *fs, uint64_t key, uint8_t venue) {
    for (size_t i = 0; i < fs->tracked_n; i++)
        if (fs->tracked[i].key == key && fs->tracked[i].venue == venue)
            return &fs->tracked[i];
    return NULL;
}

/* From where a wallet is asked: from the beginning while one of its followers has no baseline yet. */
static void ask_for(struct desk *d, struct tracked *w) {
    struct follows *fs = d->follows;
    int64_t since = INT64_MAX;
    for (size_t i = 0; i < fs->n; i++) {
        struct fol *f = fs->list[i];
        if (!wants(d, f) || f->key != w->key)
            continue;
        int64_t from = f->f.baselined && f->f.watermark_us > FOLLOW_OVERLAP_US ? f->f.watermark_us - FOLLOW_OVERLAP_US : 0;
        since = from < since ? from : since;
        f->asked_us = d->now_us;
    }
    w->up = d->venues[w->venue].up;
    ask(d, w, since == INT64_MAX ? 0 : since, true);
}

void follow_activity(struct desk *d, const struct fol *fresh) {
    struct follows *fs = d->follows;
    for (size_t i = 0; i < fs->n; i++) {
        struct fol *f = fs->list[i];
        struct tracked *w = tracked_find(fs, f->key, f->f.venue);
        if (!wants(d, f) || (w != NULL && f != fresh))
            continue;
        if (w == NULL) {
            fs->tracked = xgrow(fs->tracked, &fs->tracked_cap, fs->tracked_n + 1, sizeof *fs->tracked);
            w = &fs->tracked[fs->tracked_n++];
            *w = (struct tracked){.key = f->key, .venue = f->f.venue};
            memcpy(w->wallet, f->f.wallet, sizeof w->wallet);
        }
        ask_for(d, w);
    }
    for (size_t k = 0; k < fs->tracked_n;) {
        bool any = false;
        for (size_t i = 0; i < fs->n; i++)
            any = any || (wants(d, fs->list[i]) && fs->list[i]->key == fs->tracked[k].key);
        if (any) {
            k++;
            continue;
        }
        ask(d, &fs->tracked[k], 0, false);
        fs->tracked[k] = fs->tracked[--fs->tracked_n];
    }
}

/* --- taking in ----------------------------------------------------------------------------------------------- */
void follow_skip(struct desk *d, struct ftrade *t, enum err why, const char *text) {
    struct fol *f = t->f;
    t->t.status = FOLLOWED_SKIPPED;
    t->t.reason = (int32_t)why;
    str_copy(t->t.text, sizeof t->t.text, text != NULL && text[0] != 0 ? text : err_text(why));
    ftrade_save(d, t);
    if (why == ERR_OK) /* the baseline */
        return;
    f->f.skipped++;
    fol_save(d, f);
    if (d->now_us - f->told_us < SECOND_US) /* a flood is told of once a second; the rows have it all */
        return;
    f->told_us = d->now_us;
    notice_about(d, NOTICE_INFO, t->t.market, f->f.account, "%s: not followed: %s", f->strategy, t->t.text);
}

static bool sound(const struct target_trade *t) {
    const int64_t most = 100000000000LL * DEC_ONE;
    return t->px.micro > 0 && t->px.micro < most && t->size.micro > 0 && t->size.micro < most && t->side <= SIDE_SHORT && t->action <= ACTION_SELL;
}

static enum err refuse_at_once(const struct desk *d, const struct fol *f, const struct target_trade *t, bool loop) {
    enum err own = ERR_OK;
    if (!sound(t))
        return ERR_BAD_VALUE;
    if (loop)
        return ERR_FOLLOW_LOOP;
    if (f->f.model == 0 && follow_own_trade(d, f->f.venue, t->trade, &own))
        return own;
    return f->waiting >= FOLLOW_WAITING ? ERR_RATE_LIMITED : ERR_OK;
}

void target_seen(struct desk *d, struct fol *f, const struct target_trade *t, bool loop) {
    const int64_t horizon = d->now_us - FOLLOW_KEEP_US > f->forgotten_us ? d->now_us - FOLLOW_KEEP_US : f->forgotten_us;
    if (!f->f.enabled || f->f.deleted || t->trade[0] == 0 || t->at_us <= horizon || ftrade_find(d, f->f.id, t->trade) != NULL)
        return;
    const int64_t mark = t->at_us < d->now_us ? t->at_us : d->now_us; /* a venue's clock may be ahead */
    struct follow_trade row = {.follow = f->f.id, .status = FOLLOWED_DETECTED, .side = t->side, .action = t->action, .market = t->market, .px = t->px, .size = t->size,
                               .at_us = mark, .seen_us = d->now_us, .due_us = d->now_us + f->f.delay_ms * 1000LL};
    str_copy(row.trade, sizeof row.trade, t->trade);
    if (sound(t)) {
        follow_ours(&f->f, t->side, t->action, &row.our_side, &row.our_action);
    } else { /* what can't be right is kept as nothing */
        row.side = row.action = 0;
        row.px = PRICE(0);
        row.size = QTY(0);
    }
    const bool history = t->baseline && (!f->f.baselined || t->at_us <= f->f.watermark_us);
    enum err e = history ? ERR_OK : refuse_at_once(d, f, t, loop);
    if (!t->baseline)
        f->f.baselined = 1;
    if (mark > f->f.watermark_us)
        f->f.watermark_us = mark;
    fol_save(d, f);
    row.status = history || e != ERR_OK ? FOLLOWED_SKIPPED : FOLLOWED_DETECTED;
    struct ftrade *x = ftrade_add(d, f, &row);
    if (row.status == FOLLOWED_SKIPPED)
        follow_skip(d, x, e, history ? "baseline" : NULL);
    else
        ftrade_save(d, x);
}

void on_target(struct desk *d, const struct event *ev) {
    struct target_trade t = ev->u.target;
    if (d->follows == NULL || !d->loaded || !d->leader)
        return;
    wallet_lower(t.wallet, ev->u.target.wallet);
    for (size_t i = 0; t.trade[i] != 0; i++) /* it is stored and shown */
        if (t.trade[i] <= ' ' || t.trade[i] > '~')
            t.trade[i] = '?';
    const uint64_t key = wallet_key((uint8_t)ev->venue, t.wallet);
    for (size_t i = 0; i < d->follows->n; i++) {
        struct fol *f = d->follows->list[i];
        if (f->key == key && f->f.model == 0 && strcmp(f->f.wallet, t.wallet) == 0)
            target_seen(d, f, &t, false);
    }
}

/* --- the beat ------------------------------------------------------------------------------------------------ */
/* A wallet that was quiet since it was asked for has an empty baseline. */
static void quiet_baseline(struct desk *d, struct fol *f) {
    if (!wants(d, f) || f->f.baselined || f->asked_us == 0 || !d->venues[f->f.venue].up || d->now_us - f->asked_us < FOLLOW_OVERLAP_US)
        return;
    f->f.baselined = 1;
    f->f.watermark_us = d->now_us > f->f.watermark_us ? d->now_us : f->f.watermark_us;
    fol_save(d, f);
}

void follow_timer(struct desk *d) {
    struct follows *fs = d->follows;
    if (fs == NULL || !d->loaded)
        return;
    const bool prune = d->now_us - fs->pruned_us >= MINUTE_US;
    for (size_t i = 0; i < fs->n; i++) {
        follow_day(d, fs->list[i]);
        quiet_baseline(d, fs->list[i]);
        if (prune && fs->list[i]->n > 0)
            ftrades_prune(d, fs->list[i]);
    }
    if (prune)
        fs->pruned_us = d->now_us;
    follow_activity(d, NULL); /* leadership comes and goes */
    for (size_t i = 0; i < fs->tracked_n; i++) { /* what happened while the venue was away */
        const bool up = d->venues[fs->tracked[i].venue].up;
        if (up && !fs->tracked[i].up)
            ask_for(d, &fs->tracked[i]);
        fs->tracked[i].up = up;
    }
}
