/* Secrets kept in files: whole or not at all, for our eyes only, gone when removed; in memory that is in no dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turret/io/secret.h"

static char top[64], dir[80], text[200];

static int make_top(void **state) {
    (void)state;
    snprintf(top, sizeof top, "/tmp/secret-test-XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(dir, sizeof dir, "%s/secrets", top);
    text[0] = 0;
    return 0;
}
static int drop_top(void **state) {
    (void)state;
    char line[128];
    snprintf(line, sizeof line, "rm -rf %s", top);
    return system(line);
}
static int files_of(const char *path) {
    DIR *d = opendir(path);
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}
static void in_dir(char out[200], const char *name) { snprintf(out, 200, "%s/%s", dir, name); }

static void written_and_read(void **state) {
    (void)state;
    struct secret s;
    struct stat st;
    char path[200];
    umask(0); /* the mode is ours, not the umask's */
    assert_int_equal(secret_write(dir, "api-0xabc", "key\nsecret\n", 11, text, sizeof text), ERR_OK);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    in_dir(path, "api-0xabc");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(secret_read(dir, "api-0xabc", &s, text, sizeof text), ERR_OK);
    assert_string_equal(s.p, "key\nsecret");
    secret_free(&s);
    assert_int_equal(secret_write(dir, "api-0xabc", "other", 5, text, sizeof text), ERR_OK); /* replaced as a whole */
    assert_int_equal(secret_read(dir, "api-0xabc", &s, text, sizeof text), ERR_OK);
    assert_string_equal(s.p, "other");
    secret_free(&s);
    assert_int_equal(files_of(dir), 1);
}

static void not_written(void **state) {
    (void)state;
    const char *names[] = {"", ".", "..", ".x", "a/b", "../x"};
    char path[200], victim[200];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(secret_write(dir, names[i], "x", 1, text, sizeof text), ERR_CREDENTIALS);
    assert_int_equal(secret_write(dir, "x", "", 0, text, sizeof text), ERR_CREDENTIALS);
    assert_int_equal(secret_write("/nonexistent/dir", "x", "x", 1, text, sizeof text), ERR_CREDENTIALS);
    assert_int_equal(mkdir(dir, 0777), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(secret_write(dir, "x", "x", 1, text, sizeof text), ERR_CREDENTIALS);
    assert_non_null(strstr(text, "others may write"));
    assert_int_equal(files_of(dir), 0);
    assert_int_equal(chmod(dir, 0700), 0);
    /* a link in its place is replaced, not followed */
    snprintf(victim, sizeof victim, "%s/victim", top);
    in_dir(path, "x");
    assert_int_equal(close(open(victim, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(secret_write(dir, "x", "mine", 4, text, sizeof text), ERR_OK);
    struct stat st;
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    /* no room for a new file: the old one stays */
    in_dir(path, "y");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(secret_write(dir, "y", "z", 1, text, sizeof text), ERR_IO);
    assert_int_equal(files_of(dir), 2);
}

static void removed(void **state) {
    (void)state;
    char path[200], again[200], buf[16] = "";
    assert_int_equal(secret_remove(dir, "x", text, sizeof text), ERR_NOT_FOUND);
    assert_int_equal(secret_write(dir, "x", "forget me", 9, text, sizeof text), ERR_OK);
    assert_int_equal(secret_remove(dir, "other", text, sizeof text), ERR_NOT_FOUND);
    in_dir(path, "x");
    snprintf(again, sizeof again, "%s/again", top);
    assert_int_equal(link(path, again), 0);
    assert_int_equal(secret_remove(dir, "x", text, sizeof text), ERR_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    FILE *f = fopen(again, "r"); /* its bytes are gone too */
    assert_int_equal(fread(buf, 1, sizeof buf, f), 9);
    fclose(f);
    for (int i = 0; i < 9; i++)
        assert_int_equal(buf[i], 0);
    assert_int_equal(symlink(again, path), 0);
    assert_int_equal(secret_remove(dir, "x", text, sizeof text), ERR_CREDENTIALS);
    assert_int_equal(secret_remove(dir, "../again", text, sizeof text), ERR_CREDENTIALS);
    assert_int_equal(access(again, F_OK), 0);
}

/* The flags of the mapping that holds p, from smaps: "dd" is left out of dumps, "lo" is locked. */
static void flags_of(const void *p, char flags[256]) {
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long low, high;
    bool here = false;
    flags[0] = 0;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
            here = (uintptr_t)p >= low && (uintptr_t)p < high;
        if (here && !strncmp(line, "VmFlags:", 8)) {
            snprintf(flags, 256, "%.255s", line + 8);
            break;
        }
    }
    if (f)
        fclose(f);
}

static void kept_out_of_dumps(void **state) {
    (void)state;
    struct secret s, none = {0};
    char flags[256];
    secret_new(&s, 5000);
    assert_int_equal(s.len, 5000);
    for (size_t i = 0; i <= s.len; i++)
        assert_int_equal(s.p[i], 0);
    memset(s.p, 'x', s.len);
    flags_of(s.p, flags);
    if (flags[0])
        assert_non_null(strstr(flags, " dd"));
    secret_free(&s);
    assert_null(s.p);
    secret_free(&none);
    setenv("TURRET_SOME_KEY", "from the environment", 1);
    assert_int_equal(secret_read(NULL, "some-key", &s, text, sizeof text), ERR_OK);
    assert_string_equal(s.p, "from the environment");
    assert_null(getenv("TURRET_SOME_KEY"));
    flags_of(s.p, flags);
    if (flags[0])
        assert_non_null(strstr(flags, " dd"));
    secret_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_read, make_top, drop_top),
        cmocka_unit_test_setup_teardown(not_written, make_top, drop_top),
        cmocka_unit_test_setup_teardown(removed, make_top, drop_top),
        cmocka_unit_test(kept_out_of_dumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
