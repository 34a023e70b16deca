#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 3 };

static int empty = -1;

int linux_reserve_window(void) {
    int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (opened < 0) return -1;
    empty = fcntl(opened, F_DUPFD_CLOEXEC, FIRST + LINUX_SPAWN_WINDOW);
    if (empty < 0) return -1;
    close(opened);
    for (int number = FIRST; number < FIRST + LINUX_SPAWN_WINDOW; number++)
        if (dup3(empty, number, O_CLOEXEC) < 0) return -1;
    return 0;
}

struct child {
    const struct linux_spawn_request *request;
    volatile struct linux_spawn_result *result;
};

static void fail(const struct child *child, int stage) {
    child->result->stage = stage;
    child->result->error = errno;
    _exit(127);
}

static void write_pid(char *text) {
    unsigned pid = (unsigned)getpid();
    char digits[11];
    int count = 0;
    do { digits[count++] = (char)('0' + pid % 10); } while ((pid /= 10) > 0);
    while (count > 0) *text++ = digits[--count];
    *text = 0;
}

static int write_number(const char *path, int number) {
    char text[16];
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t written = write(descriptor, text, (size_t)snprintf(text, sizeof text, "%d", number));
    int error = errno;
    close(descriptor);
    errno = error;
    return written > 0 ? 0 : -1;
}

// What no exec can bring back, whoever the program runs as.
static int drop_capabilities(uint64_t kept, volatile int *refused) {
    for (unsigned long number = 0; number < 64; number++) {
        if (kept >> number & 1) continue;
        // EINVAL: the kernel does not know the number.
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) {
            if (errno == EINVAL) break;
            *refused = (int)number;
            return -1;
        }
    }
    return 0;
}

// A user other than root keeps capabilities across exec only as ambient ones.
static int raise_capabilities(uint64_t kept, volatile int *refused) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    for (int half = 0; half < 2; half++) {
        sets[half].effective = sets[half].permitted = sets[half].inheritable = (uint32_t)(kept >> (32 * half));
    }
    *refused = -1;
    if (syscall(SYS_capset, &header, sets) < 0) return -1;
    for (unsigned long number = 0; number < 64; number++) {
        if (!(kept >> number & 1)) continue;
        *refused = (int)number;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) return -1;
    }
    return 0;
}

