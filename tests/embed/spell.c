/* Builds one episode through the Arrow C data interface, groups it from several threads, and prints its HRG; no Python here. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ArrowSchema { const char *format, *name, *metadata; int64_t flags, n_children; struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *); void *private_data; };
struct ArrowArray { int64_t length, null_count, offset, n_buffers, n_children; const void **buffers; struct ArrowArray **children,
    *dictionary; void (*release)(struct ArrowArray *); void *private_data; };
struct ArrowArrayStream { int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *); const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *); void *private_data; };
#include "hrgcore.h"

enum { THREADS = 4 };
static int count;            /* columns, given as NAME=TEXT */
static char **cells;
static char names[64][64];
static hrgcore_grouper *grouper;

static void free_schema(struct ArrowSchema *s) {
    for (int64_t i = 0; i < s->n_children; i++) {
        if (s->children[i]->release) s->children[i]->release(s->children[i]);
        free(s->children[i]);
    }
    free(s->children);
    s->release = NULL;
}

static void free_array(struct ArrowArray *a) {
    for (int64_t i = 0; i < a->n_children; i++) {
        if (a->children[i]->release) a->children[i]->release(a->children[i]);
        free(a->children[i]);
    }
    free(a->children);
    free(a->private_data);
    free(a->buffers);
    a->release = NULL;
}

static void make(struct ArrowSchema *schema, struct ArrowArray *batch) {
    *schema = (struct ArrowSchema){.format = "+s", .name = "", .n_children = count, .release = free_schema};
    *batch = (struct ArrowArray){.length = 1, .n_buffers = 1, .n_children = count, .release = free_array};
    schema->children = calloc(count, sizeof *schema->children);
    batch->children = calloc(count, sizeof *batch->children);
    batch->buffers = calloc(1, sizeof *batch->buffers);
    for (int i = 0; i < count; i++) {
        const char *text = strchr(cells[i], '=') + 1;
        int32_t *ends = calloc(2, sizeof *ends);
        ends[1] = (int32_t)strlen(text);
        schema->children[i] = calloc(1, sizeof **schema->children);
        *schema->children[i] = (struct ArrowSchema){.format = "u", .name = names[i], .release = free_schema};
        batch->children[i] = calloc(1, sizeof **batch->children);
        *batch->children[i] = (struct ArrowArray){.length = 1, .n_buffers = 3, .release = free_array, .private_data = ends};
        batch->children[i]->buffers = calloc(3, sizeof(void *));
        batch->children[i]->buffers[1] = ends;
        batch->children[i]->buffers[2] = text;
    }
}

static void *group(void *found) {
    struct ArrowSchema schema;
    struct ArrowArray batch;
    struct ArrowArrayStream stream;
    hrgcore_result *result;
    make(&schema, &batch);
    if (hrgcore_group_batch(grouper, NULL, &schema, &batch, &result) || hrgcore_table(result, "spells", &stream)) {
        snprintf(found, 64, "%.63s", hrgcore_last_error());
        return NULL;
    }
    hrgcore_free_result(result); /* the table outlives it */
    stream.get_schema(&stream, &schema);
    stream.get_next(&stream, &batch);
    for (int64_t i = 0; i < schema.n_children; i++)
        if (!strcmp(schema.children[i]->name, "SpellHRG")) {
            const struct ArrowArray *column = batch.children[i];
            struct ArrowArray *values = column->dictionary;
            int64_t at = column->offset;
            if (values) {
                const char *kind = schema.children[i]->format;
                at = *kind == 'c' || *kind == 'C' ? ((const uint8_t *)column->buffers[1])[at]
                     : *kind == 's' || *kind == 'S' ? ((const uint16_t *)column->buffers[1])[at]
                                                    : ((const int32_t *)column->buffers[1])[at];
                at += values->offset;
                column = values;
            }
            const int32_t *ends = column->buffers[1];
            snprintf(found, 64, "%.*s", ends[at + 1] - ends[at], (const char *)column->buffers[2] + ends[at]);
        }
    batch.release(&batch);
    schema.release(&schema);
    stream.release(&stream);
    return NULL;
}

int main(int n, char **given) {
    pthread_t threads[THREADS];
    char found[THREADS][64] = {{0}};
    count = n - 1;
    cells = given + 1;
    for (int i = 0; i < count; i++) snprintf(names[i], 64, "%.*s", (int)(strchr(cells[i], '=') - cells[i]), cells[i]);
    if (hrgcore_abi_version() != HRGCORE_ABI_VERSION) return 3;
    if (hrgcore_open("no such design", 0, &grouper) != HRGCORE_WRONG_USE || !*hrgcore_last_error()) return 4;
    if (hrgcore_open(NULL, 1, &grouper)) return puts(hrgcore_last_error()), 5;
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, group, found[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) puts(found[i]);
    hrgcore_free_grouper(grouper);
    return hrgcore_free_grouper(grouper) == HRGCORE_WRONG_USE ? 0 : 6; /* freed twice is an error, no crash */
}
