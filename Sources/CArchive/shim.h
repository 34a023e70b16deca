#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

// archive_set_error is variadic, which Swift cannot call.
static inline void cspm_archive_fail(struct archive *archive) {
    archive_set_error(archive, EIO, "its source failed");
}
