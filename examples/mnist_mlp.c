/* Trains a multilayer perceptron on images in the format of MNIST, and keeps its weights in a file. */
#include <cotangent/cotangent.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] = "mnist_mlp [OPTIONS] [FOLDER]: trains a multilayer perceptron on the images of FOLDER,\n"
                           "train-images-idx3-ubyte and its three companions, plain or gzipped.\n\n"
                           "FOLDER                 /usr/share/datasets/fashion-mnist when left out\n"
                           "--epochs N             times over all images (8)\n"
                           "--batch N              images in a step (24)\n"
                           "--optimizer sgd|adam   (sgd)\n"
                           "--lr X                 learning rate (0.01 for sgd, 0.001 for adam)\n"
                           "--layers N,N,...       sizes, from the pixels to the classes (784,128,64,10)\n"
                           "--seed N               of the first weights and of the images' order (1)\n"
                           "--out FILE             for the weights (mnist_mlp.safetensors)\n";

static const char *folder = "/usr/share/datasets/fashion-mnist", *out = "mnist_mlp.safetensors";
static const char *optimizer = "sgd";
static int64_t epochs = 8, batch_size = 24, seed = 1, sizes[16] = {784, 128, 64, 10};
static int n_sizes = 4;
static double lr, begun; /* seconds() at the start */

static void refuse(const char *text, const char *wanted) {
    fprintf(stderr, "mnist_mlp: '%s' is not %s; --help tells more\n", text, wanted);
    exit(2);
}

static double number(const char *text, double least) {
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end || !(x >= least) || x > 1e9) refuse(text, least > 0 ? "a number from 1 on" : "a number");
    return x;
}

static void parse(int argc, char **argv) {
    static const struct option options[] = {{"epochs", 1, 0, 'e'}, {"batch", 1, 0, 'b'},  {"optimizer", 1, 0, 'p'},
                                            {"lr", 1, 0, 'r'},     {"layers", 1, 0, 'l'}, {"seed", 1, 0, 's'},
                                            {"out", 1, 0, 'o'},    {"help", 0, 0, 'h'},   {0}};
    for (int chosen; (chosen = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (chosen == 'h') exit(fputs(help, stdout) < 0);
        if (chosen == '?') exit(2); /* getopt_long() has said why */
        if (chosen == 'e') epochs = (int64_t)number(optarg, 1);
        if (chosen == 'b') batch_size = (int64_t)number(optarg, 1);
        if (chosen == 'p') optimizer = optarg;
        if (chosen == 'r') lr = number(optarg, 0);
        if (chosen == 's') seed = (int64_t)number(optarg, 0);
        if (chosen == 'o') out = optarg;
        if (chosen != 'l') continue;
        n_sizes = 0;
        for (char *size = strtok(optarg, ","); size; size = strtok(NULL, ",")) {
            if (n_sizes == 16) refuse(size, "one of 16 sizes at most");
            sizes[n_sizes++] = (int64_t)number(size, 1);
        }
        if (n_sizes < 2) refuse(optarg, "two sizes or more");
    }
    if (strcmp(optimizer, "sgd") && strcmp(optimizer, "adam")) refuse(optimizer, "sgd or adam");
    if (optind < argc) folder = argv[optind];
}

static ct_module *make_net(void) {
    ct_module *layers[32];
    int n = 0;
    for (int i = 1; i < n_sizes; i++) {
        if (i > 1) layers[n++] = ct_relu_layer();
        layers[n++] = ct_linear(sizes[i - 1], sizes[i]);
    }
    ct_module *net = ct_sequential_at(CT_HERE, n, layers);
    ct_init_weights(net, ct_he_normal()); /* for layers followed by a ReLU */
    ct_init_biases(net, 0);
    return net;
}

static ct_optim *make_optim(ct_module *net) {
    if (strcmp(optimizer, "adam") == 0)
        return ct_adam(ct_parameters(net), &(ct_adam_options){.lr = lr > 0 ? lr : 1e-3});
    return ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = lr > 0 ? lr : 1e-2});
}

