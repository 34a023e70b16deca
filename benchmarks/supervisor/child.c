// What the supervisors under test run. It tells the bench, over a Unix datagram socket, when its `main` began.
//
//   child NAME idle                   waits until a signal ends it
//   child NAME ready                  says on descriptor 3 that it is ready, and waits
//   child NAME write BYTES            writes lines of 100 bytes to stdout as fast as it can, tells, and waits
//   child NAME count MILLISECONDS     writes "NAME N" lines, one each so many milliseconds
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void tell(const char *name, const char *word, long long when) {
    const char *path = getenv("BENCH_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[256];
    int length = snprintf(text, sizeof text, "%s %s %d %lld", name, word, (int)getpid(), when);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (!path || strlen(path) >= sizeof address.sun_path) exit(64);
    strcpy(address.sun_path, path);
    sendto(descriptor, text, (size_t)length, 0, (struct sockaddr *)&address, sizeof address);
    close(descriptor);
}

static void write_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(1, bytes, count);
        if (written <= 0) exit(1);
        bytes += written;
        count -= (size_t)written;
    }
}

int main(int count, char **arguments) {
    long long began = nanoseconds();
    if (count < 3) return 64;
    const char *name = arguments[1], *mode = arguments[2];
    tell(name, "began", began);
    if (strcmp(mode, "write") == 0) {
        static char block[65500];  // a whole number of lines
        for (size_t at = 0; at < sizeof block; at += 100) {
            memset(block + at, 'x', 99);
            block[at + 99] = '\n';
        }
        long long rest = atoll(arguments[3]);
        for (; rest > 0; rest -= (long long)sizeof block)
            write_all(block, rest < (long long)sizeof block ? (size_t)rest : sizeof block);
        tell(name, "wrote", nanoseconds());
    } else if (strcmp(mode, "ready") == 0) {
        if (write(3, "\n", 1) == 1) close(3);
    } else if (strcmp(mode, "count") == 0) {
        struct timespec pause = {atol(arguments[3]) / 1000, atol(arguments[3]) % 1000 * 1000000L};
        for (long number = 1;; number++) {
            char line[128];
            write_all(line, (size_t)snprintf(line, sizeof line, "%s %ld\n", name, number));
            nanosleep(&pause, NULL);
        }
    }
    for (;;) pause();
}
