/* LeNet-5 (Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
 * 1998), with rectifiers and maxima: 61,706 parameters that read digits.
 *
 * Run it as `lenet [FOLDER [EPOCHS]]`; FOLDER holds MNIST or other images of 28 x 28 in its format. */
#include <cotangent/cotangent.h>

#include <stdlib.h>

static ct_module *make_net(void) {
    return ct_sequential(ct_conv2d_layer(1, 6, 5, .padding = 2), ct_relu_layer(), ct_max_pool2d_layer(2), /* 6 14 14 */
                         ct_conv2d_layer(6, 16, 5), ct_relu_layer(), ct_max_pool2d_layer(2),              /* 16 5 5 */
                         ct_flatten_layer(), ct_linear(400, 120), ct_relu_layer(), ct_linear(120, 84), ct_relu_layer(),
                         ct_linear(84, 10));
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
    const int64_t epochs = argc > 2 ? strtol(argv[2], NULL, 10) : 10;
    ct_seed(1);
    ct_dataset *train_set = ct_dataset_idx(folder, "train"), *test_set = ct_dataset_idx(folder, "t10k");
    ct_loader_options options = {.batch = 64, .shuffle = true, .seed = 1, .shape = CT_SHAPE(1, 28, 28)};
    ct_loader *train = ct_loader_new(train_set, &options);
    ct_loader *test = ct_loader_new(test_set, &(ct_loader_options){.batch = 1000, .shape = CT_SHAPE(1, 28, 28)});
    ct_module *net = make_net();
    ct_init_weights(net, ct_he_normal());

    /* The rate rises for a third of the steps and then falls to nothing. */
    ct_optim *adam = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 3e-3});
    ct_one_cycle_schedule_options cycle = {.steps = epochs * ct_batches(train)};
    ct_schedule *schedule = ct_one_cycle_schedule(adam, &cycle);

    ct_summary(net, stdout);
    ct_fit_options fit = {.optim = adam,
                          .schedule = schedule,
                          .schedule_each_step = true,
                          .epochs = epochs,
                          .test = test,
                          .progress = stdout};
    ct_fit_end end = ct_fit(net, train, &fit);
    if (end == CT_FIT_FAILED) fprintf(stderr, "lenet: %s\n", ct_error());

    ct_schedule_free(schedule);
    ct_optim_free(adam);
    ct_module_free(net);
    ct_loader_free(train);
    ct_loader_free(test);
    ct_dataset_free(train_set);
    ct_dataset_free(test_set);
    return end == CT_FIT_FAILED;
}
