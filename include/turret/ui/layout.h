/* Layouts as data: page x size class gives the panes and their rectangles. */
#ifndef TURRET_UI_LAYOUT_H
#define TURRET_UI_LAYOUT_H

#include <stdbool.h>

#include "turret/ui/canvas.h"

#define PAGE_COUNT 13 /* the tenth is page 0 on the keys, the last three have F2 to F4 */
#define LAYOUT_MAX 9

enum size_class { SIZE_TINY /* one line: below 40x10 */, SIZE_POCKET, SIZE_MID /* from 80x24 */, SIZE_BIG /* from 120x36 */ };
enum size_class size_class_of(int w, int h);

struct layout_place { const char *pane; struct rect at; };
/* Places of the page's panes inside `body`, in Tab order; returns the count. `only` (zoom, or a pane that has no place of
 * its own at this size): that pane takes the whole body. `hide_log` gives the log's rows to the others. */
int layout_places(int page, enum size_class size, struct rect body, const char *only, bool hide_log, struct layout_place out[LAYOUT_MAX]);
/* All panes of the page in Tab order, also those this size has no room for. */
int layout_panes(int page, const char *out[LAYOUT_MAX]);
const char *page_title(int page); /* "Main" */
const char *page_short(int page); /* "Main", "Pos": where tabs have little room */
const char *page_key(int page);   /* "1" ... "0", "F2" */
/* Moves the lower edge of place i by `rows`, and the places below it; false if there is no room. */
bool layout_grow(struct layout_place *p, int n, int i, int rows, struct rect body);

#endif
