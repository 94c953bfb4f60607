/* Numbers and times as text: fixed decimals per market, cents for binary markets, UTC everywhere. */
#include "ui/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "turret/base/str.h"

#define US 1000000LL

static int price_shown_digits(const struct market *m, unsigned flags) {
    int digits = m ? m->price_digits : 4;
    if (format_cents(m))
        digits = digits > 2 ? digits - 2 : 0;
    if ((flags & FORMAT_FINE) && digits < 2) /* an average lies between ticks; finer than cents nobody reads */
        digits++;
    return digits > DEC_DIGITS ? DEC_DIGITS : digits;
}

char *format_price(const struct market *m, price px, unsigned flags, char buf[FORMAT_MAX]) {
    if (!px.micro)
        return str_copy(buf, FORMAT_MAX, "-");
    if (!m) {
        dec_format(px.micro, 0, buf);
        return buf;
    }
    const int64_t shown = format_cents(m) ? px.micro * 100 : px.micro;
    const size_t n = dec_format_fixed(shown, price_shown_digits(m, flags), true, buf);
    if (format_cents(m) && (flags & FORMAT_UNIT))
        str_copy(buf + n, FORMAT_MAX - n, (flags & FORMAT_ASCII) ? "c" : "¢");
    return buf;
}

char *format_size(const struct market *m, qty size, char buf[FORMAT_MAX]) {
    /* The market's digits, but never rounding a size that has more: a size shown is a size sent. */
    int digits = m ? m->qty_digits : 0;
    int64_t unit = DEC_ONE;
    for (int i = 0; i < digits; i++)
        unit /= 10;
    while (digits < DEC_DIGITS && unit > 1 && size.micro % unit)
        digits++, unit /= 10;
    dec_format_fixed(size.micro, digits, true, buf);
    return buf;
}

char *format_usd(usd cash, char buf[FORMAT_MAX]) {
    dec_format_fixed(cash.micro, 2, true, buf);
    if (!strcmp(buf, "-0.00"))
        str_copy(buf, FORMAT_MAX, "0.00");
    return buf;
}

char *format_pnl(usd cash, char buf[FORMAT_MAX]) {
    char text[FORMAT_MAX];
    format_usd(cash, text);
    const bool plus = text[0] != '-' && strcmp(text, "0.00") != 0;
    snprintf(buf, FORMAT_MAX, "%s%.40s", plus ? "+" : "", text);
    return buf;
}

char *format_usd_short(usd cash, char buf[FORMAT_MAX]) {
    static const struct {
        int64_t unit;
        const char *name;
    } units[] = {{1000000000, "B"}, {1000000, "M"}, {1000, "k"}};
    const int64_t whole = cash.micro / DEC_ONE, size = whole < 0 ? -whole : whole;
    for (int i = 0; i < 3; i++)
        if (size >= units[i].unit) {
            const size_t n = dec_format_fixed(cash.micro / units[i].unit, 1, false, buf);
            str_copy(buf + n, FORMAT_MAX - n, units[i].name);
            return buf;
        }
    dec_format_fixed(cash.micro, size < 10 ? 2 : 0, false, buf);
    return buf;
}

char *format_percent(int64_t part, int64_t whole, int digits, bool sign, char buf[FORMAT_MAX]) {
    int64_t ratio = 0;
    if (!whole || !dec_muldiv(part, 100 * DEC_ONE, whole < 0 ? -whole : whole, ROUND_HALF_EVEN, &ratio))
        return str_copy(buf, FORMAT_MAX, "-");
    char text[FORMAT_MAX];
    dec_format_fixed(ratio, digits, true, text);
    bool zero = true;
    for (const char *p = text; *p; p++)
        if (*p >= '1' && *p <= '9')
            zero = false;
    snprintf(buf, FORMAT_MAX, "%s%.40s%%", sign && !zero && text[0] != '-' ? "+" : "",
             zero && text[0] == '-' ? text + 1 : text);
    return buf;
}

