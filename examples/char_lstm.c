/* Learns a text by heart, a character at a time, and then says it: a character-level LSTM.
 *
 * Run it as `char_lstm [FILE]`; without a file it learns a poem. */
#include <cotangent/cotangent.h>

#include <stdlib.h>
#include <string.h>

#define CODES 128 /* ASCII */
#define BATCH 16  /* pieces of text in a step */
#define TIMES 40  /* characters of a piece */
#define STEPS 400

static const char poem[] = /* Lewis Carroll, 1871 */
    "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the borogoves,\n"
    "And the mome raths outgrabe.\n\n"
    "\"Beware the Jabberwock, my son!\nThe jaws that bite, the claws that catch!\nBeware the Jubjub bird, and shun\n"
    "The frumious Bandersnatch!\"\n\n"
    "He took his vorpal sword in hand;\nLong time the manxome foe he sought-\nSo rested he by the Tumtum tree\n"
    "And stood awhile in thought.\n";

enum { EMBEDDING, LSTM, OUTPUT };

static ct_module *make_net(void) {
    return ct_sequential(ct_embedding_layer(CODES, 24), ct_lstm(24, 96), ct_linear(96, CODES));
}

/* Random pieces of the text as codes x (BATCH, TIMES), and the characters that follow each, y (BATCH * TIMES). */
static void draw(const char *text, size_t length, int64_t *x, int64_t *y) {
    ct_tensor *starts = ct_uniform(CT_F64, CT_SHAPE(BATCH), 0, (double)(length - TIMES));
    for (int i = 0; i < BATCH; i++) {
        const char *piece = text + (size_t)ct_get(starts, CT_SHAPE(i));
        for (int t = 0; t < TIMES; t++) x[i * TIMES + t] = piece[t] & 127, y[i * TIMES + t] = piece[t + 1] & 127;
    }
}

static bool step(ct_module *net, ct_optim *adam, const char *text, size_t length, double *loss) {
    int64_t x[BATCH * TIMES], y[BATCH * TIMES];
    ct_scope s = ct_begin();
    draw(text, length, x, y);
    ct_tensor *logits = ct_forward(net, ct_from(CT_I64, CT_SHAPE(BATCH, TIMES), x)); /* (BATCH, TIMES, CODES) */
    ct_tensor *f = ct_cross_entropy(ct_reshape(logits, CT_SHAPE(BATCH * TIMES, CODES)),
                                    ct_from(CT_I64, CT_SHAPE(BATCH * TIMES), y));
    ct_backward(f);
    ct_clip_grad_norm(ct_parameters(net), 1);
    ct_step(adam);
    *loss = ct_item(f);
    return ct_end(s);
}

/* Says what is likeliest after `code`, again and again; what was said so far is in the LSTM's state. */
static bool say(ct_module *net, int64_t code, int n) {
    ct_scope s = ct_begin_no_grad();
    ct_recurrent_state state = {.h = NULL}; /* zeros */
    for (int i = 0; i < n; i++) {
        putchar((int)code);
        ct_tensor *x = ct_forward(ct_own_part(net, EMBEDDING), ct_from(CT_I64, CT_SHAPE(1, 1), &code));
        ct_tensor *y = ct_forward_with(ct_own_part(net, LSTM), x, &state);
        code = (int64_t)ct_item(ct_argmax(ct_reshape(ct_forward(ct_own_part(net, OUTPUT), y), CT_SHAPE(CODES)), 0));
    }
    putchar('\n');
    return ct_end(s);
}

/* The file's text, to be freed; NULL with a message. */
static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = calloc(1 << 20, 1);
    size_t length = file && text ? fread(text, 1, (1 << 20) - 1, file) : 0;
    if (file) fclose(file);
    if (length > TIMES + 1) return text;
    fprintf(stderr, "char_lstm: %s cannot be read, or is too short\n", path);
    free(text);
    return NULL;
}

int main(int argc, char **argv) {
    char *given = argc > 1 ? read_text(argv[1]) : NULL;
    const char *text = argc > 1 ? given : poem;
    if (!text) return 1;
    ct_seed(1);
    ct_module *net = make_net();
    ct_optim *adam = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-2});
    bool ok = true;
    for (int i = 1; ok && i <= STEPS; i++) {
        double loss;
        ok = step(net, adam, text, strlen(text), &loss);
        if (ok && i % 100 == 0) printf("step %d   loss %.3f\n", i, loss);
    }
    ok = ok && say(net, text[0] & 127, 300);
    if (!ok) fprintf(stderr, "char_lstm: %s\n", ct_error());
    ct_optim_free(adam);
    ct_module_free(net);
    free(given);
    return ok ? 0 : 1;
}
