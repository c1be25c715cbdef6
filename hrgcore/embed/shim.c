/* The exported functions: they keep errors by thread, release what they took, and call Python, which answers code + 1. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char error_text[8192];

static void set_error(const char *text) {
    strncpy(error_text, text, sizeof error_text - 1);
}

static char *copy_text(const char *text) { return strdup(text); }

/* Python is started as if no variables were set, so that none of the caller's leads it astray; a failure is no abort. */
static void start_python(void) {
    PyConfig config;
    PyStatus status;
    if (Py_IsInitialized()) return;
    PyConfig_InitIsolatedConfig(&config);
    status = PyConfig_SetBytesString(&config, &config.program_name, HRGCORE_PYTHON);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (!PyStatus_Exception(status)) PyEval_SaveThread();
}

static int has_python(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_python);
    return Py_IsInitialized();
}

/* Where Python has not what the library calls, cffi answers 0. */
#define ANSWER(call) answer(has_python() ? (call) : 0)
static int answer(int given) {
    if (given) return given - 1;
    set_error("Python, or the environment that this library was built in, could not be started. See standard error.");
    return HRGCORE_NO_PYTHON;
}

static int wrong_use(const char *text) {
    set_error(text);
    return HRGCORE_WRONG_USE;
}

#define START error_text[0] = 0
#define RELEASE(thing) if ((thing) && (thing)->release) (thing)->release(thing)
#define EXPORT __attribute__((visibility("default")))

static int python_open(const char *, int, void **);
static int python_group(void *, const char *, void *, void **);
static int python_group_batch(void *, const char *, void *, void *, void **);
static int python_table(void *, const char *, void *);
static int python_explain(void *, const char *, void *, char **);
static int python_free(void *, int);

EXPORT int hrgcore_abi_version(void) { return HRGCORE_ABI_VERSION; }

EXPORT const char *hrgcore_version(void) { return HRGCORE_BUILT_VERSION; }

EXPORT const char *hrgcore_last_error(void) { return error_text; }

EXPORT int hrgcore_open(const char *design, int threads, hrgcore_grouper **opened) {
    START;
    if (!opened) return wrong_use("opened is NULL; give a place for the grouper.");
    *opened = NULL;
    return ANSWER(python_open(design, threads, (void **)opened));
}

EXPORT int hrgcore_group(hrgcore_grouper *grouper, const char *logic, struct ArrowArrayStream *input, hrgcore_result **grouped) {
    int code;
    START;
    if (grouped) *grouped = NULL;
    if (!grouped || !input || !input->release) code = wrong_use("grouped or input is NULL, or input was released already.");
    else code = ANSWER(python_group(grouper, logic, input, (void **)grouped));
    RELEASE(input);
    return code;
}

EXPORT int hrgcore_group_batch(hrgcore_grouper *grouper, const char *logic, struct ArrowSchema *schema, struct ArrowArray *batch,
                               hrgcore_result **grouped) {
    int code;
    START;
    if (grouped) *grouped = NULL;
    if (!grouped || !schema || !schema->release || !batch || !batch->release)
        code = wrong_use("grouped, schema or batch is NULL, or the batch was released already.");
    else code = ANSWER(python_group_batch(grouper, logic, schema, batch, (void **)grouped));
    RELEASE(batch);
    RELEASE(schema);
    return code;
}

EXPORT int hrgcore_table(hrgcore_result *result, const char *table, struct ArrowArrayStream *stream) {
    START;
    if (!stream || !table) return wrong_use("table or stream is NULL; give a table's name and a place for its stream.");
    stream->release = NULL;
    return ANSWER(python_table(result, table, stream));
}

EXPORT int hrgcore_explain(hrgcore_grouper *grouper, const char *logic, struct ArrowArrayStream *input, char **json) {
    int code;
    START;
    if (json) *json = NULL;
    if (!json || !input || !input->release) code = wrong_use("json or input is NULL, or input was released already.");
    else code = ANSWER(python_explain(grouper, logic, input, json));
    RELEASE(input);
    return code;
}

EXPORT int hrgcore_free_grouper(hrgcore_grouper *grouper) {
    START;
    return grouper ? ANSWER(python_free(grouper, 0)) : HRGCORE_OK;
}

EXPORT int hrgcore_free_result(hrgcore_result *result) {
    START;
    return result ? ANSWER(python_free(result, 1)) : HRGCORE_OK;
}

EXPORT void hrgcore_free_text(char *text) { free(text); }
