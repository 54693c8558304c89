/* What the shims share: the function that a name stands for behind them, and the four calls that open a file.
 *
 * Who includes it writes before_open(path, flags) and after_open(fd, path, flags), and then OPENING_CALLS. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name, signature, call)            \
    int name signature {                       \
        mode_t mode = 0;                       \
        if (flags & O_CREAT) {                 \
            va_list rest;                      \
            va_start(rest, flags);             \
            mode = va_arg(rest, mode_t);       \
            va_end(rest);                      \
        }                                      \
        before_open(path, flags);              \
        int fd = call;                         \
        after_open(fd, path, flags);           \
        return fd;                             \
    }

#define OPENING_CALLS                                                                               \
    OPEN(open, (const char *path, int flags, ...), REAL(open)(path, flags, mode))                   \
    OPEN(open64, (const char *path, int flags, ...), REAL(open64)(path, flags, mode))               \
    OPEN(openat, (int at, const char *path, int flags, ...), REAL(openat)(at, path, flags, mode))   \
    OPEN(openat64, (int at, const char *path, int flags, ...), REAL(openat64)(at, path, flags, mode))
