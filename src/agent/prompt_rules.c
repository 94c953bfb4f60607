/* A variant's limits in words. What a prompt says of a rule is made here from the same figures the desk enforces. */
#include <string.h>

#include "agent/prompt_parts.h"
#include "turret/trade/risk.h"

static int64_t limit_value(const struct agent_limits *l, const struct risk_limit_info *info) {
    int64_t v;
    memcpy(&v, (const char *)l + info->offset, sizeof v);
    return v;
}

static void duration_words(int64_t ms, struct str *out) {
    if (ms % 3600000 == 0)
        str_addf(out, "%lld hour%s", (long long)(ms / 3600000), ms == 3600000 ? "" : "s");
    else if (ms % 60000 == 0)
        str_addf(out, "%lld minute%s", (long long)(ms / 60000), ms == 60000 ? "" : "s");
    else
        str_addf(out, "%lld.%03lld seconds", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void ppm_words(int64_t ppm, const char *unit, struct str *out) {
    if (strcmp(unit, "ppm of risk") == 0) { /* a multiple */
        prompt_dec(out, ppm, 1);
        return;
    }
    int64_t percent = ppm * 100;
    prompt_dec(out, percent, 0);
    str_addc(out, '%');
}

void limit_words(const struct agent_limits *l, const char *key, const char *off, struct str *out) {
    int n;
    const struct risk_limit_info *t = agent_limit_table(&n);
    for (int i = 0; i < n; i++) {
        if (strcmp(t[i].key, key) != 0)
            continue;
        int64_t v = limit_value(l, &t[i]);
        if (v == 0)
            str_add(out, off);
        else if (strcmp(t[i].unit, "0 or 1") == 0)
            str_add(out, "required");
        else if (strcmp(t[i].kind, "usd") == 0)
            prompt_dec(out, v, 0), str_add(out, " USD");
        else if (strcmp(key, "min_volume_ratio") == 0)
            prompt_dec(out, v, 2);
        else if (strcmp(t[i].kind, "ppm") == 0)
            ppm_words(v, t[i].unit, out);
        else if (strcmp(t[i].kind, "ms") == 0)
            duration_words(v, out);
        else
            str_addf(out, "%lld%s", (long long)v, strcmp(t[i].unit, "x") == 0 ? "x" : "");
    }
}

void put_HALF_RISK(const struct prompt_ctx *c, struct str *out) {
    struct agent_limits half = c->m->limits;
    half.max_risk /= 2;
    limit_words(&half, "max_risk", "an unlimited share", out);
}

void put_VARIANT(const struct prompt_ctx *c, struct str *out) { str_add(out, c->m->variant); }

/* One sentence a rule; '%' stands for the figure. The code is what a refusal of it is called. */
static const struct sentence { const char *key, *text, *code; } sentences[] = {
    {"max_leverage", "Leverage of a position is at most %.", "risk_leverage"},
    {"stop_required", "Every new position needs a stop on the losing side of the price (binary contracts may go without one: their whole cost then counts as risk).", "risk_stop_required"},
    {"max_risk", "The loss at the stop of one position, sized as it will be after the order, is at most % of equity.", "risk_per_trade"},
    {"full_confidence", "Below a confidence of % a position may use only half of that risk.", "risk_per_trade"},
    {"max_exposure", "The value of all positions and working orders together is at most % of equity.", "risk_exposure"},
    {"min_cash", "At least % of available cash stays after every order.", "risk_min_cash"},
    {"min_notional", "A new position is worth at least %.", "risk_min_notional"},
    {"max_positions", "At most % positions are open at a time.", "risk_positions"},
    {"min_confidence", "A confidence below % opens nothing.", "risk_confidence"},
    {"min_reward", "The reward to the target is at least % times the risk to the stop.", "risk_reward"},
    {"max_funding", "No new longs while the funding rate is above %, no new shorts while it is below its negative.", "risk_funding"},
    {"max_drawdown", "Once equity has fallen % from its highest value nothing new is opened; exits always pass.", "risk_drawdown"},
    {"cooldown", "After a position closes, that market can't be entered again for %.", "risk_cooldown"},
    {"min_volume_ratio", "No entry while the 5-minute volume ratio of the market is below %.", "risk_volume"},
};

void put_RULES(const struct prompt_ctx *c, struct str *out) {
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        struct str figure;
        str_init(&figure);
        limit_words(&c->m->limits, sentences[i].key, "", &figure);
        if (figure.len > 0) { /* empty: switched off, so nothing is claimed */
            const char *t = sentences[i].text, *mark = strchr(t, '%');
            str_add(out, "- ");
            str_add_n(out, t, mark ? (size_t)(mark - t) : strlen(t));
            if (mark)
                str_add(out, figure.p), str_add(out, mark + 1);
            str_addf(out, " [%s]\n", sentences[i].code);
        }
        str_free(&figure);
    }
    str_add(out, "- An exit plan may only get tighter; a stop on the wrong side of the price is refused. [widens_risk, stop_side, target_side]\n"
                 "- A market is acted on once in a run. [already_acted]");
}
