#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// By the name that Debian and Ubuntu give it; it brings libbson.
#define CMONGOC_LIBRARY "libmongoc-1.0.so.0"

/// Loads libmongoc, once; false where this machine has none that will do. Everything below may be called after it was true.
///
/// It is no part of the program: it gets ready, with SASL and all its plugins, before main(), which costs each start 9 ms of
/// processor time. Commands and probes that ask no MongoDB do without.
bool cmongoc_load(void);

typedef struct _mongoc_uri_t cmongoc_uri;
typedef struct _mongoc_client_t cmongoc_client;
typedef struct _mongoc_client_pool_t cmongoc_pool;

/// What failed, as far as anybody here tells it apart: see mongoc-error.h.
enum cmongoc_cause {
    /// The server refused a command, for the reason that is its `code`.
    CMONGOC_SERVER,
    CMONGOC_AUTHENTICATION,
    /// No server of that address was found.
    CMONGOC_SELECTION,
    /// A connection broke.
    CMONGOC_STREAM,
    CMONGOC_PROTOCOL,
    CMONGOC_OTHER,
};

/// The driver's texts may quote what was sent: there are none here.
struct cmongoc_error {
    enum cmongoc_cause cause;
    uint32_t domain;
    uint32_t code;
};

/// A connection string; NULL: it is none.
cmongoc_uri *cmongoc_uri_parse(const char *text);
/// One server, asked once, without looking for other members of a replica set; NULL: no such address can be.
cmongoc_uri *cmongoc_uri_direct(const char *address, uint16_t port);
void cmongoc_uri_destroy(cmongoc_uri *uri);
/// In milliseconds.
void cmongoc_uri_limit(cmongoc_uri *uri, int32_t connect, int32_t selection, int32_t socket);
/// By SCRAM-SHA-256, as a user of `database`.
void cmongoc_uri_sign_in(cmongoc_uri *uri, const char *user, const char *password, const char *database);
bool cmongoc_uri_has_user(const cmongoc_uri *uri);

/// NULL: the driver cannot use some option.
cmongoc_client *cmongoc_client_open(const cmongoc_uri *uri, struct cmongoc_error *error);
void cmongoc_client_close(cmongoc_client *client);

/// `size`: of connections. NULL: the driver cannot use some option.
cmongoc_pool *cmongoc_pool_open(cmongoc_uri *uri, int32_t size);
void cmongoc_pool_close(cmongoc_pool *pool);
cmongoc_client *cmongoc_pool_pop(cmongoc_pool *pool);
void cmongoc_pool_push(cmongoc_pool *pool, cmongoc_client *client);

/// Runs a command that has no arguments; `*text` is the reply's text at `key` for cmongoc_free, or NULL.
bool cmongoc_command(cmongoc_client *client, const char *database, const char *name, const char *key, char **text,
                     struct cmongoc_error *error);
/// Runs one command given as BSON. `*reply` is the answer's BSON for cmongoc_free, or NULL; it is set for a refused
/// command, too, because the details of the refusal are in it.
bool cmongoc_run(cmongoc_client *client, const char *database, const uint8_t *command, size_t length, uint8_t **reply,
                 uint32_t *reply_length, struct cmongoc_error *error);
/// Runs one command given as JSON; `*reply` is the answer as JSON for cmongoc_free, or NULL.
bool cmongoc_run_json(cmongoc_client *client, const char *database, const char *json, char **reply,
                      struct cmongoc_error *error);
void cmongoc_free(void *memory);
