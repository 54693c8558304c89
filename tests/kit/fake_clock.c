/* Sets a program's clocks ahead or back while it runs: `LD_PRELOAD=… FAKE_CLOCK=FILE program`.

   FILE holds two whole numbers: the seconds that the wall clock is off, and the seconds that the machine has slept,
   which CLOCK_BOOTTIME counts and CLOCK_MONOTONIC, as on a real machine, does not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static void read_off(long *wall, long *slept) {
    const char *path = getenv("FAKE_CLOCK");
    *wall = *slept = 0;
    FILE *file = path ? fopen(path, "re") : NULL;
    if (file) {
        if (fscanf(file, "%ld %ld", wall, slept) != 2) *wall = *slept = 0;
        fclose(file);
    }
}

int clock_gettime(clockid_t which, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, at);
    if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE || which == CLOCK_BOOTTIME)) {
        long wall, slept;
        read_off(&wall, &slept);
        at->tv_sec += which == CLOCK_BOOTTIME ? slept : wall;
    }
    return failed;
}

time_t time(time_t *into) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (into) *into = at.tv_sec;
    return at.tv_sec;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
