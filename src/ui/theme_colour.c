/* Colour arithmetic: fall-backs between depths, and the check that a theme can be read, also by people who see fewer
 * hues. WCAG 2.1 contrast; deficiencies after Vienot, Brettel and Mollon 1999 (linear RGB). */
#include <math.h>
#include <stdlib.h>

#include "turret/base/str.h"
#include "turret/ui/theme.h"

static const int32_t SIXTEEN[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
    0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff}; /* xterm's */
static const int CUBE[6] = {0, 95, 135, 175, 215, 255};

static int32_t rgb_of_256(int i) {
    if (i < 16)
        return SIXTEEN[i];
    if (i >= 232)
        return (8 + (i - 232) * 10) * 0x010101;
    i -= 16;
    return CUBE[i / 36] << 16 | CUBE[i / 6 % 6] << 8 | CUBE[i % 6];
}

static int32_t distance(int32_t a, int32_t b) {
    int32_t r = (a >> 16 & 255) - (b >> 16 & 255), g = (a >> 8 & 255) - (b >> 8 & 255), l = (a & 255) - (b & 255);
    return 2 * r * r + 4 * g * g + 3 * l * l;
}

static int nearest(int32_t rgb, int from, int to) {
    int best = from;
    for (int i = from; i < to; i++)
        if (distance(rgb, rgb_of_256(i)) < distance(rgb, rgb_of_256(best)))
            best = i;
    return best;
}

int32_t theme_pick(const struct theme_colour *c, enum theme_depth depth) {
    int32_t rgb = c->rgb >= 0 ? c->rgb : c->c256 >= 0 ? rgb_of_256(c->c256) : -1;
    if (depth == DEPTH_TRUE && c->rgb >= 0)
        return 0x1000000 | c->rgb;
    if (depth >= DEPTH_256 && c->c256 >= 0)
        return c->c256;
    if (depth >= DEPTH_256 && c->rgb >= 0)
        return nearest(c->rgb, 16, 256);
    if (depth == DEPTH_MONO)
        return -1;
    int32_t sixteen = c->c16 >= 0 ? c->c16 : rgb >= 0 ? nearest(rgb, 0, 16) : -1;
    return depth == DEPTH_8 && sixteen >= 8 ? sixteen - 8 : sixteen;
}

/* --- the check --- */

struct linear { double r, g, b; };

static double linear_of(int v) {
    double s = v / 255.0;
    return s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
}
static struct linear linear_rgb(int32_t rgb) {
    return (struct linear){linear_of(rgb >> 16 & 255), linear_of(rgb >> 8 & 255), linear_of(rgb & 255)};
}
static double luminance(struct linear c) { return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b; }

static double contrast(int32_t a, int32_t b) {
    double x = luminance(linear_rgb(a)), y = luminance(linear_rgb(b));
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* 0 full sight, 1 protanopia, 2 deuteranopia, 3 tritanopia, 4 grey */
static struct linear seen(int32_t rgb, int sight) {
    static const double M[5][9] = {{1, 0, 0, 0, 1, 0, 0, 0, 1},
        {0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1},
        {0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1},
        {1.00000, 0.1461, -0.1461, 0, 0.85924, 0.14076, 0, 0.85924, 0.14076},
        {0.2126, 0.7152, 0.0722, 0.2126, 0.7152, 0.0722, 0.2126, 0.7152, 0.0722}};
    struct linear c = linear_rgb(rgb);
    const double *m = M[sight];
    return (struct linear){m[0] * c.r + m[1] * c.g + m[2] * c.b, m[3] * c.r + m[4] * c.g + m[5] * c.b, m[6] * c.r + m[7] * c.g + m[8] * c.b};
}

static double apart(int32_t a, int32_t b, int sight) {
    struct linear x = seen(a, sight), y = seen(b, sight);
    double r = cbrt(x.r) - cbrt(y.r), g = cbrt(x.g) - cbrt(y.g), l = cbrt(x.b) - cbrt(y.b);
    return sqrt(r * r + g * g + l * l); /* cube roots: about as the eye spaces them */
}

static int32_t colour_rgb(const struct theme_colour *c) {
    return c->rgb >= 0 ? c->rgb : c->c256 >= 0 ? rgb_of_256(c->c256) : c->c16 >= 0 ? SIXTEEN[c->c16] : -1;
}

static void check_pair(const struct theme *t, enum role a, enum role b, struct str *out, int *count) {
    static const char *const SIGHTS[5] = {"", " with protanopia", " with deuteranopia", " with tritanopia", " in grey"};
    int32_t x = colour_rgb(&t->role[a].fg), y = colour_rgb(&t->role[b].fg);
    if (t->role[a].attrs != t->role[b].attrs)
        return; /* a second cue besides hue */
    if (x < 0 && y < 0) {
        str_addf(out, "%s and %s look the same\n", role_name(a), role_name(b));
        ++*count;
        return;
    }
    if (x < 0 || y < 0)
        return;
    for (int sight = 0; sight < 5; sight++) {
        if (apart(x, y, sight) >= 0.1)
            continue;
        str_addf(out, "%s and %s are hard to tell apart%s: add +bold or +underline to one\n", role_name(a), role_name(b), SIGHTS[sight]);
        ++*count;
        return;
    }
}

char *theme_check(const struct theme *t, int *count) {
    struct str out;
    str_init(&out);
    str_add(&out, "");
    *count = 0;
    for (int r = 0; r < ROLE_COUNT; r++) {
        int32_t fg = colour_rgb(&t->role[r].fg), own = colour_rgb(&t->role[r].bg);
        bool quiet = r == ROLE_BORDER || r == ROLE_AXIS || r == ROLE_MUTED || r == ROLE_BID_BAR || r == ROLE_ASK_BAR || r == ROLE_HINT;
        bool named = t->role[r].fg.rgb < 0 && t->role[r].fg.c256 < 0; /* the 16 are the user's own choice */
        if (fg < 0 || (named && own < 0))
            continue;
        int32_t bg = own >= 0 ? own : t->light ? 0xffffff : 0x000000;
        double got = contrast(fg, bg), want = quiet ? 2.0 : 4.5;
        if (got >= want)
            continue;
        str_addf(&out, "%s: contrast %.1f on a %s background, want %.1f\n", role_name((enum role)r), got,
                 own >= 0 ? "given" : t->light ? "light" : "dark", want);
        ++*count;
    }
    check_pair(t, ROLE_UP, ROLE_DOWN, &out, count);
    check_pair(t, ROLE_BID, ROLE_ASK, &out, count);
    check_pair(t, ROLE_PAPER, ROLE_LIVE, &out, count);
    return out.p;
}