// Runs on the parent's memory, so it may only make system calls. set*id go past glibc, which would try to
// change the parent's other threads as well.
static int child_main(void *argument) {
    const struct child *child = argument;
    const struct linux_spawn_request *request = child->request;
    int passed = (int)request->passed_count;

    // The table is still the parent's. The kernel copies only what stays open.
    if (syscall(SYS_close_range, (unsigned)(FIRST + passed + 4), ~0u, CLOSE_RANGE_UNSHARE) < 0)
        fail(child, LINUX_SPAWN_DESCRIPTORS);
    if (setsid() < 0) fail(child, LINUX_SPAWN_SESSION);

    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        // 32 and 33 belong to glibc, which refuses to touch them.
        if (sigaction(number, &standard, NULL) < 0 && errno != EINVAL) fail(child, LINUX_SPAWN_SIGNALS);
    }

    for (int stream = 0; stream < 3; stream++)
        if (dup2(FIRST + passed + stream, stream) < 0) fail(child, LINUX_SPAWN_STREAMS);
    for (int number = FIRST; number < FIRST + passed; number++)
        if (fcntl(number, F_SETFD, 0) < 0) fail(child, LINUX_SPAWN_DESCRIPTORS);
    if (request->cgroup >= 0 && write(FIRST + passed + 3, "0", 1) < 0) fail(child, LINUX_SPAWN_CGROUP);
    if (syscall(SYS_close_range, (unsigned)(FIRST + passed), ~0u, 0u) < 0) fail(child, LINUX_SPAWN_DESCRIPTORS);

    umask(request->mask);
    // Before the limits, which may forbid to open anything.
    if (request->set_oom_score && write_number("/proc/self/oom_score_adj", request->oom_score) < 0)
        fail(child, LINUX_SPAWN_OOM);
    if (request->set_nice && setpriority(PRIO_PROCESS, 0, request->nice) < 0) fail(child, LINUX_SPAWN_NICE);
    for (size_t index = 0; index < request->limit_count; index++) {
        const struct linux_limit *limit = &request->limits[index];
        struct rlimit values = {limit->soft, limit->hard};
        child->result->detail = limit->resource;
        if (setrlimit((__rlimit_resource_t)limit->resource, &values) < 0) fail(child, LINUX_SPAWN_LIMITS);
    }
    volatile int *refused = &child->result->detail;
    if (request->limit_capabilities && drop_capabilities(request->capabilities, refused) < 0) {
        // Who has no capabilities and can gain none needs none taken away.
        bool harmless = errno == EPERM && request->capabilities == 0 && request->no_new_privileges && geteuid() != 0;
        if (!harmless) fail(child, LINUX_SPAWN_CAPABILITIES);
    }

    if (request->change_user) {
        bool keeps = request->limit_capabilities && request->capabilities != 0 && request->user != 0;
        if (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) fail(child, LINUX_SPAWN_CAPABILITIES);
        if (syscall(SYS_setgroups, request->group_count, request->groups) < 0) fail(child, LINUX_SPAWN_GROUPS);
        if (syscall(SYS_setresgid, request->group, request->group, request->group) < 0)
            fail(child, LINUX_SPAWN_GROUP);
        if (syscall(SYS_setresuid, request->user, request->user, request->user) < 0) fail(child, LINUX_SPAWN_USER);
        if (keeps && raise_capabilities(request->capabilities, refused) < 0) fail(child, LINUX_SPAWN_CAPABILITIES);
    }
    if (request->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail(child, LINUX_SPAWN_PRIVILEGES);
    // After the change of user: it is that user who must be allowed in.
    if (chdir(request->directory) < 0) fail(child, LINUX_SPAWN_DIRECTORY);

    if (request->pid_text) write_pid(request->pid_text);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->arguments[0], request->arguments, request->environment);
    fail(child, LINUX_SPAWN_EXEC);
    return 127;
}

// Puts what the child inherits into the window: first what is passed on, then the streams, then its cgroup.
static int fill_window(const struct linux_spawn_request *request) {
    int next = FIRST;
    for (size_t index = 0; index < request->passed_count; index++)
        if (dup3(request->passed[index], next++, O_CLOEXEC) < 0) return -1;
    if (dup3(request->input, next++, O_CLOEXEC) < 0) return -1;
    if (dup3(request->output, next++, O_CLOEXEC) < 0) return -1;
    if (dup3(request->error, next++, O_CLOEXEC) < 0) return -1;
    if (request->cgroup >= 0 && dup3(request->cgroup, next, O_CLOEXEC) < 0) return -1;
    return 0;
}

static void clear_window(const struct linux_spawn_request *request) {
    int end = FIRST + (int)request->passed_count + 4;
    for (int number = FIRST; number < end; number++) dup3(empty, number, O_CLOEXEC);
}

void linux_spawn(const struct linux_spawn_request *request, struct linux_spawn_result *result) {
    _Alignas(64) char stack[32 * 1024];
    struct child child = {request, result};
    result->pid = 0;
    result->stage = 0;
    result->error = 0;
    result->detail = -1;

    if (request->passed_count + 4 > LINUX_SPAWN_WINDOW) {
        result->stage = LINUX_SPAWN_DESCRIPTORS;
        result->error = E2BIG;
        return;
    }
    if (fill_window(request) < 0) {
        result->stage = LINUX_SPAWN_DESCRIPTORS;
        result->error = errno;
        clear_window(request);
        return;
    }

    // No handler of ours may run in the child while it shares our memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &child);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    clear_window(request);

    if (pid < 0) {
        result->stage = LINUX_SPAWN_FORK;
        result->error = error;
    } else if (result->stage != 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    } else {
        result->pid = pid;
    }
}
