#include "CMongoc.h"

#include <dlfcn.h>
#include <mongoc/mongoc.h>
#include <pthread.h>

// Each function that we call, by its name in the library.
#define EACH(of)                                                                                                       \
    of(mongoc_init) of(mongoc_log_set_handler) of(mongoc_uri_new_with_error) of(mongoc_uri_new_for_host_port)          \
    of(mongoc_uri_destroy) of(mongoc_uri_set_option_as_int32) of(mongoc_uri_set_option_as_bool)                        \
    of(mongoc_uri_set_username) of(mongoc_uri_set_password) of(mongoc_uri_set_auth_source)                             \
    of(mongoc_uri_set_auth_mechanism) of(mongoc_uri_get_username) of(mongoc_client_new_from_uri_with_error)            \
    of(mongoc_client_set_error_api) of(mongoc_client_destroy) of(mongoc_client_command_simple)                         \
    of(mongoc_client_pool_new) of(mongoc_client_pool_set_error_api) of(mongoc_client_pool_destroy)                     \
    of(mongoc_client_pool_pop) of(mongoc_client_pool_push) of(bson_append_int32) of(bson_init_static)                  \
    of(bson_new_from_json) of(bson_as_relaxed_extended_json) of(bson_get_data) of(bson_destroy) of(bson_malloc)        \
    of(bson_free) of(bson_strdup) of(bson_iter_init_find) of(bson_iter_type) of(bson_iter_utf8)

#define MEMBER(name) __typeof__(name) *name;
static struct {
    EACH(MEMBER)
} library;

static bool is_loaded;

static void load(void) {
    void *handle = dlopen(CMONGOC_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) return;
    bool has_all = true;
#define FIND(name) has_all = (library.name = (__typeof__(name) *)dlsym(handle, #name)) != NULL && has_all;
    EACH(FIND)
    if (!has_all) return;
    library.mongoc_init();
    // Its own log goes to standard error, and may quote what a server sent.
    library.mongoc_log_set_handler(NULL, NULL);
    is_loaded = true;
}

bool cmongoc_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return is_loaded;
}

// For the macros of the driver's headers, which call these.
#define bson_append_int32 library.bson_append_int32
#define bson_iter_type library.bson_iter_type

static struct cmongoc_error told(const bson_error_t *error) {
    struct cmongoc_error found = {CMONGOC_OTHER, error->domain, error->code};
    switch (error->domain) {
    case MONGOC_ERROR_SERVER: found.cause = CMONGOC_SERVER; break;
    case MONGOC_ERROR_CLIENT:
        if (error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE) found.cause = CMONGOC_AUTHENTICATION;
        break;
    case MONGOC_ERROR_SERVER_SELECTION: found.cause = CMONGOC_SELECTION; break;
    case MONGOC_ERROR_STREAM: found.cause = CMONGOC_STREAM; break;
    case MONGOC_ERROR_PROTOCOL: found.cause = CMONGOC_PROTOCOL; break;
    }
    return found;
}

// The other one would write what it cannot read, a password with it, to its log.
cmongoc_uri *cmongoc_uri_parse(const char *text) { return library.mongoc_uri_new_with_error(text, NULL); }

cmongoc_uri *cmongoc_uri_direct(const char *address, uint16_t port) {
    mongoc_uri_t *uri = library.mongoc_uri_new_for_host_port(address, port);
    if (uri == NULL) return NULL;
    library.mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, true);
    library.mongoc_uri_set_option_as_bool(uri, MONGOC_URI_DIRECTCONNECTION, true);
    return uri;
}

void cmongoc_uri_destroy(cmongoc_uri *uri) { library.mongoc_uri_destroy(uri); }

void cmongoc_uri_limit(cmongoc_uri *uri, int32_t connect, int32_t selection, int32_t socket) {
    library.mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, connect);
    library.mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, selection);
    library.mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, socket);
}

