#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Starts a program that ends with us. It leads a process group of its own, has no descriptor of ours but `output` and
/// `errors` (its 1 and 2), reads nothing, can gain no privileges, leaves no core, and writes no file beyond
/// `largest_file` bytes.
///
/// The kernel kills it when the calling thread ends, however that comes about (prctl(2), PR_SET_PDEATHSIG): call this on
/// the thread that waits for it. `arguments` and `environment` end with NULL; the first argument is the program's path.
/// Its pid, or the negated errno.
pid_t child_start(
    char *const *arguments, char *const *environment, const char *directory, int output, int errors,
    uint64_t largest_file);

/// Returns when nobody of a process group that was killed runs any more: a signal is sent in no time, and is followed when
/// its target gets a processor. Who cannot follow it because the kernel holds it is waited for two seconds.
void child_group_ends(pid_t group);
