/* The C interface of hrgcore: group Arrow data to HRG4+. Build the library with `python -m hrgcore.embed build`.
 *
 * Every function may be called from any thread, on the same grouper too. Each gives HRGCORE_OK or an error code; what was wrong is
 * then in hrgcore_last_error of the same thread. Text is UTF-8. ArrowSchema, ArrowArray and ArrowArrayStream are those of the Arrow
 * C data and stream interfaces.
 */
#ifndef HRGCORE_H
#define HRGCORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HRGCORE_ABI_VERSION 1

enum {
    HRGCORE_OK = 0,
    HRGCORE_FAILED = 1,       /* an error that hrgcore does not foresee */
    HRGCORE_WRONG_USE = 2,    /* an argument is wrong: unknown design, logic, table; freed or never opened */
    HRGCORE_WRONG_INPUT = 3,  /* the data can't be grouped: a missing column, more than one spell to explain */
    HRGCORE_WRONG_DESIGN = 4, /* the design's tables are wrong, or it has none for the logic */
    HRGCORE_NO_PYTHON = 6     /* Python, or the environment that the library was built in, is not there */
};

/* As the Arrow specification has them, under its guards: whoever has defined them already keeps its own. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

typedef struct hrgcore_grouper hrgcore_grouper;
typedef struct hrgcore_result hrgcore_result;

/* The library's HRGCORE_ABI_VERSION. It rises when a call changes that exists. */
int hrgcore_abi_version(void);

/* The version of hrgcore that the library was built with. */
const char *hrgcore_version(void);

/* What was wrong with this thread's last call; "" after one that succeeded. Valid until this thread's next call. */
const char *hrgcore_last_error(void);

/* Open a design: its id, or the path of a bundle or of a folder of tables; NULL is the default. threads 0: all cores. */
int hrgcore_open(const char *design, int threads, hrgcore_grouper **opened);

/* Group a stream, or one batch (a struct array with its schema). logic NULL is admitted care ("apc"). The input is taken: the
 * library releases it, whether it succeeds or not. */
int hrgcore_group(hrgcore_grouper *grouper, const char *logic, struct ArrowArrayStream *input, hrgcore_result **grouped);
int hrgcore_group_batch(hrgcore_grouper *grouper, const char *logic, struct ArrowSchema *schema, struct ArrowArray *batch,
                        hrgcore_result **grouped);

/* One table of a result, as a stream that the caller owns and releases; it outlives the result. Admitted care has "episodes",
 * "spells", "unbundled" and "errors"; the other logics "rows" and "errors", attendances "unbundled" too. */
int hrgcore_table(hrgcore_result *result, const char *table, struct ArrowArrayStream *stream);

/* Why a spell (all its episodes, and no other's), or one row of another logic, has its HRG: JSON text, to be given to
 * hrgcore_free_text. The input is taken. */
int hrgcore_explain(hrgcore_grouper *grouper, const char *logic, struct ArrowArrayStream *input, char **json);

/* Free what was opened, grouped or explained. NULL is no error. */
int hrgcore_free_grouper(hrgcore_grouper *grouper);
int hrgcore_free_result(hrgcore_result *result);
void hrgcore_free_text(char *text);

#ifdef __cplusplus
}
#endif
#endif
