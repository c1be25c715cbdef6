/* Builds episodes through the Arrow C data interface, groups them from several threads and explains the first; no Python here.
 *
 * spells EXPECTED COLUMN=VALUES...: HRGs of the spells, and the cells of each column, each list divided by "|".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hrgcore.h"

#define CHECK(holds) do if (!(holds)) { \
        fprintf(stderr, "line %d: %s does not hold; the library says: %s\n", __LINE__, #holds, hrgcore_last_error()); \
        exit(1); \
    } while (0)

enum { THREADS = 4, TIMES = 3, LONGEST = 64 };
static int columns;
static char **given; /* COLUMN=VALUES */
static const char *expected;
static hrgcore_grouper *grouper;

static void free_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    free(schema->private_data);
    schema->release = NULL;
}

static void free_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    for (int64_t i = 1; i < array->n_buffers; i++) free((void *)array->buffers[i]);
    free(array->children);
    free(array->buffers);
    array->release = NULL;
}

static void make_schema(struct ArrowSchema *schema, const char *other_name) {
    *schema = (struct ArrowSchema){.format = "+s", .name = "", .n_children = columns, .release = free_schema};
    schema->children = calloc(columns, sizeof *schema->children);
    for (int i = 0; i < columns; i++) {
        const char *named = i == 0 && other_name ? other_name : given[i];
        char *name = strndup(named, strcspn(named, "="));
        schema->children[i] = calloc(1, sizeof **schema->children);
        *schema->children[i] = (struct ArrowSchema){.format = "u", .name = name, .private_data = name, .release = free_schema};
    }
}

/* The cells of the first rows of a column, as text. */
static void make_column(struct ArrowArray *column, const char *cells, int64_t rows) {
    int32_t *ends = calloc(rows + 1, sizeof *ends);
    char *text = calloc(strlen(cells) + 1, 1);
    for (int64_t row = 0; row < rows; row++) {
        int32_t length = (int32_t)strcspn(cells, "|");
        memcpy(text + ends[row], cells, length);
        ends[row + 1] = ends[row] + length;
        cells += length + (cells[length] == '|');
    }
    *column = (struct ArrowArray){.length = rows, .n_buffers = 3, .release = free_array};
    column->buffers = calloc(3, sizeof *column->buffers);
    column->buffers[1] = ends;
    column->buffers[2] = text;
}

static void make_batch(struct ArrowArray *batch, int64_t rows) {
    *batch = (struct ArrowArray){.length = rows, .n_buffers = 1, .n_children = columns, .release = free_array};
    batch->buffers = calloc(1, sizeof *batch->buffers);
    batch->children = calloc(columns, sizeof *batch->children);
    for (int i = 0; i < columns; i++) {
        batch->children[i] = calloc(1, sizeof **batch->children);
        make_column(batch->children[i], strchr(given[i], '=') + 1, rows);
    }
}

/* A stream of one batch of the first rows; private_data is how many, NULL once it was given. */
static int next_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) { return (void)stream, make_schema(schema, NULL), 0; }

static int next_batch(struct ArrowArrayStream *stream, struct ArrowArray *batch) {
    *batch = (struct ArrowArray){0};
    if (stream->private_data) make_batch(batch, (int64_t)(intptr_t)stream->private_data);
    stream->private_data = NULL;
    return 0;
}

static int fails(struct ArrowArrayStream *stream, struct ArrowArray *batch) { return (void)stream, (void)batch, 5; }

static const char *said(struct ArrowArrayStream *stream) { return (void)stream, "the line was cut"; }

static void free_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }

static struct ArrowArrayStream make_stream(int64_t rows) {
    return (struct ArrowArrayStream){next_schema, next_batch, said, free_stream, (void *)(intptr_t)rows};
}

