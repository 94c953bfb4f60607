/* Themes: what the roles of a canvas look like. INI files, compiled in (themes/) or the user's own; each unset role is
 * inherited from the base theme. Colours come with fall-backs for 256, 16 and 8 colours and for none. */
#ifndef TURRET_UI_THEME_H
#define TURRET_UI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"
#include "turret/ui/canvas.h"

#define THEME_NAME_MAX 32

enum theme_attr { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8, ATTR_ITALIC = 16 };
enum theme_depth { DEPTH_MONO = 0, DEPTH_8 = 8, DEPTH_16 = 16, DEPTH_256 = 256, DEPTH_TRUE = 1 << 24 };

struct theme_colour { int32_t rgb; int16_t c256, c16; }; /* each -1 = not given; all -1 = the terminal's default */
struct theme_role { struct theme_colour fg, bg; uint8_t attrs, set; };
struct theme {
    char name[THEME_NAME_MAX];
    bool light;   /* made for a light background; it matters for the contrast check only */
    bool ascii_graph;
    struct theme_role role[ROLE_COUNT];
};

/* By name: the user's folder ($XDG_CONFIG_HOME/turret/themes, ~/.config/turret/themes), then compiled in. A name with a '/' is
 * a file. ERR_NOT_FOUND (with "did you mean") or ERR_CONFIG with "file:line: what" in text; out is then the default. */
enum err theme_load(const char *name, struct theme *out, char *text, size_t cap);
/* i-th compiled-in theme's name, NULL at the end. */
const char *theme_name_at(int i);
/* The colour number to use at a depth (0..255), or 0x1000000|rgb at DEPTH_TRUE, or -1 for the default. */
int32_t theme_pick(const struct theme_colour *c, enum theme_depth depth);
/* Lines of complaint about roles hard to read or to tell apart (malloc'd, "" = none); *count gets their number. */
char *theme_check(const struct theme *t, int *count);
const char *role_name(enum role r);

#endif
