// Linux system calls and macros that Swift's Glibc module does not import.
#ifndef BEDPLATE_CLINUX_H
#define BEDPLATE_CLINUX_H

// No _GNU_SOURCE here: it would give types that Glibc's module has as well another shape.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <grp.h>
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>

// Where between fork and exec a start failed. Values are shared with Swift's SpawnStage.
enum linux_spawn_stage {
    LINUX_SPAWN_FORK = 1,
    LINUX_SPAWN_DESCRIPTORS,
    LINUX_SPAWN_SESSION,
    LINUX_SPAWN_SIGNALS,
    LINUX_SPAWN_STREAMS,
    LINUX_SPAWN_CGROUP,
    LINUX_SPAWN_LIMITS,
    LINUX_SPAWN_NICE,
    LINUX_SPAWN_OOM,
    LINUX_SPAWN_CAPABILITIES,
    LINUX_SPAWN_GROUPS,
    LINUX_SPAWN_GROUP,
    LINUX_SPAWN_USER,
    LINUX_SPAWN_PRIVILEGES,
    LINUX_SPAWN_DIRECTORY,
    LINUX_SPAWN_EXEC,
};

// Descriptors 3 and up that belong to linux_spawn: what a child is to inherit is put there, so that its table is a
// copy of these few and not of the thousands a supervisor holds. At most this many minus four are passed on.
enum { LINUX_SPAWN_WINDOW = 32 };

// Fills the window; whatever was open there is closed. Call it once, before anything else is opened.
int linux_reserve_window(void);

struct linux_limit {
    int resource;  // RLIMIT_NOFILE and so on
    uint64_t soft, hard;
};

struct linux_spawn_request {
    char *const *arguments;  // NULL-terminated; the first is the absolute path
    char *const *environment;  // NULL-terminated
    const char *directory;
    int input, output, error;  // descriptors that become 0, 1 and 2
    const int *passed;  // descriptors that become 3, 4, …
    size_t passed_count;
    char *pid_text;  // where in the environment the child's own pid is to be written, with room for 11 bytes; or NULL
    int cgroup;  // an opened cgroup.procs; -1: stay
    bool change_user;  // whether user, group and groups are set
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    const struct linux_limit *limits;
    size_t limit_count;
    mode_t mask;
    bool set_nice;
    int nice;
    bool set_oom_score;
    int oom_score;  // oom_score_adj, -1000 to 1000
    bool no_new_privileges;
    bool limit_capabilities;  // whether the next one counts
    uint64_t capabilities;  // a bit for each that the program may have
};

struct linux_spawn_result {
    pid_t pid;  // 0 when it failed
    int stage;  // an enum linux_spawn_stage when it failed
    int error;  // the errno of that stage
    int detail;  // the limit or the capability that was refused; -1: none in particular
};

// Starts a program in a session and process group of its own, sharing memory with the caller until exec
// (CLONE_VM | CLONE_VFORK): no copy of page tables, and the failed stage is simply written to `result`.
void linux_spawn(const struct linux_spawn_request *request, struct linux_spawn_result *result);

int linux_pidfd_open(pid_t pid);

// A timer of CLOCK_REALTIME that becomes readable only when the clock is set, and its next turn.
int linux_clock_watch(void);
void linux_clock_rearm(int descriptor);
int linux_pidfd_send_signal(int pidfd, int signal);

// Reaps one ended child: its pid (0: none is waiting, -1: there are no children), and either its exit code or,
// negated, the signal that killed it.
pid_t linux_reap(int *status);

// Credentials of the peer of a Unix socket; 0 when `user` and `group` were set.
int linux_peer(int socket, uid_t *user, gid_t *group, pid_t *pid);

// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC.
int linux_accept(int socket);

int linux_become_subreaper(void);

// A file that lives in memory, and is inherited only when told so; -1 when it cannot be made.
int linux_memory_file(const char *name);

// Sends one datagram to a Unix socket: a path, or an abstract name after '@'. `passed`: a descriptor to go with it,
// or -1. 0 when it was sent.
int linux_send_notice(
    int socket, const uint8_t *path, size_t path_length, const uint8_t *bytes, size_t count, int passed);

// Receives one datagram and the descriptor that came with it (-1: none); the bytes received, or -1.
ssize_t linux_receive_notice(int socket, uint8_t *bytes, size_t capacity, int *passed);

// Receives one datagram without waiting, and the pid its sender had (0: the kernel did not say; the socket needs
// SO_PASSCRED). Descriptors that came with it are closed, which is what a barrier of sd_notify_barrier(3) waits for.
// The bytes received, 0 for a datagram of more than `capacity`, or -1.
ssize_t linux_receive_notification(int socket, uint8_t *bytes, size_t capacity, pid_t *sender);

// pwritev(2); the bytes written, or -1.
ssize_t linux_pwritev(int descriptor, const struct iovec *parts, int count, off_t offset);

// Gives freed heap back to the kernel and lets go of program text, which is read again where it is still needed:
// starting up and bursts touch much that the loop never comes to again.
void linux_trim_memory(void);

// The end of the last line in `bytes`: the offset after its newline, or 0 when there is none.
size_t linux_last_line_end(const void *bytes, size_t count);

// When a file was made, in milliseconds since 1970; -1 where the file system does not know.
int64_t linux_birth(int descriptor);

// sendfile(2) with an offset that is not the file's own; the bytes sent, or -1.
ssize_t linux_send_file(int socket, int file, off_t offset, size_t count);

// Ends a TCP connection whose other end is silent, or takes nothing, for so many seconds.
void linux_tcp_patience(int socket, int seconds);

void linux_random(void *bytes, size_t count);

// Groups of a user, the first `capacity` of them; the number there are.
int linux_groups(const char *user, gid_t group, gid_t *groups, int capacity);

// A TCP socket that listens at an IP address; -1 and errno.
int linux_listen(const char *address, uint16_t port, int backlog);

// Whether a descriptor is such a socket, at that place.
bool linux_listens_at(int descriptor, const char *address, uint16_t port);

// A copy of a descriptor that another process holds; -1 when it has none of that number, or is not ours to ask.
int linux_take_descriptor(int pidfd, int number);

// An extended attribute of a file, at most `capacity` bytes; -1 when it has none.
ssize_t linux_attribute(const char *path, const char *name, void *value, size_t capacity);

// Raises the soft limit of descriptors to the hard one and tells what they were.
int linux_raise_descriptors(uint64_t *soft, uint64_t *hard);

#endif