char *format_age(int64_t us, char buf[FORMAT_MAX]) {
    if (us < 0)
        us = 0;
    if (us < US)
        snprintf(buf, FORMAT_MAX, "%dms", (int)(us / 1000));
    else if (us < 100 * US)
        snprintf(buf, FORMAT_MAX, "%ds", (int)(us / US));
    else if (us < 100 * 60 * US)
        snprintf(buf, FORMAT_MAX, "%dm", (int)(us / (60 * US)));
    else if (us < 48 * 3600 * US)
        snprintf(buf, FORMAT_MAX, "%dh", (int)(us / (3600 * US)));
    else
        snprintf(buf, FORMAT_MAX, "%lldd", (long long)(us / (86400 * US)));
    return buf;
}

char *format_left(int64_t us, char buf[FORMAT_MAX]) {
    const long long s = us > 0 ? us / US : 0;
    if (s < 60)
        snprintf(buf, FORMAT_MAX, "%llds", s);
    else if (s < 3600)
        snprintf(buf, FORMAT_MAX, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buf, FORMAT_MAX, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(buf, FORMAT_MAX, "%lldd%02lldh", s / 86400, s / 3600 % 24);
    return buf;
}

static void utc_of(int64_t us, struct tm *tm) {
    const time_t s = (time_t)(us >= 0 ? us / US : (us - US + 1) / US);
    if (!gmtime_r(&s, tm))
        memset(tm, 0, sizeof *tm);
}

char *format_clock(int64_t us, char buf[FORMAT_MAX]) {
    struct tm tm;
    utc_of(us, &tm);
    snprintf(buf, FORMAT_MAX, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    return buf;
}

char *format_clock_ms(int64_t us, char buf[FORMAT_MAX]) {
    char clock[FORMAT_MAX];
    snprintf(buf, FORMAT_MAX, "%.20s.%03d", format_clock(us, clock), (int)(us % US / 1000));
    return buf;
}

char *format_minute(int64_t us, char buf[FORMAT_MAX]) {
    struct tm tm;
    utc_of(us, &tm);
    snprintf(buf, FORMAT_MAX, "%02d:%02d", tm.tm_hour, tm.tm_min);
    return buf;
}

char *format_rfc3339(int64_t us, char buf[FORMAT_MAX]) {
    buf[0] = 0;
    if (us <= 0)
        return buf;
    struct tm tm;
    utc_of(us, &tm);
    snprintf(buf, FORMAT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us % US));
    return buf;
}

char *format_day(int32_t day, char buf[FORMAT_MAX]) {
    struct tm tm;
    utc_of((int64_t)day * 86400 * US, &tm);
    snprintf(buf, FORMAT_MAX, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    return buf;
}

const char *format_side(enum order_side side) {
    static const char *const names[] = {"YES", "NO", "LONG", "SHORT"};
    return (unsigned)side < 4 ? names[side] : "?";
}

const char *format_action(enum order_action action) {
    return action == ACTION_SELL ? "SELL" : "BUY";
}

char *format_upper(const char *name, char buf[FORMAT_MAX]) {
    str_copy(buf, FORMAT_MAX, name);
    for (char *p = buf; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    return buf;
}

const char *format_venue(enum venue_id v) {
    static const struct { enum venue_id id; const char *title; } titles[] = {{VENUE_POLYMARKET, "Polymarket"}, {VENUE_KALSHI, "Kalshi"}, {VENUE_LIGHTER, "Lighter"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].id == v)
            return titles[i].title;
    return venue_name(v);
}

char *format_allowance(usd cash, char buf[FORMAT_MAX]) {
    if (cash.micro < 1000000000LL * DEC_ONE)
        return format_usd(cash, buf);
    snprintf(buf, FORMAT_MAX, "unlimited");
    return buf;
}

char *format_age_calm(int64_t us, char buf[FORMAT_MAX]) {
    if (us >= 1000000)
        return format_age(us, buf);
    snprintf(buf, FORMAT_MAX, "%s0.%ds", us < 100000 ? "<" : "", us < 100000 ? 1 : (int)(us / 100000));
    return buf;
}
