/* The data directory and its lock: one engine a directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "turret/base/str.h"

static bool make_parents(char *path) {
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            bool bad = mkdir(path, 0755) != 0 && errno != EEXIST;
            *p = '/';
            if (bad)
                return false;
        }
    return true;
}

bool data_dir_make(const char *dir, char *text, size_t cap) {
    char path[4096];
    struct stat st;
    str_copy(path, sizeof path, dir);
    if (!dir[0]) {
        snprintf(text, cap, "no data directory: HOME is not set; give --data DIR");
        return false;
    }
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    if (make_parents(path) && mkdir(dir, 0700) == 0)
        return true;
    snprintf(text, cap, "can't make the data directory %s: %s", dir, strerror(errno));
    return false;
}

int data_dir_lock(const char *dir, int *pid, char *text, size_t cap) {
    char path[4200], buf[32] = "";
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    *pid = 0;
    if (fd < 0) {
        snprintf(text, cap, "can't open %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (pread(fd, buf, sizeof buf - 1, 0) > 0)
            *pid = atoi(buf);
        snprintf(text, cap, "an engine already runs for %s%s%s", dir, *pid ? ", process " : "", *pid ? buf : "");
        text[strcspn(text, "\n")] = 0;
        close(fd);
        return -1;
    }
    snprintf(buf, sizeof buf, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, buf, strlen(buf), 0) < 0) {
        snprintf(text, cap, "can't write %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
