/* Records what a process does to the files of one folder, so that a power cut can be played back in any way.
 *
 * LD_PRELOAD this with BURSAR_SHIM_FOLDER and BURSAR_SHIM_LOG set. One record for each call that may change the
 * folder: a kind, a path (by fd), an offset, a length, and the bytes. Memory maps are not seen; SQLite maps only its -shm,
 * which it rebuilds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

#define MAX_FD 1024

static char *names[MAX_FD];
static const char *folder;
static int log_fd = -2;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void start(void) {
    if (log_fd != -2) return;
    folder = getenv("BURSAR_SHIM_FOLDER");
    const char *path = getenv("BURSAR_SHIM_LOG");
    log_fd = folder && path ? REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
}

static int ours(const char *path) {
    start();
    return log_fd >= 0 && path && strncmp(path, folder, strlen(folder)) == 0;
}

static void record(char kind, const char *path, int64_t at, const void *data, int64_t length) {
    char head[512];
    int size = snprintf(head, sizeof head, "%c %lld %lld %s\n", kind, (long long)at, (long long)length, path);
    struct iovec parts[2] = {{head, (size_t)size}, {(void *)data, data ? (size_t)length : 0}};
    if (writev(log_fd, parts, 2) < 0) abort();
}

static void after_open(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= MAX_FD || !ours(path)) return;
    pthread_mutex_lock(&turn);
    free(names[fd]);
    names[fd] = strdup(path);
    if (flags & O_CREAT) record('c', path, 0, NULL, 0);
    if (flags & O_TRUNC) record('t', path, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
}

static const char *name_of(int fd) { return fd >= 0 && fd < MAX_FD ? names[fd] : NULL; }

static void before_open(const char *path, int flags) {}

OPENING_CALLS

int close(int fd) {
    if (name_of(fd)) {
        pthread_mutex_lock(&turn);
        free(names[fd]);
        names[fd] = NULL;
        pthread_mutex_unlock(&turn);
    }
    return REAL(close)(fd);
}

#define LOGGED(condition, result, kind, path, at, data, length) \
    do {                                                        \
        if ((condition) && (result) >= 0) {                     \
            pthread_mutex_lock(&turn);                          \
            record(kind, path, at, data, length);               \
            pthread_mutex_unlock(&turn);                        \
        }                                                       \
        return result;                                          \
    } while (0)

ssize_t write(int fd, const void *data, size_t size) {
    const char *path = name_of(fd);
    off_t at = path ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t result = REAL(write)(fd, data, size);
    LOGGED(path, result, 'w', path, at, data, result);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    const char *path = name_of(fd);
    ssize_t result = REAL(pwrite)(fd, data, size, at);
    LOGGED(path, result, 'w', path, at, data, result);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    const char *path = name_of(fd);
    ssize_t result = REAL(pwrite64)(fd, data, size, at);
    LOGGED(path, result, 'w', path, at, data, result);
}

int ftruncate(int fd, off_t size) {
    const char *path = name_of(fd);
    int result = REAL(ftruncate)(fd, size);
    LOGGED(path, result, 't', path, size, NULL, 0);
}

int ftruncate64(int fd, off64_t size) {
    const char *path = name_of(fd);
    int result = REAL(ftruncate64)(fd, size);
    LOGGED(path, result, 't', path, size, NULL, 0);
}

int fsync(int fd) {
    const char *path = name_of(fd);
    int result = REAL(fsync)(fd);
    LOGGED(path, result, 's', path, 0, NULL, 0);
}

int fdatasync(int fd) {
    const char *path = name_of(fd);
    int result = REAL(fdatasync)(fd);
    LOGGED(path, result, 's', path, 0, NULL, 0);
}

int unlink(const char *path) {
    int result = REAL(unlink)(path);
    LOGGED(ours(path), result, 'u', path, 0, NULL, 0);
}

int rename(const char *from, const char *to) {
    int result = REAL(rename)(from, to);
    LOGGED(ours(from), result, 'r', from, 0, to, (int64_t)strlen(to));
}
