/* An archive that exists before its database does. */
#ifndef APP_ARCHIVE_LATE_H
#define APP_ARCHIVE_LATE_H

#include "turret/store/archive.h"

struct archive *archive_late_new(void);
/* From here on everything goes to `behind`, which it owns. */
void archive_late_set(struct archive *a, struct archive *behind);

#endif
