/* Between list.c and list_draw.c. */
#ifndef UI_LIST_PRIVATE_H
#define UI_LIST_PRIVATE_H

#include "ui/list.h"

/* Fetches, filters and orders the rows and puts the cursor on its row. */
void list_refresh(struct session *s, void *state, struct list *l, const struct list_source *src, struct list_rows *rows,
                  int64_t now_us);

#endif
