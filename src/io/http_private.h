/* Which URLs are this machine's and when to come back: the parts of http.c without a connection. */
#ifndef TURRET_IO_HTTP_PRIVATE_H
#define TURRET_IO_HTTP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

bool http_url_loopback(const char *url);
/* Retry-After-Ms, then Retry-After (seconds or an HTTP date), either may be NULL. -1 = none or unreadable; at most a day. */
int64_t http_retry_after(const char *ms, const char *after, int64_t now_us);
/* Frees what ws_close could not free where it was called (ws.c). */
void ws_sweep(void);

#endif
