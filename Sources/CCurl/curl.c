#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>

// Each function that we call, by its name in the library.
#define EACH(of)                                                                                             \
    of(curl_global_init) of(curl_easy_init) of(curl_easy_cleanup) of(curl_easy_perform) of(curl_easy_setopt) \
    of(curl_easy_getinfo) of(curl_slist_append) of(curl_slist_free_all) of(curl_url) of(curl_url_cleanup)    \
    of(curl_url_set) of(curl_url_get) of(curl_free)

#define MEMBER(name) __typeof__(name) *name;
static struct {
    EACH(MEMBER)
} library;

static bool is_loaded;

static void load(void) {
    // The name that Debian and Ubuntu give the one with OpenSSL, which the program has already.
    void *handle = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) return;
    bool has_all = true;
#define FIND(name) has_all = (library.name = (__typeof__(name) *)dlsym(handle, #name)) != NULL && has_all;
    EACH(FIND)
    is_loaded = has_all && library.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool ccurl_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return is_loaded;
}

CURL *ccurl_open(void) { return library.curl_easy_init(); }
void ccurl_close(CURL *handle) { library.curl_easy_cleanup(handle); }
CURLcode ccurl_perform(CURL *handle) { return library.curl_easy_perform(handle); }

struct curl_slist *ccurl_append(struct curl_slist *list, const char *text) {
    return library.curl_slist_append(list, text);
}
void ccurl_free_list(struct curl_slist *list) { library.curl_slist_free_all(list); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return library.curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return library.curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return library.curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_opener(CURL *handle, curl_opensocket_callback open, void *context) {
    CURLcode code = library.curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
    return code == CURLE_OK ? library.curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context) : code;
}

CURLcode ccurl_set_reader(CURL *handle, curl_write_callback read, void *context) {
    CURLcode code = library.curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, read);
    return code == CURLE_OK ? library.curl_easy_setopt(handle, CURLOPT_WRITEDATA, context) : code;
}

long ccurl_status(CURL *handle) {
    long status = 0;
    library.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

CURLU *ccurl_url_open(void) { return library.curl_url(); }
void ccurl_url_close(CURLU *url) { library.curl_url_cleanup(url); }

CURLUcode ccurl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
    return library.curl_url_set(url, part, text, flags);
}

CURLUcode ccurl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
    return library.curl_url_get(url, part, text, flags);
}

void ccurl_free(void *text) { library.curl_free(text); }
