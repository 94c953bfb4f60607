/* Clocks, and times as text. UTC microseconds for what is stored and shown, monotonic ones for timers.
 * Calendar arithmetic is our own (days since 1970, proleptic Gregorian): no locale, no time zone. */
#include "turret/io/loop.h"

#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t clock_now_us(void) {
    static int64_t last;
    int64_t now = read_clock(CLOCK_REALTIME);
    if (now > last)
        last = now; /* a clock set back stands still until real time has caught up */
    return last;
}

struct civil {
    int64_t year;
    int month, day;
};

/* Howard Hinnant's algorithms: days since 1970-01-01 to a date and back. */
static struct civil civil_from_days(int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){yoe + era * 400 + (month <= 2), month, (int)(doy - (153 * mp + 2) / 5 + 1)};
}

static int64_t days_from_civil(int64_t y, int month, int day) {
    y -= month <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

void clock_format_time(int64_t us, char buf[16]) {
    int64_t sec = floor_div(us, 1000000);
    int s = (int)(sec - floor_div(sec, 86400) * 86400);
    snprintf(buf, 16, "%02d:%02d:%02dZ", s / 3600 % 24, s / 60 % 60, s % 60);
}

void clock_format_rfc3339(int64_t us, char buf[32]) {
    int64_t ms = floor_div(us, 1000), sec = floor_div(ms, 1000), day = floor_div(sec, 86400);
    int s = (int)(sec - day * 86400);
    struct civil c = civil_from_days(day);
    char text[96];
    snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)c.year, c.month, c.day, s / 3600,
             s / 60 % 60, s % 60, (int)(ms - sec * 1000));
    str_copy(buf, 32, text);
}

static bool digits(const char **s, int n, int *out) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *s += n;
    *out = v;
    return true;
}

static bool expect(const char **s, const char *set) {
    if (!**s || !strchr(set, **s))
        return false;
    (*s)++;
    return true;
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* "Z", "+01:00", "-0530": minutes to take off. */
static bool parse_zone(const char **s, int *minutes) {
    int h, m;
    if (expect(s, "Zz")) {
        *minutes = 0;
        return true;
    }
    int sign = **s == '-' ? -1 : 1;
    if (!expect(s, "+-") || !digits(s, 2, &h))
        return false;
    expect(s, ":");
    if (!digits(s, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

bool clock_parse_rfc3339(const char *s, int64_t *us) {
    int year, month, day, h, m, sec, zone;
    int64_t frac = 0;
    if (!digits(&s, 4, &year) || !expect(&s, "-") || !digits(&s, 2, &month) || !expect(&s, "-") || !digits(&s, 2, &day) ||
        !expect(&s, "Tt ") || !digits(&s, 2, &h) || !expect(&s, ":") || !digits(&s, 2, &m) || !expect(&s, ":") ||
        !digits(&s, 2, &sec))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || h > 23 || m > 59 || sec > 60)
        return false;
    if (expect(&s, ".")) {
        int64_t unit = 100000;
        if (*s < '0' || *s > '9')
            return false;
        for (; *s >= '0' && *s <= '9'; s++, unit /= 10) /* digits beyond the microsecond are dropped */
            frac += (*s - '0') * unit;
    }
    if (!parse_zone(&s, &zone) || *s)
        return false;
    int64_t t = days_from_civil(year, month, day) * 86400 + h * 3600 + m * 60 + sec - (int64_t)zone * 60;
    *us = t * 1000000 + frac;
    return true;
}

void clock_format_age(int64_t us, char buf[16]) {
    if (us < 0)
        us = 0;
    int64_t s = us / 1000000;
    if (s < 10)
        snprintf(buf, 16, "%d.%ds", (int)s, (int)(us / 100000 % 10));
    else if (s < 60)
        snprintf(buf, 16, "%ds", (int)s);
    else if (s < 3600)
        snprintf(buf, 16, "%dm", (int)(s / 60));
    else if (s < 48 * 3600)
        snprintf(buf, 16, "%dh", (int)(s / 3600));
    else
        snprintf(buf, 16, "%lldd", (long long)(s / 86400));
}

static const struct unit {
    const char *name;
    int64_t us;
} units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}, {"d", 86400000000}};

static const struct unit *unit_find(const char *s, size_t n) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == n && !strncmp(units[i].name, s, n))
            return &units[i];
    return NULL;
}

bool duration_parse(const char *s, int64_t *us) {
    int64_t total = 0;
    if (!*s)
        return false;
    while (*s) {
        int64_t whole = 0, frac = 0, scale = 1, part, tail;
        const char *start = s;
        for (; *s >= '0' && *s <= '9'; s++)
            if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *s - '0', &whole))
                return false;
        if (s == start)
            return false;
        if (*s == '.')
            for (s++; *s >= '0' && *s <= '9'; s++)
                if (scale < 1000000)
                    frac = frac * 10 + (*s - '0'), scale *= 10;
        size_t n = strspn(s, "usmhd");
        const struct unit *u = n ? unit_find(s, n) : &units[2];
        bool bare = n == 0; /* a plain number is seconds and must stand alone */
        if (!u || (bare && (*s || total)))
            return false;
        s += n;
        tail = frac * u->us / scale;
        if (__builtin_mul_overflow(whole, u->us, &part) || __builtin_add_overflow(part, tail, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
    }
    *us = total;
    return true;
}
