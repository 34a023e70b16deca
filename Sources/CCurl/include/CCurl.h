#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdbool.h>

/// Loads libcurl, once; false where this machine has none that will do. Everything below may be called after it was true.
///
/// It is no part of the program: it brings some thirty libraries, which cost each process about 3 MB, and only who looks
/// at the URL of a webhook or calls one has any use for them.
bool ccurl_load(void);

CURL *ccurl_open(void);
void ccurl_close(CURL *handle);
CURLcode ccurl_perform(CURL *handle);

/// NULL where there is no memory; then the list is as it was.
struct curl_slist *ccurl_append(struct curl_slist *list, const char *text);
void ccurl_free_list(struct curl_slist *list);

// Swift cannot call a function with variable arguments: one with a name for each kind of option.
CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
/// Decides about each connection, after names are resolved and after each redirect.
CURLcode ccurl_set_opener(CURL *handle, curl_opensocket_callback open, void *context);
CURLcode ccurl_set_reader(CURL *handle, curl_write_callback read, void *context);

/// The status of the last reply; 0 where there was none.
long ccurl_status(CURL *handle);

CURLU *ccurl_url_open(void);
void ccurl_url_close(CURLU *url);
CURLUcode ccurl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags);
/// What it gives belongs to the caller, who frees it with `ccurl_free`.
CURLUcode ccurl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags);
void ccurl_free(void *text);