void cmongoc_uri_sign_in(cmongoc_uri *uri, const char *user, const char *password, const char *database) {
    library.mongoc_uri_set_username(uri, user);
    library.mongoc_uri_set_password(uri, password);
    library.mongoc_uri_set_auth_source(uri, database);
    library.mongoc_uri_set_auth_mechanism(uri, "SCRAM-SHA-256");
}

bool cmongoc_uri_has_user(const cmongoc_uri *uri) { return library.mongoc_uri_get_username(uri) != NULL; }

cmongoc_client *cmongoc_client_open(const cmongoc_uri *uri, struct cmongoc_error *error) {
    bson_error_t said;
    mongoc_client_t *client = library.mongoc_client_new_from_uri_with_error(uri, &said);
    if (client == NULL) {
        *error = told(&said);
        return NULL;
    }
    library.mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
    return client;
}

void cmongoc_client_close(cmongoc_client *client) { library.mongoc_client_destroy(client); }

cmongoc_pool *cmongoc_pool_open(cmongoc_uri *uri, int32_t size) {
    library.mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, size);
    mongoc_client_pool_t *pool = library.mongoc_client_pool_new(uri);
    if (pool != NULL) library.mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
    return pool;
}

void cmongoc_pool_close(cmongoc_pool *pool) { library.mongoc_client_pool_destroy(pool); }
cmongoc_client *cmongoc_pool_pop(cmongoc_pool *pool) { return library.mongoc_client_pool_pop(pool); }
void cmongoc_pool_push(cmongoc_pool *pool, cmongoc_client *client) { library.mongoc_client_pool_push(pool, client); }

// A bson_t must live at a multiple of 128 bytes, which Swift cannot promise: its life ends inside each of these.

/// `reply` is begun in any case, and the caller's to destroy.
static bool run(cmongoc_client *client, const char *database, const bson_t *command, bson_t *reply,
                struct cmongoc_error *error) {
    bson_error_t said;
    bool succeeded = library.mongoc_client_command_simple(client, database, command, NULL, reply, &said);
    if (!succeeded) *error = told(&said);
    return succeeded;
}

bool cmongoc_command(cmongoc_client *client, const char *database, const char *name, const char *key, char **text,
                     struct cmongoc_error *error) {
    bson_t command = BSON_INITIALIZER;
    bson_t reply;
    bson_iter_t at;
    BSON_APPEND_INT32(&command, name, 1);
    bool succeeded = run(client, database, &command, &reply, error);
    *text = NULL;
    if (succeeded && library.bson_iter_init_find(&at, &reply, key) && BSON_ITER_HOLDS_UTF8(&at))
        *text = library.bson_strdup(library.bson_iter_utf8(&at, NULL));
    library.bson_destroy(&reply);
    library.bson_destroy(&command);
    return succeeded;
}

bool cmongoc_run(cmongoc_client *client, const char *database, const uint8_t *command, size_t length, uint8_t **reply,
                 uint32_t *reply_length, struct cmongoc_error *error) {
    bson_t document;
    bson_t answer;
    *reply = NULL;
    *reply_length = 0;
    if (!library.bson_init_static(&document, command, length)) {
        *error = (struct cmongoc_error){CMONGOC_OTHER, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID};
        return false;
    }
    bool succeeded = run(client, database, &document, &answer, error);
    *reply = (uint8_t *)library.bson_malloc(answer.len);
    memcpy(*reply, library.bson_get_data(&answer), answer.len);
    *reply_length = answer.len;
    library.bson_destroy(&answer);
    return succeeded;
}

bool cmongoc_run_json(cmongoc_client *client, const char *database, const char *json, char **reply,
                      struct cmongoc_error *error) {
    bson_error_t said;
    *reply = NULL;
    bson_t *command = library.bson_new_from_json((const uint8_t *)json, -1, &said);
    if (command == NULL) {
        *error = told(&said);
        return false;
    }
    bson_t answer;
    bool succeeded = run(client, database, command, &answer, error);
    *reply = library.bson_as_relaxed_extended_json(&answer, NULL);
    library.bson_destroy(&answer);
    library.bson_destroy(command);
    return succeeded;
}

void cmongoc_free(void *memory) { library.bson_free(memory); }
