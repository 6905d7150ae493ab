/* Prints inspect/formula/calls.inc, the functions that formulas may call, from the parameter lists in ops.def. Runs
 * during the build; not a part of the library.
 *
 * A row with a parameter that a formula has no words for is left out. */
#include "autograd/functions.inc"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A C type, how it is written in a formula, and what is passed for argument %d of a call. */
typedef struct type {
    const char *name, *kind, *pass;
    const char *words; /* of choices: the name of the array in calls.c */
} type;

static const type types[] = {
    {"ct_tensor *", "TENSOR", "a[%d].tensor", NULL},
    {"ct_list", "TENSORS", "a[%d].tensors", NULL},
    {"double", "NUMBER", "a[%d].number", NULL},
    {"int", "INT", "(int)a[%d].integer", NULL},
    {"int64_t", "INT64", "a[%d].integer", NULL},
    {"bool", "FLAG", "a[%d].flag", NULL},
    {"ct_axes", "AXES", "a[%d].axes", NULL},
    {"ct_shape", "SHAPE", "a[%d].shape", NULL},
    {"ct_sizes", "SIZES", "a[%d].sizes", NULL},
    {"ct_pair", "PAIR", "{a[%1$d].shape.dim[0], a[%1$d].shape.dim[1]}", NULL},
    {"ct_triple", "TRIPLE", "{a[%1$d].shape.dim[0], a[%1$d].shape.dim[1], a[%1$d].shape.dim[2]}", NULL},
    {"const char *", "STRING", "a[%d].string", NULL},
    {"ct_dtype", "CHOICE", "(ct_dtype)a[%d].choice", "dtypes"},
    {"ct_loss_reduction", "CHOICE", "(ct_loss_reduction)a[%d].choice", "reductions"},
    {"ct_indexing", "CHOICE", "(ct_indexing)a[%d].choice", "indexings"},
    {"ct_resampling", "CHOICE", "(ct_resampling)a[%d].choice", "resamplings"},
    {"ct_grid_padding", "CHOICE", "(ct_grid_padding)a[%d].choice", "grid_paddings"},
    {"ct_slogdet_part", "CHOICE", NULL, "slogdet_parts"},
    {"ct_qr_part", "CHOICE", NULL, "qr_parts"},
    {"ct_eigh_part", "CHOICE", NULL, "eigh_parts"},
    {"ct_svd_part", "CHOICE", NULL, "svd_parts"},
};

/* Structs that a function takes: their members are parameters in a formula. */
static const struct {
    const char *name, *type, *members;
} structs[] = {
    {"const ct_conv_options *", "&(ct_conv_options)",
     "(ct_pair stride, ct_pair padding, ct_pair dilation, ct_pair output_padding, int64_t groups, bool same)"},
    {"const ct_pool_options *", "&(ct_pool_options)",
     "(ct_pair kernel, ct_pair stride, ct_pair padding, ct_pair dilation, bool ceil, bool exclude_padding, "
     "double divisor)"},
    {"const ct_resize_options *", "&(ct_resize_options)", "(ct_resampling mode, ct_triple size, bool align_corners)"},
    {"ct_triplet", "(ct_triplet)", "(double margin, double p, double eps, bool swap)"},
    {"ct_running", "(ct_running)", "()"},
};

/* What stands for an argument that is left out, PyTorch's default wherever there is one: of a parameter in the
 * functions that are listed, between blanks, or in all. The first row counts; without one the argument is required.
 * INFINITY is the largest integer, -INFINITY the smallest. */