/* The HRGs of a result, divided by "|", as `expected` has them. */
static void read_hrgs(hrgcore_result *result, char *found) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    CHECK(hrgcore_table(result, "spells", &stream) == HRGCORE_OK);
    CHECK(hrgcore_free_result(result) == HRGCORE_OK); /* the table outlives it */
    CHECK(stream.get_schema(&stream, &schema) == 0);
    CHECK(stream.get_next(&stream, &batch) == 0 && batch.release);
    for (int64_t i = 0; i < schema.n_children; i++) {
        if (strcmp(schema.children[i]->name, "SpellHRG")) continue;
        const struct ArrowArray *column = batch.children[i], *values = column->dictionary ? column->dictionary : column;
        const char kind = schema.children[i]->format[0];
        for (int64_t row = 0; row < column->length; row++) {
            int64_t at = column->offset + row;
            if (column->dictionary) {
                const void *indices = column->buffers[1];
                at = values->offset + (kind == 'c' || kind == 'C'   ? ((const uint8_t *)indices)[at]
                                       : kind == 's' || kind == 'S' ? ((const uint16_t *)indices)[at]
                                                                    : ((const int32_t *)indices)[at]);
            }
            const int32_t *ends = values->buffers[1];
            found += sprintf(found, "%s%.*s", row ? "|" : "", ends[at + 1] - ends[at], (const char *)values->buffers[2] + ends[at]);
        }
    }
    batch.release(&batch);
    schema.release(&schema);
    stream.release(&stream);
}

static int64_t count_rows(void) {
    int64_t rows = 1;
    for (const char *at = given[0]; *at; at++) rows += *at == '|';
    return rows;
}

static void *group(void *unused) {
    char *found = calloc(strlen(expected) + LONGEST, 8);
    for (int i = 0; i < TIMES; i++) {
        hrgcore_result *result;
        struct ArrowArrayStream stream = make_stream(count_rows());
        CHECK(hrgcore_group(grouper, NULL, &stream, &result) == HRGCORE_OK);
        CHECK(!stream.release);
        read_hrgs(result, found);
        if (strcmp(found, expected)) fprintf(stderr, "found %s\n", found);
        CHECK(!strcmp(found, expected));
    }
    free(found);
    return unused;
}

static void wrong_use(void) {
    struct ArrowSchema schema;
    struct ArrowArray batch;
    struct ArrowArrayStream stream = make_stream(1);
    hrgcore_result *result;
    hrgcore_grouper *none;
    CHECK(hrgcore_open("no such design", 0, &none) == HRGCORE_WRONG_USE && !none);
    CHECK(strstr(hrgcore_last_error(), "no such design"));
    make_schema(&schema, "NO_SUCH_COLUMN");
    make_batch(&batch, 1);
    CHECK(hrgcore_group_batch(grouper, "apc", &schema, &batch, &result) == HRGCORE_WRONG_INPUT && !result);
    CHECK(!schema.release && !batch.release);
    char first[LONGEST] = {0};
    memcpy(first, given[0], strcspn(given[0], "="));
    CHECK(strstr(hrgcore_last_error(), first)); /* which column is missing */
    make_schema(&schema, NULL);
    make_batch(&batch, 1);
    CHECK(hrgcore_group_batch(grouper, "apc", &schema, &batch, NULL) == HRGCORE_WRONG_USE && !schema.release && !batch.release);
    stream.get_next = fails;
    CHECK(hrgcore_group(grouper, "apc", &stream, &result) == HRGCORE_WRONG_INPUT);
    CHECK(strstr(hrgcore_last_error(), "gives no Arrow table"));
    CHECK(hrgcore_group(grouper, "apc", &stream, &result) == HRGCORE_WRONG_USE); /* released already */
    make_schema(&schema, NULL);
    make_batch(&batch, 1);
    CHECK(hrgcore_group_batch(grouper, NULL, &schema, &batch, &result) == HRGCORE_OK && !*hrgcore_last_error());
    CHECK(hrgcore_table(result, "no such table", &stream) == HRGCORE_WRONG_USE && !stream.release);
    CHECK(hrgcore_free_result(result) == HRGCORE_OK);
    CHECK(hrgcore_free_result(result) == HRGCORE_WRONG_USE); /* freed twice */
}

int main(int count, char **words) {
    pthread_t threads[THREADS];
    char *json;
    if (count < 3) return 2;
    expected = words[1];
    columns = count - 2;
    given = words + 2;
    CHECK(hrgcore_abi_version() == HRGCORE_ABI_VERSION && *hrgcore_version());
    CHECK(hrgcore_open(NULL, 1, &grouper) == HRGCORE_OK);
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, group, NULL));
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_join(threads[i], NULL));
    struct ArrowArrayStream stream = make_stream(1);
    CHECK(hrgcore_explain(grouper, NULL, &stream, &json) == HRGCORE_OK);
    puts(json);
    hrgcore_free_text(json);
    wrong_use();
    CHECK(hrgcore_free_grouper(grouper) == HRGCORE_OK);
    CHECK(hrgcore_free_grouper(grouper) == HRGCORE_WRONG_USE);
    return 0;
}
