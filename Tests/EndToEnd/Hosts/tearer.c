// Preloaded into a tool of shadow-utils: ends it by KILL just before the call that KILL_BEFORE names: `rename /etc/gshadow`,
// the name of the call and the path that comes or goes by it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void look(const char *call, const char *path) {
    char now[4200];
    const char *last = getenv("KILL_BEFORE");
    snprintf(now, sizeof now, "%s %s", call, path);
    if (last && strcmp(now, last) == 0) kill(getpid(), SIGKILL);
}

int rename(const char *from, const char *to) {
    look("rename", to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}

int link(const char *from, const char *to) {
    look("link", to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(from, to);
}

int unlink(const char *path) {
    look("unlink", path);
    return ((int (*)(const char *))dlsym(RTLD_NEXT, "unlink"))(path);
}
