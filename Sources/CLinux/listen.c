#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// The family, or 0 when the text is no IP address.
static int read_address(const char *text, uint16_t port, struct sockaddr_storage *storage, socklen_t *size) {
    memset(storage, 0, sizeof *storage);
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *size = sizeof *v4;
        return AF_INET;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    memset(storage, 0, sizeof *storage);
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *size = sizeof *v6;
        return AF_INET6;
    }
    errno = EINVAL;
    return 0;
}

int linux_listen(const char *address, uint16_t port, int backlog) {
    struct sockaddr_storage place;
    socklen_t size = 0;
    int family = read_address(address, port, &place, &size);
    if (family == 0) return -1;
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    int yes = 1;
    // Connections that linger from before do not hold the port; another listener does.
    int failed = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0
        || (family == AF_INET6 && setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) < 0)
        || bind(descriptor, (struct sockaddr *)&place, size) < 0 || listen(descriptor, backlog) < 0;
    if (!failed) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

bool linux_listens_at(int descriptor, const char *address, uint16_t port) {
    struct sockaddr_storage wanted, found;
    socklen_t wanted_size = 0, size = sizeof found;
    int accepts = 0;
    socklen_t accepts_size = sizeof accepts;
    int family = read_address(address, port, &wanted, &wanted_size);
    if (family == 0 || getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &accepts_size) < 0 || !accepts)
        return false;
    memset(&found, 0, sizeof found);
    if (getsockname(descriptor, (struct sockaddr *)&found, &size) < 0 || found.ss_family != family) return false;
    if (family == AF_INET) {
        struct sockaddr_in *a = (struct sockaddr_in *)&wanted, *b = (struct sockaddr_in *)&found;
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    struct sockaddr_in6 *a = (struct sockaddr_in6 *)&wanted, *b = (struct sockaddr_in6 *)&found;
    return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

int linux_take_descriptor(int pidfd, int number) { return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0); }

ssize_t linux_attribute(const char *path, const char *name, void *value, size_t capacity) {
    return getxattr(path, name, value, capacity);
}
