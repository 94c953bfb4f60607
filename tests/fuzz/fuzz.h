/* What the fuzz targets share: the entry that libFuzzer calls, a check that ends the run, bytes as a file, bytes as values. */
#ifndef TURRET_TESTS_FUZZ_H
#define TURRET_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(what)                                                                 \
    do {                                                                           \
        if (!(what)) {                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
            abort();                                                               \
        }                                                                          \
    } while (0)

/* The bytes as a file without a place on disk; path gets "/proc/self/fd/N". Close the returned descriptor. */
static inline int fuzz_file(const uint8_t *data, size_t len, char path[32]) {
    int fd = memfd_create("fuzz", 0);
    MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