static const struct {
    const char *parameter, *preset, *functions;
} presets[] = {
    {"axis", "-1",
     " sort argsort topk argtopk kthvalue argkthvalue median_along argmedian mode argmode diff glu trapz "
     "trapz_over softmax log_softmax softmin cross "},
    {"axis", "0", " concat stack split split_sizes chunk tensor_split tensor_split_indices unbind "},
    {"axis", "1", " cosine_similarity normalize "},
    {"axes", "0", NULL}, /* all */
    {"axis1", "-2", " diag_embed "},
    {"axis2", "-1", " diag_embed "},
    {"axis1", "0", " diagonal diagonal_scatter "},
    {"axis2", "1", " diagonal diagonal_scatter "},
    {"first", "0", NULL},
    {"last", "-1", NULL},
    {"correction", "1", NULL},
    {"n", "1", " diff "},
    {"decimals", "0", NULL},
    {"turns", "1", NULL},
    {"blank", "0", NULL},
    {"offset", "0", NULL},
    {"start", "0", " slice slice_scatter "},
    {"stop", "INFINITY", NULL},
    {"step", "1", " slice slice_scatter "},
    {"classes", "-1", NULL},
    {"ignore_index", "-100", NULL},
    {"label_smoothing", "0", NULL},
    {"padding", "-INFINITY", " embedding "}, /* no index at all */
    {"p", "1", " multi_margin_loss "},
    {"p", "2", " vector_norm cdist normalize pairwise_distance triplet_margin_loss "},
    {"eps", "1e-5", " standardize layer_norm group_norm batch_norm instance_norm "},
    {"eps", "1e-12", " normalize "},
    {"eps", "1e-8", " cosine_similarity poisson_nll_loss "},
    {"eps", "1e-6", " pairwise_distance triplet_margin_loss gaussian_nll_loss "},
    {"margin", "0", " margin_ranking_loss cosine_embedding_loss "},
    {"margin", "1", " hinge_embedding_loss triplet_margin_loss multi_margin_loss "},
    {"alpha", "1e-4", " local_response_norm "},
    {"beta", "0.75", " local_response_norm "},
    {"k", "1", " local_response_norm "},
    {"alpha", "1", NULL},
    {"beta", "1", NULL},
    {"delta", "1", NULL},
    {"dx", "1", NULL},
    {"value", "1", " addcmul addcdiv "},
    {"value", "0", " pad "},
    {"threshold", "20", " softplus_scaled "},
    {"slope", "0.01", " leaky_relu "},
    {"bound", "0.5", NULL},
    {"low", "-1", " hardtanh "},
    {"high", "1", " hardtanh "},
    {"epsilon", "-1", " logit "}, /* none */
    {"divisor", "0", NULL},
    {"groups", "0", " conv conv1d conv2d conv_transpose conv_transpose1d conv_transpose2d conv_weight unfold fold "},
    {"largest", "1", NULL},
    {"left", "1", NULL},
    {"log_input", "1", NULL},
    {"mode", "1", " grid_sample "},
    {"w", "0", " conv affine "}, /* from here on NULL, of tensors */
    {"weight", "0",
     " batch_norm instance_norm layer_norm group_norm nll_loss cross_entropy_loss binary_cross_entropy "
     "binary_cross_entropy_with_logits multilabel_soft_margin_loss multi_margin_loss "},
    {"bias", "0", NULL},
    {"pos_weight", "0", NULL},
    {"fweights", "0", NULL},
    {"aweights", "0", NULL},
    {"low", "0", " clamp_tensor "},
    {"high", "0", " clamp_tensor "},
};

typedef struct parameter {
    char type[48], name[32];
} parameter;

/* The next of "(ct_tensor *x, double p)", `at` being behind what came before it; false after the last. */
static bool next_parameter(const char **at, parameter *out) {
    const char *start = *at + strspn(*at, "(, "), *end = start + strcspn(start, ",)"), *name = end;
    if (*start == ')' || !*start) return false;
    while (name > start && (isalnum((unsigned char)name[-1]) || name[-1] == '_')) name--;
    snprintf(out->name, sizeof out->name, "%.*s", (int)(end - name), name);
    while (name > start && name[-1] == ' ') name--;
    snprintf(out->type, sizeof out->type, "%.*s", (int)(name - start), start);
    *at = end;
    return true;
}

static const type *find_type(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name)) return &types[i];
    return NULL;
}

/* The members of a struct as parameters, and *written how one is in C; NULL for what is none. */
static const char *find_struct(const char *name, const char **written) {
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++)
        if (!strcmp(structs[i].name, name)) return *written = structs[i].type, structs[i].members;
    return NULL;
}

/* What follows from the type alone: false, the first choice, all zeros. */
static bool is_optional(const parameter *p) {
    const char *kind = find_type(p->type)->kind;
    bool part = !strcmp(p->name, "part"), given = part || !strcmp(p->name, "kernel") || !strcmp(p->name, "dtype");
    return !given &&
           (!strcmp(kind, "FLAG") || !strcmp(kind, "CHOICE") || !strcmp(kind, "PAIR") || !strcmp(kind, "TRIPLE"));
}

static const char *find_preset(const char *function_name, const parameter *p) {
    char word[64];
    snprintf(word, sizeof word, " %s ", function_name + 3);
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (!strcmp(presets[i].parameter, p->name) && (!presets[i].functions || strstr(presets[i].functions, word)))
            return presets[i].preset;
    return is_optional(p) ? "0" : NULL;
}

static bool is_expressible(const char *parameters) {
    const char *written;
    for (parameter p; next_parameter(&parameters, &p);)
        if (!find_type(p.type) && !find_struct(p.type, &written)) return false;
    return true;
}

static bool is_reduced_axes(const parameter *p) { return !strcmp(p->type, "ct_axes") && !strcmp(p->name, "axes"); }

