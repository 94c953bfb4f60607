/* A throw-away PostgreSQL cluster for one test. */
#ifndef TESTS_SUPPORT_TEST_CLUSTER_H
#define TESTS_SUPPORT_TEST_CLUSTER_H

struct test_cluster;
struct test_cluster *test_cluster_new(void); /* NULL with a message when it can't be made */
void test_cluster_free(struct test_cluster *c);
const char *test_cluster_database(const struct test_cluster *c); /* conninfo */
const char *test_cluster_dir(const struct test_cluster *c);

#endif
