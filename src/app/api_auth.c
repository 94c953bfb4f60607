/* Who may use the order API: who has the token, and (unless it is public) names this machine as the host, so that no web page can be
 * made to ask in somebody's browser. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/api_impl.h"
#include "turret/base/mem.h"
#include "turret/io/secret.h"

#define TOKEN_BYTES 32
#define TOKEN_LEAST 20 /* characters of one that a person made */

void api_digest(const void *bytes, size_t n, uint8_t out[API_DIGEST]) {
    unsigned len = API_DIGEST;
    if (EVP_Digest(bytes, n, out, &len, EVP_sha256(), NULL) != 1)
        memset(out, 0, API_DIGEST);
}

/* Whole or not at all: written beside, then renamed. */
static bool token_write(const char *path, const char *text) {
    char beside[4300];
    snprintf(beside, sizeof beside, "%.4200s.new", path);
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return good && rename(beside, path) == 0;
}

static enum err token_make(const char *data_dir, uint8_t digest[API_DIGEST], char *text, size_t cap) {
    uint8_t bytes[TOKEN_BYTES];
    char path[4200], token[TOKEN_BYTES * 2 + 2];
    snprintf(path, sizeof path, "%.4000s/%s", data_dir, API_TOKEN_FILE);
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        snprintf(text, cap, "no random bytes for the token: %s", strerror(errno));
        return ERR_IO;
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + i * 2, 4, "%02x\n", bytes[i]);
    bool good = token_write(path, token);
    if (!good)
        snprintf(text, cap, "can't write %.300s: %s", path, strerror(errno));
    api_digest(token, sizeof bytes * 2, digest);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(token, sizeof token);
    return good ? ERR_OK : ERR_IO;
}

enum err api_token_read(struct api *a, const char *data_dir, char *text, size_t cap) {
    struct secret s;
    enum err e = secret_read(data_dir, API_TOKEN_FILE, &s, text, cap);
    if (e == ERR_NOT_FOUND)
        return token_make(data_dir, a->token, text, cap);
    if (e == ERR_OK && s.len < TOKEN_LEAST) {
        snprintf(text, cap, "%s: the token is too short: at least %d characters; without the file a new one is made", API_TOKEN_FILE, TOKEN_LEAST);
        e = ERR_CREDENTIALS;
    }
    if (e == ERR_OK)
        api_digest(s.p, s.len, a->token);
    secret_free(&s);
    return e;
}

static bool host_ok(const struct api *a, const char *host) {
    char name[HTTPD_ADDRESS_MAX + 16];
    if (a->anywhere || strcasecmp(host, httpd_address(a->httpd)) == 0)
        return true;
    snprintf(name, sizeof name, "localhost:%d", httpd_port(a->httpd));
    if (strcasecmp(host, name) == 0)
        return true;
    const char *address = httpd_address(a->httpd), *colon = strrchr(address, ':'); /* port 80 may be left out */
    return httpd_port(a->httpd) == 80 && (strcasecmp(host, "localhost") == 0 || (strlen(host) == (size_t)(colon - address) && strncasecmp(host, address, strlen(host)) == 0));
}

bool api_may(struct api *a, const struct httpd_request *r, struct api_fault *f) {
    const char *value = "";
    uint8_t digest[API_DIGEST];
    if (httpd_header(r, "Host", &value) != 1 || !host_ok(a, value)) {
        f->status = 421;
        return api_fault(f, ERR_BAD_VALUE, "Host: this server is %s or localhost:%d", httpd_address(a->httpd), httpd_port(a->httpd));
    }
    const int count = httpd_header(r, "Authorization", &value);
    const bool bearer = count == 1 && strncasecmp(value, "Bearer ", 7) == 0;
    api_digest(bearer ? value + 7 : "", bearer ? strlen(value + 7) : 0, digest);
    if (!bearer || CRYPTO_memcmp(digest, a->token, sizeof digest) != 0) { /* of digests: neither length nor place of a difference shows */
        a->refused++;
        return api_fault(f, ERR_CREDENTIALS, "Authorization: Bearer TOKEN is needed; the token is in the file %s of the data directory", API_TOKEN_FILE);
    }
    return true;
}
