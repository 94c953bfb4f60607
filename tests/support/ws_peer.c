/* The forked WebSocket server: its own framing, so that the client is not tested against the library it uses. */
#include "ws_peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

bool peer_write(struct ws_line *l, const void *p, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t done = l->tls ? SSL_write(l->tls, (const char *)p + at, (int)(n - at)) : send(l->fd, (const char *)p + at, n - at, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += (size_t)done;
    }
    return true;
}

bool peer_read(struct ws_line *l, void *p, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t done = l->tls ? SSL_read(l->tls, (char *)p + at, (int)(n - at)) : read(l->fd, (char *)p + at, n - at);
        if (done <= 0)
            return false;
        at += (size_t)done;
    }
    return true;
}

bool peer_hear_upgrade(struct ws_line *l, char head[4096], char answer[512]) {
    size_t n = 0;
    head[0] = 0;
    while (n < 4095 && !strstr(head, "\r\n\r\n")) {
        if (!peer_read(l, head + n, 1))
            return false;
        head[++n] = 0;
    }
    const char *key = strcasestr(head, "\r\nSec-WebSocket-Key: ");
    if (!key)
        return false;
    char text[128], accept[32];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 21);
    EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)accept, digest, 20);
    snprintf(answer, 512, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    return true;
}

bool peer_upgrade(struct ws_line *l) {
    char head[4096], answer[512];
    return peer_hear_upgrade(l, head, answer) && peer_write(l, answer, strlen(answer));
}

size_t peer_frame(uint8_t *out, bool fin, int opcode, const void *p, size_t n) {
    size_t at = 0;
    out[at++] = (uint8_t)((fin ? 0x80 : 0) | opcode);
    if (n < 126) {
        out[at++] = (uint8_t)n;
    } else if (n < 65536) {
        out[at++] = 126;
        out[at++] = (uint8_t)(n >> 8);
        out[at++] = (uint8_t)n;
    } else {
        out[at++] = 127;
        for (int i = 7; i >= 0; i--)
            out[at++] = (uint8_t)((uint64_t)n >> (8 * i));
    }
    if (n)
        memcpy(out + at, p, n);
    return at + n;
}

bool peer_send(struct ws_line *l, int opcode, const void *p, size_t n) {
    uint8_t *buf = malloc(n + 16);
    bool ok = peer_write(l, buf, peer_frame(buf, true, opcode, p, n));
    free(buf);
    return ok;
}
bool peer_text(struct ws_line *l, const char *text) { return peer_send(l, 1, text, strlen(text)); }

int peer_hear(struct ws_line *l, char *buf, size_t cap, size_t *n) {
    uint8_t h[2], more[8], mask[4];
    if (!peer_read(l, h, 2) || !(h[1] & 0x80))
        return -1;
    uint64_t len = h[1] & 0x7f;
    size_t extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (extra) {
        if (!peer_read(l, more, extra))
            return -1;
        len = 0;
        for (size_t i = 0; i < extra; i++)
            len = len << 8 | more[i];
    }
    if (len >= cap || !peer_read(l, mask, 4) || !peer_read(l, buf, len))
        return -1;
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(buf[i] ^ mask[i % 4]);
    buf[len] = 0;
    *n = len;
    return h[0] & 0x0f;
}

void ws_peer_certificate(const char *host, const char *cert, const char *key) {
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    char alt[128];
    snprintf(alt, sizeof alt, "%s:%s", strspn(host, "0123456789.") == strlen(host) ? "IP" : "DNS", host);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, k);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    X509_sign(x, k, EVP_sha256());
    FILE *f = fopen(cert, "w");
    assert(f);
    PEM_write_X509(f, x);
    fclose(f);
    f = fopen(key, "w");
    assert(f);
    PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(k);
}

static _Noreturn void serve(struct ws_line l, ws_peer_fn *fn, SSL_CTX *tls) {
    int one = 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsockopt(l.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (tls) {
        l.tls = SSL_new(tls);
        SSL_set_fd(l.tls, l.fd);
        if (SSL_accept(l.tls) != 1)
            _exit(0);
    }
    fn(&l);
    close(l.fd);
    _exit(0);
}

struct ws_peer ws_peer_start(ws_peer_fn *fn, const char *cert, const char *key) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 256) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0;
    assert(ok);
    struct ws_peer p = {.port = ntohs(a.sin_port)};
    p.shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(p.shared != MAP_FAILED);
    p.pid = fork();
    assert(p.pid >= 0);
    if (p.pid)
        return close(fd), p;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *tls = cert ? SSL_CTX_new(TLS_server_method()) : NULL;
    ok = !tls || (SSL_CTX_use_certificate_file(tls, cert, SSL_FILETYPE_PEM) == 1 && SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1);
    assert(ok);
    for (int i = 0;; i++) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            _exit(0);
        if (fork() == 0) {
            close(fd);
            serve((struct ws_line){.fd = c, .n = i, .shared = p.shared}, fn, tls);
        }
        close(c);
    }
}

void ws_peer_stop(struct ws_peer *p) {
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap(p->shared, 4096);
    *p = (struct ws_peer){0};
}
