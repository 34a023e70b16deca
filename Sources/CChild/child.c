#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CChild.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Where the child says why it could not become the program; closed by exec.
enum { REPORT = 3 };

static int become(
    char *const *arguments, char *const *environment, const char *directory, int output, int errors,
    uint64_t largest_file, pid_t parent) {
    if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return -1;
    // It may have died before the kernel was told to watch it.
    if (getppid() != parent) _exit(127);

    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) {
        // 32 and 33 belong to glibc, which refuses to touch them.
        if (sigaction(number, &standard, NULL) < 0 && errno != EINVAL) return -1;
    }
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) return -1;
    if (syscall(SYS_close_range, REPORT + 1u, ~0u, 0u) < 0) return -1;

    struct rlimit none = {0, 0}, files = {largest_file, largest_file};
    if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &files) < 0) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir(directory) < 0) return -1;
    sigset_t open_signals;
    sigemptyset(&open_signals);
    sigprocmask(SIG_SETMASK, &open_signals, NULL);
    return execve(arguments[0], arguments, environment);
}

pid_t child_start(
    char *const *arguments, char *const *environment, const char *directory, int output, int errors,
    uint64_t largest_file) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -errno;
    pid_t parent = getpid();
    // No handler of ours may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        // Out of the way of the low numbers first: any of these may be one of them.
        output = fcntl(output, F_DUPFD_CLOEXEC, 10);
        errors = fcntl(errors, F_DUPFD_CLOEXEC, 10);
        int moved = report[1] == REPORT ? REPORT : dup3(report[1], REPORT, O_CLOEXEC);
        if (output >= 0 && errors >= 0 && moved == REPORT)
            become(arguments, environment, directory, output, errors, largest_file, parent);
        int reason = errno;
        if (write(REPORT, &reason, sizeof reason) < 0) _exit(126);
        _exit(127);
    }
    int error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (pid > 0 && read(report[0], &error, sizeof error) > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(report[0]);
    return error != 0 ? -error : pid;
}

// Whether it is of the group and has not ended. Its name, in parentheses, may hold anything (proc(5)).
static int runs_in(pid_t group, const char *pid) {
    char path[64], text[512];
    if (snprintf(path, sizeof path, "/proc/%s/stat", pid) >= (int)sizeof path) return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    char *name_end = strrchr(text, ')'), state;
    int parent, its_group;
    return name_end && sscanf(name_end + 1, " %c %d %d", &state, &parent, &its_group) == 3 && its_group == group &&
           state != 'Z' && state != 'X';
}

void child_group_ends(pid_t group) {
    struct timespec pause = {0, 1000000};
    // Those that have ended, and whose parent has not asked how, are of the group still.
    for (int turn = 0; turn < 2000 && kill(-group, 0) == 0; turn++) {
        DIR *processes = opendir("/proc");
        if (!processes) return;
        int runs = 0;
        struct dirent *entry;
        while (!runs && (entry = readdir(processes)))
            runs = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && runs_in(group, entry->d_name);
        closedir(processes);
        if (!runs) return;
        nanosleep(&pause, NULL);
    }
}
