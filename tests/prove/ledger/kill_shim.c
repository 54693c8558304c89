/* Kills its process, as `kill -9` would, at the n-th call that a disk or a peer could notice.
 *
 * LD_PRELOAD this and call kill_arm() (through ctypes), or set BURSAR_KILL_FOLDER and BURSAR_KILL_AT. Counted are calls
 * that change a file below the folder or lock one, and calls on sockets. Each is written to the log by its name before
 * it happens; the n-th does not happen, or, when it is a write and `torn` is set, happens by half. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim.h"

static char folder[4096];
static atomic_long calls;
static long kill_at;
static int torn, upstream_port, log_fd = -1;
static volatile int armed;

/* `at` 0 kills nothing and only writes the log; `upstream` is the port that tells an upstream from a client. */
void kill_arm(const char *below, long at, int by_half, int upstream, int log) {
    snprintf(folder, sizeof folder, "%s/", below);
    kill_at = at, torn = by_half, upstream_port = upstream, log_fd = log;
    atomic_store(&calls, 0);
    armed = 1;
}

__attribute__((constructor)) static void arm_by_environment(void) {
    const char *below = getenv("BURSAR_KILL_FOLDER"), *at = getenv("BURSAR_KILL_AT");
    if (below && at) kill_arm(below, atol(at), 0, 0, -1);
}

static const char *ours(const char *path) {
    return path && strncmp(path, folder, strlen(folder)) == 0 ? path + strlen(folder) : NULL;
}

/* Counts a call; true if the process must die in it. */
static int is_last(const char *call, const char *what) {
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (kill_at && number > kill_at) return 0;
    char line[4400];
    int size = snprintf(line, sizeof line, "%s %s\n", call, what);
    if (log_fd >= 0 && REAL(write)(log_fd, line, (size_t)size) < 0) abort();
    return number == kill_at;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void by_path(const char *call, const char *path) {
    const char *name = armed ? ours(path) : NULL;
    if (name && is_last(call, name)) die();
}

/* Counts a call on a file of ours by its number; true if it is the last. */
static int by_file(const char *call, int fd) {
    if (!armed || fd == log_fd) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    const char *name = ours(path);
    return name && is_last(call, name);
}

static void by_socket(const char *call, int fd, const struct sockaddr *to) {
    if (!armed) return;
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (to == NULL && getpeername(fd, (struct sockaddr *)&peer, &size) == 0) to = (struct sockaddr *)&peer;
    if (to == NULL || to->sa_family != AF_INET) return;
    int port = ntohs(((const struct sockaddr_in *)to)->sin_port);
    if (is_last(call, port == upstream_port ? "upstream" : "client")) die();
}

static void before_open(const char *path, int flags) {
    if (flags & (O_CREAT | O_TRUNC)) by_path("open", path);
}

static void after_open(int fd, const char *path, int flags) {}

OPENING_CALLS

#define WRITE(name, signature, all, half)      \
    ssize_t name signature {                   \
        if (by_file("write", fd)) {            \
            if (torn && size > 512) (void)!half; \
            die();                             \
        }                                      \
        return all;                            \
    }

WRITE(write, (int fd, const void *data, size_t size), REAL(write)(fd, data, size), REAL(write)(fd, data, size / 2))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t at), REAL(pwrite)(fd, data, size, at),
      REAL(pwrite)(fd, data, size / 2, at))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t at), REAL(pwrite64)(fd, data, size, at),
      REAL(pwrite64)(fd, data, size / 2, at))

#define BY_FILE(name, call, signature, all) \
    int name signature {                    \
        if (by_file(call, fd)) die();       \
        return all;                         \
    }

BY_FILE(ftruncate, "truncate", (int fd, off_t size), REAL(ftruncate)(fd, size))
BY_FILE(ftruncate64, "truncate", (int fd, off64_t size), REAL(ftruncate64)(fd, size))
BY_FILE(fsync, "sync", (int fd), REAL(fsync)(fd))
BY_FILE(fdatasync, "sync", (int fd), REAL(fdatasync)(fd))
BY_FILE(flock, "lock", (int fd, int what), REAL(flock)(fd, what))

int fcntl(int fd, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void *given = va_arg(rest, void *);
    va_end(rest);
    if (what == F_SETLK && by_file("lock", fd)) die();
    return REAL(fcntl)(fd, what, given);
}

int fcntl64(int fd, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void *given = va_arg(rest, void *);
    va_end(rest);
    if (what == F_SETLK && by_file("lock", fd)) die();
    return REAL(fcntl64)(fd, what, given);
}

#define BY_PATH(name, call, signature, all) \
    int name signature {                    \
        by_path(call, path);                \
        return all;                         \
    }

BY_PATH(unlink, "unlink", (const char *path), REAL(unlink)(path))
BY_PATH(mkdir, "mkdir", (const char *path, mode_t mode), REAL(mkdir)(path, mode))
BY_PATH(chmod, "chmod", (const char *path, mode_t mode), REAL(chmod)(path, mode))
BY_PATH(rename, "rename", (const char *path, const char *to), REAL(rename)(path, to))

int connect(int fd, const struct sockaddr *to, socklen_t size) {
    by_socket("connect", fd, to);
    return REAL(connect)(fd, to, size);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    by_socket("send", fd, NULL);
    return REAL(send)(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    by_socket("send", fd, NULL);
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t recv(int fd, void *data, size_t size, int flags) {
    by_socket("receive", fd, NULL);
    return REAL(recv)(fd, data, size, flags);
}
