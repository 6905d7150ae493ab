/* Scopes: a thread's stack of arenas, and the chain of tensors in order of creation. */
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <pthread.h>
#include <string.h>

_Thread_local ct_thread ct_this = {.next_id = 1};

/* ---- debug builds: an ended scope's handles ------------------------------------------------------------------- */

#ifdef CT_DEBUG
#define CT_QUARANTINE 8
static _Thread_local struct {
    ct_arena arena[CT_QUARANTINE];
    int next;
} quarantine;

/* Marks the scope's handles as dead and keeps their memory from use for a while, so that a late use is noticed. */
static void retire(struct ct_level *level) {
    for (ct_tensor *t = ct_this.newest; t && t->depth >= ct_this.depth; t = t->prev) t->flags |= CT_DEAD;
    ct_arena *oldest = &quarantine.arena[quarantine.next];
    quarantine.next = (quarantine.next + 1) % CT_QUARANTINE;
    ct_arena_free(oldest);
    *oldest = level->arena;
    level->arena = (ct_arena){0};
}

static void release_quarantine(void) {
    for (int i = 0; i < CT_QUARANTINE; i++) ct_arena_free(&quarantine.arena[i]);
}
#else
static void retire(struct ct_level *level) { ct_arena_rewind(&level->arena, (ct_arena_mark){NULL, 0}); }
static void release_quarantine(void) {}
#endif

/* ---- a thread's end gives its memory back -------------------------------------------------------------------- */

static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static bool exit_key_made;

static void release_levels(void *unused) {
    (void)unused;
    for (int depth = 1; depth <= CT_MAX_SCOPES; depth++) ct_arena_free(&ct_this.level[depth].arena);
    release_quarantine();
}

static void make_exit_key(void) { exit_key_made = pthread_key_create(&exit_key, release_levels) == 0; }

void ct_release_memory(void) {
    if (ct_this.depth == 0) release_levels(NULL);
}

/* ---- begin and end ------------------------------------------------------------------------------------------ */

ct_scope ct_begin(void) {
    if (ct_this.depth == CT_MAX_SCOPES) {
        ct_raise(CT_ERR_LIMIT, "ct_begin", NULL, "%d scopes are open already", CT_MAX_SCOPES);
        return (ct_scope){.depth = CT_MAX_SCOPES + 1};
    }
    if (ct_this.depth == 0) {
        ct_error_forget_reported();
        ct_this.next_id = 1;
        pthread_once(&exit_once, make_exit_key);
        if (exit_key_made) pthread_setspecific(exit_key, &ct_this);
    }
    struct ct_level *level = &ct_this.level[++ct_this.depth];
    level->newest = ct_this.newest;
    level->next_id = ct_this.next_id;
    level->no_grad = level[-1].no_grad;
    level->newest_group = level[-1].newest_group;
    level->open_group = level[-1].open_group;
    level->replay_plan = NULL;
    level->claims = NULL;
    return (ct_scope){.depth = ct_this.depth};
}

static void end_innermost(void) {
    struct ct_level *level = &ct_this.level[ct_this.depth];
    retire(level);
    ct_this.newest = level->newest;
    ct_this.next_id = level->next_id;
    ct_this.depth--;
}

void ct_close(ct_scope scope) {
    while (ct_this.depth >= scope.depth) end_innermost();
}

bool ct_end(ct_scope scope) {
    if (scope.depth < 1 || scope.depth > ct_this.depth) {
        if (scope.depth != CT_MAX_SCOPES + 1) /* that one did not open, which is on record */
            ct_raise(CT_ERR_SCOPE, "ct_end", NULL, "scope %d is not open", scope.depth);
        return ct_error_report();
    }
    ct_close(scope);
    return ct_error_report();
}

void *ct_scope_alloc(int depth, size_t bytes) {
    if (ct_this.limit && bytes > ct_this.limit - ct_this.spent) return NULL;
    ct_this.spent += bytes;
    return ct_arena_alloc(&ct_this.level[depth].arena, bytes, CT_ALIGNMENT);
}

void *ct_scope_array(int depth, size_t n, size_t item) {
    size_t bytes;
    return ct_checked_mul(n, item, &bytes) ? ct_scope_alloc(depth, bytes) : NULL;
}

/* ---- carrying a value out ----------------------------------------------------------------------------------- */

/* The copy joins the chain below the innermost scope's tensors, and takes a number that none of them has. */
static ct_tensor *keep_in_outer_scope(const char *at, const ct_tensor *t) {
    struct ct_level *inner = &ct_this.level[ct_this.depth];
    ct_tensor *newest = ct_this.newest;
    ct_shape shape = ct_shape_of(t);
    ct_this.depth--;
    ct_this.newest = inner->newest;
    ct_tensor *copy = ct_new_tensor("ct_keep", at, (ct_dtype)t->dtype, &shape, 0);
    inner->newest = ct_this.newest;
    inner->next_id = ct_this.next_id;
    ct_this.newest = newest;
    ct_this.depth++;
    return copy;
}

ct_tensor *ct_keep_at(const char *at, ct_tensor *t) {
    if (!ct_usable("ct_keep", at, t, 0)) return NULL;
    ct_shape shape = ct_shape_of(t);
    ct_tensor *copy = ct_this.depth > 1 ? keep_in_outer_scope(at, t) : ct_new_owned("ct_keep", at, t->dtype, &shape);
    if (!copy) return NULL;
    memcpy(copy->data, t->data, ct_bytes_of(t));
    if (!t->label || ct_label_at(at, copy, t->label)) return copy;
    ct_free(copy);
    return NULL;
}
