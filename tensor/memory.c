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

#define FIRST_CHUNK ((size_t)16 << 10)
#define LARGEST_DOUBLED ((size_t)8 << 20) /* chunks double up to this; a larger request gets its own size */
#define CHUNK_HEADER ((sizeof(ct_chunk) + CT_ALIGNMENT - 1) & ~(size_t)(CT_ALIGNMENT - 1))

static ct_chunk *new_chunk(size_t bytes) {
    ct_chunk *c = ct_alloc(bytes);
    if (c) *c = (ct_chunk){.next = NULL, .bytes = bytes, .used = CHUNK_HEADER};
    return c;
}

/* Moves on to the next kept chunk if the request fits there, else puts a new one in between. */
void *ct_arena_grow(ct_arena *arena, size_t bytes, size_t align) {
    size_t needed;
    if (!ct_checked_add(bytes, CHUNK_HEADER, &needed) || !ct_checked_round_up(needed, CT_ALIGNMENT, &needed))
        return NULL;
    ct_chunk *current = arena->current, *next = current ? current->next : arena->first;
    if (!next || next->bytes < needed) {
        size_t size = current ? current->bytes : FIRST_CHUNK / 2;
        size = size < LARGEST_DOUBLED / 2 ? 2 * size : LARGEST_DOUBLED;
        ct_chunk *fresh = new_chunk(size > needed ? size : needed);
        if (!fresh && size > needed) fresh = new_chunk(needed);
        if (!fresh) return NULL;
        fresh->next = next;
        *(current ? &current->next : &arena->first) = fresh;
        next = fresh;
    }
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
    *arena = (ct_arena){NULL, NULL};
}