/* The parameters as a formula's user sees them: "axes" is called axis and has a flag `keep` beside it. */
static void print_parameters(const char *function_name, const char *parameters) {
    const char *written, *members;
    for (parameter p; next_parameter(&parameters, &p);) {
        if ((members = find_struct(p.type, &written)) != NULL) {
            print_parameters(function_name, members);
            continue;
        }
        const type *t = find_type(p.type);
        const char *preset = find_preset(function_name, &p);
        printf("{.name = \"%s\", .kind = CT_PARAMETER_%s", is_reduced_axes(&p) ? "axis" : p.name, t->kind);
        if (preset) printf(", .preset = %s", preset);
        else printf(", .required = true");
        if (t->words) printf(", .words = %s", t->words);
        printf("}, ");
        if (is_reduced_axes(&p)) printf("{.name = \"keep\", .kind = CT_PARAMETER_FLAG}, ");
    }
}

/* The arguments of the call in C; the number of the next one. Those of a struct are its designated members. */
static int print_arguments(const char *parameters, int k, bool designated) {
    const char *written, *members;
    for (parameter p; next_parameter(&parameters, &p);) {
        printf(designated ? ".%s = " : ", ", p.name);
        if ((members = find_struct(p.type, &written)) != NULL) {
            printf("%s{", written);
            k = print_arguments(members, k, true);
            printf("}");
            continue;
        }
        if (is_reduced_axes(&p)) {
            printf("kept(&a[%d].axes, a[%d].flag)", k, k + 1);
            k++;
        } else {
            printf(find_type(p.type)->pass, k);
        }
        if (designated) printf(", ");
        k++;
    }
    return k;
}

static int count_parameters(const char *parameters) {
    const char *written, *members;
    int n = 0;
    for (parameter p; next_parameter(&parameters, &p);) {
        members = find_struct(p.type, &written);
        n += members ? count_parameters(members) : is_reduced_axes(&p) ? 2 : 1;
    }
    return n;
}

/* Of what returns several tensors, a parameter `part` picks one: a number of a list, a member of a struct. */
static const struct {
    const char *result, *parameters, *pick;
} results[] = {
    {"ct_tensor *", "()", "z"},
    {"ct_list", "(int part)", "ct_part_at(at, z, (int)a[%d].integer)"},
    {"ct_slogdet_result", "(ct_slogdet_part part)", "a[%d].choice ? z.logabsdet : z.sign"},
    {"ct_qr_result", "(ct_qr_part part)", "a[%d].choice ? z.r : z.q"},
    {"ct_eigh_result", "(ct_eigh_part part)", "a[%d].choice ? z.vectors : z.values"},
    {"ct_svd_result", "(ct_svd_part part)", "(ct_tensor *[]){z.u, z.s, z.vt}[a[%d].choice]"},
};
#define RESULTS (sizeof results / sizeof *results)

/* The place of f's result in the table; RESULTS when f cannot be called in a formula. */
static size_t find_result(const function *f) {
    size_t i = 0;
    if (f->kind == FAMILY || !is_expressible(f->parameters)) return RESULTS;
    while (i < RESULTS && strcmp(results[i].result, f->result) != 0) i++;
    return i;
}

static void print_run(const function *f, size_t result) {
    printf("static ct_tensor *run_%s(const char *at, const ct_argument *a) {\n", f->name);
    printf("    %s z = %s_at(at", f->result, f->name);
    int next = print_arguments(f->parameters, 0, false);
    printf(");\n    return ");
    printf(results[result].pick, next);
    printf(";\n}\n");
}

static void print_call(const function *f, size_t result) {
    int n = count_parameters(f->parameters) + count_parameters(results[result].parameters);
    printf("    {\"%s\", run_%s, %d, {", f->name + 3, f->name, n);
    print_parameters(f->name, f->parameters);
    print_parameters(f->name, results[result].parameters);
    printf("}},\n");
}

static void print_each(const function *sorted, void (*print)(const function *f, size_t result)) {
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        if (find_result(&sorted[i]) < RESULTS) print(&sorted[i], find_result(&sorted[i]));
}

static int compare(const void *a, const void *b) {
    return strcmp(((const function *)a)->name, ((const function *)b)->name);
}

int main(void) {
    function sorted[FUNCTION_COUNT]; /* as bsearch() wants them */
    memcpy(sorted, functions, sizeof functions);
    qsort(sorted, FUNCTION_COUNT, sizeof *sorted, compare);
    print_each(sorted, print_run);
    printf("static const ct_call calls[] = {\n");
    print_each(sorted, print_call);
    printf("};\n");
    return fflush(stdout) || ferror(stdout);
}