typedef struct sums {
    double seen, loss, right; /* images; their losses; those whose largest logit is that of their class */
} sums;

static double seconds(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One line, written over and over on a terminal, and elsewhere once an epoch. */
static void show(int64_t epoch, int64_t batch, int64_t batches, sums sum) {
    static double shown;
    bool terminal = isatty(STDOUT_FILENO), last = batch == batches;
    if (!last && (!terminal || seconds() < shown + 0.1)) return;
    shown = seconds();
    double done = (double)(epoch * batches + batch), all = (double)(epochs * batches);
    printf("%sepoch %d of %d   batch %d of %d   loss %.4f   accuracy %.2f %%   %.0f s left  %s", terminal ? "\r" : "",
           (int)epoch + 1, (int)epochs, (int)batch, (int)batches, sum.loss / sum.seen, 100 * sum.right / sum.seen,
           (shown - begun) * (all / done - 1), last ? "\n" : "");
    fflush(stdout);
}

/* Looks at all images once and, with an optimiser, learns from each batch. */
static bool run_epoch(ct_module *net, ct_optim *optim, ct_loader *loader, int64_t epoch, sums *sum) {
    *sum = (sums){0};
    for (int64_t i = 0; i < ct_batches(loader); i++) {
        ct_scope s = optim ? ct_begin() : ct_begin_no_grad(); /* what is computed from here on dies at ct_end() */
        ct_batch batch = ct_next(loader);
        ct_tensor *logits = ct_forward(net, batch.x);
        ct_tensor *loss = ct_cross_entropy(logits, batch.y);
        ct_tensor *right = ct_sum(ct_cast(ct_eq(ct_argmax(logits, -1), batch.y), CT_F64), CT_ALL);
        if (optim && ct_backward(loss)) ct_step(optim);
        sum->seen += (double)ct_size(batch.y);
        sum->loss += (double)ct_size(batch.y) * ct_item(loss);
        sum->right += ct_item(right);
        if (!ct_end(s)) return false; /* ct_error() has the first of whatever went wrong above */
        if (optim) show(epoch, i + 1, ct_batches(loader), *sum);
    }
    return true;
}

int main(int argc, char **argv) {
    parse(argc, argv);
    ct_seed((uint64_t)seed);
    ct_loader_options train_options = {.batch = batch_size, .shuffle = true, .seed = (uint64_t)seed};
    ct_dataset *train_set = ct_dataset_idx(folder, "train"), *test_set = ct_dataset_idx(folder, "t10k");
    ct_loader *train = ct_loader_new(train_set, &train_options);
    ct_loader *test = ct_loader_new(test_set, &(ct_loader_options){.batch = 1000});
    ct_module *net = make_net(), *twin = make_net();
    ct_optim *optim = make_optim(net);

    begun = seconds();
    bool ok = true; /* also of what was made above: a failure there reaches the first ct_end() */
    sums sum, again;
    for (int64_t epoch = 0; ok && epoch < epochs; epoch++) ok = run_epoch(net, optim, train, epoch, &sum);
    ok = ok && run_epoch(net, NULL, test, 0, &sum);
    ok = ok && ct_save(net, out) && ct_load(twin, out) && run_epoch(twin, NULL, test, 0, &again);
    if (ok)
        printf("test accuracy %.2f %%, with the weights loaded back from %s %.2f %%\n", 100 * sum.right / sum.seen,
               out, 100 * again.right / again.seen);
    else fprintf(stderr, "mnist_mlp: %s\n", ct_error());

    ct_optim_free(optim);
    ct_module_free(net);
    ct_module_free(twin);
    ct_loader_free(train);
    ct_loader_free(test);
    ct_dataset_free(train_set);
    ct_dataset_free(test_set);
    return ok ? 0 : 1;
}
