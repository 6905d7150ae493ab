/* The allocator hook, and the arenas that scopes are made of. */
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- the allocator ------------------------------------------------------------------------------------------ */

static void *libc_alloc(void *context, size_t bytes) {
    (void)context;
    return ct_checked_round_up(bytes ? bytes : 1, CT_ALIGNMENT, &bytes) ? aligned_alloc(CT_ALIGNMENT, bytes) : NULL;
}

static void libc_release(void *context, void *block, size_t bytes) {
    (void)context, (void)bytes;
    free(block);
}

static const ct_allocator libc_allocator = {libc_alloc, libc_release, NULL};
static ct_allocator allocator = {libc_alloc, libc_release, NULL};

void ct_set_allocator(const ct_allocator *a) { allocator = a ? *a : libc_allocator; }

void *ct_alloc(size_t bytes) { return allocator.alloc(allocator.context, bytes); }

void ct_dealloc(void *block, size_t bytes) {
    if (block) allocator.release(allocator.context, block, bytes);
}

bool ct_grow(void **items, size_t *capacity, size_t wanted, size_t item_size) {
    if (wanted <= *capacity) return true;
    size_t doubled = *capacity ? *capacity : 8, bytes;
    while (doubled < wanted)
        if (!ct_checked_mul(doubled, 2, &doubled)) return false;
    if (!ct_checked_mul(doubled, item_size, &bytes)) return false;
    void *grown = ct_alloc(bytes);
    if (!grown) return false;
    size_t old = *capacity * item_size; /* was allocated, so it fits */
    if (old) memcpy(grown, *items, old);
    ct_dealloc(*items, old);
    *items = grown;
    *capacity = doubled;
    return true;
}

char *ct_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = ct_alloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void ct_strfree(char *text) {
    if (text) ct_dealloc(text, strlen(text) + 1);
}

/* ---- arenas ------------------------------------------------------------------------------------------------- */

/* A chunk is a share of what the arena holds, so that little is wasted; a larger request gets its own size. */
#define SHARE 16
#define LEAST_CHUNK ((size_t)16 << 10)
#define LARGEST_CHUNK ((size_t)8 << 20)
#define CHUNK_HEADER ((sizeof(ct_chunk) + CT_ALIGNMENT - 1) & ~(size_t)(CT_ALIGNMENT - 1))

static ct_chunk *new_chunk(size_t bytes) {
    ct_chunk *c = ct_alloc(bytes);
    if (c) *c = (ct_chunk){.next = NULL, .bytes = bytes, .used = CHUNK_HEADER};
    return c;
}

/* The first of the kept chunks that is large enough, taken out of the list; NULL when there is none. */
static ct_chunk *take_kept(ct_chunk **kept, size_t needed) {
    while (*kept && (*kept)->bytes < needed) kept = &(*kept)->next;
    ct_chunk *found = *kept;
    if (found) *kept = found->next;
    return found;
}

static ct_chunk *add_chunk(ct_arena *arena, size_t needed) {
    size_t size = arena->held / SHARE;
    size = size < LEAST_CHUNK ? LEAST_CHUNK : size < LARGEST_CHUNK ? size : LARGEST_CHUNK;
    ct_chunk *fresh = new_chunk(size > needed ? size : needed);
    if (!fresh && size > needed) fresh = new_chunk(needed);
    if (fresh) arena->held += fresh->bytes;
    return fresh;
}

/* Moves on to a kept chunk or a new one, which comes next from now on: a step that is repeated finds its chunks in a
 * row. */
void *ct_arena_grow(ct_arena *arena, size_t bytes, size_t align) {
    size_t needed;
    if (!ct_checked_add(bytes, CHUNK_HEADER, &needed) || !ct_checked_round_up(needed, CT_ALIGNMENT, &needed))
        return NULL;
    ct_chunk **place = arena->current ? &arena->current->next : &arena->first, *next = take_kept(place, needed);
    if (!next && !(next = add_chunk(arena, needed))) return NULL;
    next->next = *place;
    *place = next;
    next->used = CHUNK_HEADER;
    arena->current = next;
    return ct_arena_alloc(arena, bytes, align);
}

ct_arena_mark ct_arena_tell(const ct_arena *arena) {
    return (ct_arena_mark){arena->current, arena->current ? arena->current->used : 0};
}

void ct_arena_rewind(ct_arena *arena, ct_arena_mark mark) {
    arena->current = mark.chunk ? mark.chunk : arena->first;
    if (arena->current) arena->current->used = mark.chunk ? mark.used : CHUNK_HEADER;
}

void ct_arena_free(ct_arena *arena) {
    for (ct_chunk *c = arena->first, *next; c; c = next) {
        next = c->next;
        ct_dealloc(c, c->bytes);
    }
    *arena = (ct_arena){0};
}
