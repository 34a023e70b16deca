#include <mongoc/mongoc.h>

// A bson_t must live at a multiple of 128 bytes, which Swift cannot promise: its life ends inside this call.
/// Runs a command that has no arguments; `*text` is the reply's text at `key` for bson_free(3), or NULL.
static inline bool cmongoc_command(mongoc_client_t *client, const char *database, const char *name, const char *key,
                                   char **text, bson_error_t *error) {
    bson_t command = BSON_INITIALIZER;
    bson_t reply;
    bson_iter_t at;
    BSON_APPEND_INT32(&command, name, 1);
    bool succeeded = mongoc_client_command_simple(client, database, &command, NULL, &reply, error);
    *text = NULL;
    if (succeeded && bson_iter_init_find(&at, &reply, key) && BSON_ITER_HOLDS_UTF8(&at))
        *text = bson_strdup(bson_iter_utf8(&at, NULL));
    bson_destroy(&reply);
    bson_destroy(&command);
    return succeeded;
}

/// Runs one command given as BSON. `*reply` is the answer's BSON for bson_free(3), or NULL; it is set for a refused
/// command, too, because the details of the refusal are in it.
static inline bool cmongoc_run(mongoc_client_t *client, const char *database, const uint8_t *command, size_t length,
                               uint8_t **reply, uint32_t *reply_length, bson_error_t *error) {
    bson_t document;
    bson_t answer;
    *reply = NULL;
    *reply_length = 0;
    if (!bson_init_static(&document, command, length)) {
        bson_set_error(error, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "malformed command");
        return false;
    }
    bool succeeded = mongoc_client_command_simple(client, database, &document, NULL, &answer, error);
    *reply = (uint8_t *) bson_malloc(answer.len);
    memcpy(*reply, bson_get_data(&answer), answer.len);
    *reply_length = answer.len;
    bson_destroy(&answer);
    return succeeded;
}

/// Runs one command given as JSON; `*reply` is the answer as JSON for bson_free(3), or NULL.
static inline bool cmongoc_run_json(mongoc_client_t *client, const char *database, const char *json, char **reply,
                                    bson_error_t *error) {
    *reply = NULL;
    bson_t *command = bson_new_from_json((const uint8_t *) json, -1, error);
    if (!command) return false;
    bson_t answer;
    bool succeeded = mongoc_client_command_simple(client, database, command, NULL, &answer, error);
    *reply = bson_as_relaxed_extended_json(&answer, NULL);
    bson_destroy(&answer);
    bson_destroy(command);
    return succeeded;
}
