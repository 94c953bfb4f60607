/* The process's one curl multi handle, its sockets and its timer watched by libev: what http.c and ws.c share. */
#ifndef TURRET_IO_MULTI_H
#define TURRET_IO_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>

/* Who is told that curl is done with an easy handle. Never called from inside of curl. */
struct multi_owner { void (*done)(struct multi_owner *o, CURLcode code); };

void multi_open(void); /* once or more often */
bool multi_add(CURL *easy, struct multi_owner *owner);
void multi_remove(CURL *easy); /* not while multi_inside */
/* curl is at work and calls back: nothing may call it now. */
bool multi_inside(void);
/* What every connection has in common: TLS verified against the system's authorities (or those of SSL_CERT_FILE, SSL_CERT_DIR, as other
 * programs have it), no signals, no redirects, no proxy to this machine. */
bool multi_rules(CURL *easy, bool loopback);
void multi_close(void);

#endif
