/* cotangent train and cotangent report as their users call them, on images of four pixels. */
#include "tool/command.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* ---- data --------------------------------------------------------------------------------------------------- */

#define SIDE 2
#define CLASSES 3

/* Images whose class is their brightest pixel, with noise; in two files. */
static void put_images(const char *split, int n, int side) {
    char name[64];
    size_t pixels = (size_t)(side * side);
    uint8_t *images = calloc(16 + (size_t)n * pixels, 1), labels[8 + 256] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)n};
    ck_assert_ptr_nonnull(images);
    memcpy(images, (uint8_t[16]){0, 0, 8, 3, 0, 0, 0, (uint8_t)n, 0, 0, 0, (uint8_t)side, 0, 0, 0, (uint8_t)side},
           16);
    for (int i = 0; i < n; i++) {
        labels[8 + i] = (uint8_t)(i % CLASSES);
        for (size_t k = 0; k < pixels; k++)
            images[16 + (size_t)i * pixels + k] =
                (uint8_t)((i * 37 + (int)k * 101) % 90 + (k == (size_t)(i % CLASSES)) * 160);
    }
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", split);
    support_put(name, images, 16 + (size_t)n * pixels);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", split);
    support_put(name, labels, 8 + (size_t)n);
    free(images);
}

static void setup(void) {
    make_folder();
    put_images("train", 200, SIDE);
    put_images("t10k", 60, SIDE);
}

static void teardown(void) {
    ck_assert_int_eq(type("rm -rf ./*"), 0); /* folders too */
    support_remove_folder();
}

#define TRAIN "cotangent train --data . --layers 4,5,3 --batch 8 --epochs 6 --lr 0.5 --threads 1 "

static void expect(int status, const char *line, const char *wanted) {
    int got = type(line);
    ck_assert_msg(got == status, "%s\nexits with %d, not %d, and prints\n%.2000s", line, got, status, output);
    check_output(line, wanted);
}

static json_t *train_for_json(const char *line) {
    json_error_t error;
    ck_assert_msg(type(line) == 0, "%s\n%s", line, output);
    json_t *json = json_loads(output, 0, &error);
    ck_assert_msg(json != NULL, "%s\n%s\n%s", line, error.text, output);
    return json;
}

static double number_of(const json_t *json, const char *set, const char *name) {
    return json_number_value(json_object_get(set ? json_object_get(json, set) : json, name));
}

static const char *setting_of(const json_t *json, const char *name) {
    const json_t *settings = json_object_get(json, "settings");
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const json_t *pair = json_array_get(settings, i);
        if (!strcmp(json_string_value(json_array_get(pair, 0)), name))
            return json_string_value(json_array_get(pair, 1));
    }
    return "";
}

/* ---- training ----------------------------------------------------------------------------------------------- */

START_TEST(learns) {
    json_t *json = train_for_json(TRAIN "--split 80:20 --val 0.25 --json --quiet --measure-train");
    ck_assert_int_eq((int)number_of(json, NULL, "parameters"), 4 * 5 + 5 + 5 * 3 + 3);
    ck_assert_int_eq((int)number_of(json, "train", "samples"), 156);
    ck_assert_int_eq((int)number_of(json, "validation", "samples"), 52);
    ck_assert_int_eq((int)number_of(json, "test", "samples"), 52);
    ck_assert_double_gt(number_of(json, "test", "accuracy"), 0.95);
    ck_assert_int_eq((int)number_of(json, NULL, "steps"), 6 * 20);
    json_decref(json);
}
END_TEST

/* The two ways to say the same loss reach the same. */
START_TEST(likelihood) {
    json_t *logits = train_for_json(TRAIN "--json --quiet"), *log = train_for_json(TRAIN "--loss nll --json --quiet");
    ck_assert_double_eq_tol(number_of(log, "train", "loss"), number_of(logits, "train", "loss"), 1e-5);
    json_decref(logits);
    json_decref(log);
}
END_TEST

START_TEST(every_choice_trains) {
    static const char *const words[] = {
        "--activation tanh --init xavier --bias-init 1",
        "--activation gelu --init orthogonal",
        "--output-activation relu --init norm --bias-init norm",
        "--loss nll --input-dropout 0.2",
        "--loss mse",
        "--batchnorm before --dropout 0.1",
        "--batchnorm after --l2 0.01",
        "--optimizer adam --lr 0.01 --schedule cosine",
        "--optimizer sgd --momentum 0.9 --schedule step:2:0.5",
        "--optimizer rmsprop --lr 0.01 --schedule exponential:0.9",
        "--batch full --optimizer rprop --lr 0.01",
        "--schedule plateau:2:0.5 --val 0.2 --early-stop 3:0.001",
        "--sample 50:20 --steps 17 --log-every 5",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char line[512];
        snprintf(line, sizeof line, TRAIN "%s", words[i]);
        expect(0, line, "test        loss");
    }
}
END_TEST

START_TEST(same_for_any_number_of_threads) {
    expect(0, TRAIN "--dropout 0.2 --threads 1 --quiet --out one", "");
    expect(0, TRAIN "--dropout 0.2 --threads 2 --quiet --out two", "");
    expect(0, "cmp one/weights.safetensors two/weights.safetensors", "");
}
END_TEST

START_TEST(zero_is_zero) {
    expect(0, TRAIN "--lr 0.01 --optimizer adam --quiet --out plain", "");
    expect(0, TRAIN "--lr 0.01 --optimizer adamw --quiet --out same", ""); /* its decay, 0, is not the library's preset */
    expect(0, "cmp plain/weights.safetensors same/weights.safetensors", "");
    expect(0, TRAIN "--val 0.2 --schedule plateau:0:0.5", "test        loss");
}
END_TEST

START_TEST(configuration) {
    expect(0, "printf '# a comment\\n\\nlayers = 4,7,3\\n  lr=0.25\\nquick = yes\\n' > net.conf", "");
    json_t *json = train_for_json("cotangent train --data . --config net.conf --lr 0.5 --epochs 20 --json --quiet");
    ck_assert_str_eq(setting_of(json, "layers"), "4,7,3");
    ck_assert_str_eq(setting_of(json, "lr"), "0.5"); /* the command line wins */
    ck_assert_int_eq((int)number_of(json, NULL, "epochs"), 2);
    json_decref(json);
    expect(0, "printf 'lr = 1\\nepoch = 3\\n' > wrong.conf", "");
    expect(2, "cotangent train --config wrong.conf",
           "wrong.conf:2: there is no word 'epoch': did you mean 'epochs'?");
    expect(0, "printf 'lr = -1\\n' > wrong.conf", "");
    expect(2, "cotangent train --config wrong.conf", "--lr -1 (wrong.conf:1): a number above 0 is wanted");
    expect(0, "printf 'lr\\n' > wrong.conf", "");
    expect(2, "cotangent train --config wrong.conf", "wrong.conf:1: 'lr' is not word = value");
    expect(0, "printf 'lr = 1\\nlr = 2\\n' > wrong.conf", "");
    expect(2, "cotangent train --config wrong.conf", "wrong.conf:2: 'lr' was given at wrong.conf:1 already");
    expect(2, "cotangent train --config none.conf", "No such file");
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------------------------- */

static const struct refusal {
    const char *words, *wanted;
} refusals[] = {
    {"--epoch 3", "there is no option --epoch: did you mean --epochs?"},
    {"--activation rleu", "did you mean 'relu'?"},
    {"--optimizer adma", "did you mean 'adam'?"},
    {"--optimizer sunshine", "it is one of sgd, rmsprop, adam"},
    {"--schedule cosin", "did you mean 'cosine'?"},
    {"--schedule step:x", "NAME:NUMBER:NUMBER"},
    {"--schedule step:2:-1", "--schedule step:2:-1"},
    {"--init hee", "did you mean 'he'?"},
    {"--loss cross_entropi", "did you mean 'cross_entropy'?"},
    {"--batchnorm afte", "did you mean 'after'?"},
    {"--lr nan", "--lr nan: a number above 0"},
    {"--lr 0", "--lr 0: a number above 0"},
    {"--lr 1e", "'e' at the end means nothing here"},
    {"--layers 4", "at least the inputs and the classes"},
    {"--layers 4,0,3", "a whole number from 1"},
    {"--layers 4,,3", "a whole number from 1"},
    {"--layers 5,3", "have 4 pixels, so the first size is 4"},
    {"--layers 4,2", "the labels of . go up to 2, so the last size is 3 or more"},
    {"--split 90:20", "add up to 110"},
    {"--split 100:0", "larger than 0"},
    {"--split 90", "':' is wanted"},
    {"--val 1", "a number from 0 to"},
    {"--dropout nan", "a number from 0 to"},
    {"--batch 0", "a whole number from 1"},
    {"--epochs 99999999999999999999", "a whole number from 1"},
    {"--sample 300:10", "300 of 200 samples"},
    {"--early-stop 3:0.1", "give --val too"},
    {"--validate-every 3", "give --val too"},
    {"--momentum 0.9 --optimizer adam", "adam takes none"},
    {"--resume", "--resume wants --checkpoint FILE"},
    {"--quiet=1", "--quiet takes no value"},
    {"--lr", "--lr wants a value"},
    {"more", "'more' is not an option"},
    {"--data nowhere", "nowhere/train-images-idx3-ubyte"},
    {"--out t10k-labels-idx1-ubyte/x", "cannot make this folder"},
    {"--checkpoint nowhere/file", "nowhere/file"},
    {"--loss mse --lr 1e9", "a smaller learning rate may help"},
};

START_TEST(refuses) {
    char line[512];
    snprintf(line, sizeof line, TRAIN "--out made %s", refusals[_i].words);
    expect(2, line, refusals[_i].wanted);
    expect(0, "[ -z \"$(ls made 2>/dev/null)\" ]", ""); /* nothing half-written */
}
END_TEST

START_TEST(damaged_data) {
    static const struct {
        const char *damage, *wanted;
    } cases[] = {
        {"truncate -s 300 train-images-idx3-ubyte", "train-images-idx3-ubyte"},
        {"truncate -s +1 train-labels-idx1-ubyte", "train-labels-idx1-ubyte"},
        {": > t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte"},
        {"echo 'not such a file at all' > t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"},
        {"cp t10k-labels-idx1-ubyte train-labels-idx1-ubyte", "60 labels"},
    };
    expect(0, cases[_i].damage, "");
    expect(2, TRAIN "--out made", cases[_i].wanted);
    expect(0, "[ -z \"$(ls made)\" ]", "");
}
END_TEST

START_TEST(full_disk) {
    expect(2, TRAIN "--json --quiet > /dev/full", "");
    expect(2, "(trap '' XFSZ; ulimit -f 0; " TRAIN "--quiet --out made)", "File too large"); /* as if it were full */
    expect(0, "[ -z \"$(ls made)\" ]", "");
    expect(2, "(trap '' XFSZ; ulimit -f 0; " TRAIN "--quiet --checkpoint kept)", "File too large");
    expect(0, "[ ! -e kept ]", "");
}
END_TEST

/* ---- interruption ------------------------------------------------------------------------------------------- */

#define LONG                                                                                                         \
    "train --data . --layers 4,5,3 --batch 4 --steps 100000 --log-every 10000 --dropout 0.1 --optimizer adam --lr "  \
    "0.001"

START_TEST(interruption) {
    char next[1024];
    expect(0, "cotangent " LONG " --out whole --quiet", "");
    expect(130,
           "'" CT_PROGRAM "' " LONG
           " --out part 2> log & until grep -q epoch log; do sleep 0.01; done; kill -INT $!; "
           "wait $!; status=$?; sed -n /Interrupted/,\\$p log; exit $status",
           "To go on:\n  cotangent train");
    const char *command = strstr(output, "To go on:\n  ") + strlen("To go on:\n  ");
    snprintf(next, sizeof next, "%.*s", (int)strcspn(command, "\n"), command);
    expect(0, next, "");
    expect(0, "cmp whole/weights.safetensors part/weights.safetensors", "");
    expect(0, "cut -d, -f1-3,5- whole/history.csv > a; cut -d, -f1-3,5- part/history.csv | cmp - a",
           ""); /* but for the time */
}
END_TEST

/* ---- pages -------------------------------------------------------------------------------------------------- */

static void make_two(void) {
    expect(0, TRAIN "--out a --title 'A <b> & c' --log-every 7 --val 0.1 --quiet", "");
    expect(0, TRAIN "--out b --activation tanh --quiet", "");
}

START_TEST(pages) {
    static const char *const files[] = {"report.html",           "run.json",           "history.csv",
                                        "weights.safetensors",   "plots/loss.gp",      "plots/run-1.csv",
                                        "plots/confusion-1.csv", "plots/weights-1.csv"};
    char line[256];
    make_two();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(line, sizeof line, "[ -s a/%s ]", files[i]);
        expect(0, line, "");
    }
    expect(0, "grep h1 a/report.html", "<h1>A &#60;b&#62; &#38; c</h1>");
    expect(
        0,
        "printf 'run,measure,value,note\\na,test.accuracy,1.5,\\nb,parameters,7,\\nb,seconds,0,why not\\n' > figures",
        "");
    expect(0, "printf '# Title\\n\\nA text & more.\\n- one\\n' > notes", "");
    expect(0, "cotangent report --out both --published figures --notes notes a b", "More accurate on test data: ");
    check_output("better", "better\n");
    check_output("not reached", "not reached\n");
    check_output("note", "why not\n");
    expect(0, "grep text both/report.html", "A text &#38; more.");
    expect(0, "cat both/plots/loss.gp", "'run-2.csv'");
}
END_TEST

/* Losses of a net that does not learn lie between two powers of ten. */
START_TEST(an_axis_has_numbers) {
    expect(0, "cotangent train --data . --layers 4,5,3 --epochs 2 --lr 1e-6 --threads 1 --out a --quiet", "");
    expect(0, "[ ! -e a/plots/loss.svg ] || grep '<text>[0-9]*[.][0-9]' a/plots/loss.svg", "");
}
END_TEST

START_TEST(pages_without_gnuplot) {
    expect(0, "PATH=/nonexistent; " TRAIN "--out a", "gnuplot could not be started");
    expect(0, "grep gnuplot a/report.html", "gnuplot was not there");
    expect(0, "[ -s a/plots/loss.gp ] && [ -s a/plots/run-1.csv ] && [ ! -e a/plots/loss.svg ]", "");
}
END_TEST

START_TEST(pages_refused) {
    make_two();
    expect(2, "cotangent report", "folders that `cotangent train --out` wrote are wanted");
    expect(2, "cotangent report a b", "--out DIR is wanted");
    expect(2, "cotangent report a none --out both", "none/run.json: cannot open");
    expect(2, "cotangent report a b --out both --published none", "none: cannot open");
    expect(0, "echo 'run,measure\\nx' > figures; truncate -s 200 b/run.json; cp -r a c; echo '{}' > c/run.json", "");
    expect(2, "cotangent report a --out both --published figures", "figures: line 2 is not run,measure,value,note");
    expect(2, "cotangent report a b --out both", "b/run.json: line ");
    expect(2, "cotangent report a c --out both", "c/run.json: does not describe a run");
    expect(0, "[ ! -e both/report.html ]", "");
}
END_TEST

/* What run.json says is not believed: each of its values in turn is another thing. */
START_TEST(any_json_is_read) {
    expect(0, TRAIN "--out a --quiet", "");
    json_error_t error;
    json_t *json = json_load_file("a/run.json", 0, &error);
    ck_assert_ptr_nonnull(json);
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) {
        static const char *const others[] = {"null", "[]", "{}", "-1", "\"x\"", "[[1,2],[3]]", "[[[]],{}]", "1e300"};
        if (!strcmp(key, "format")) continue;
        json_t *copy = json_copy(json);
        json_object_set_new(copy, key, json_loads(others[strlen(key) % 8], JSON_DECODE_ANY, NULL));
        ck_assert_int_eq(json_dump_file(copy, "a/run.json", 0), 0);
        json_decref(copy);
        expect(0, "PATH=/nonexistent; cotangent report a", "");
    }
    json_decref(json);
}
END_TEST

START_TEST(a_report_script) {
    put_images("train", 90, 28);
    put_images("t10k", 30, 28);
    expect(0, "CT_PROGRAM='" CT_PROGRAM "' '" CT_SOURCE_DIR "/examples/reports/r4/run.sh' --quick --data . --out r4",
           "model_b");
    check_output("derivatives", "df/dw4 = df/db * db/ds * ds/dw4 = (-1.169)(1)(-0.9) = 1.0521");
    check_output("published", "test.best_accuracy              98.49");
    check_output("a tenth, no verdict", "after a tenth of the training");
    expect(0, "[ -s r4/report.html ] && [ -s r4/runs/model_a/report.html ] && [ -s r4/graph-2.svg ]", "");
    expect(2, "'" CT_SOURCE_DIR "/examples/reports/r4/run.sh' --quik", "--quick");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("training");
    TCase *training = tcase_create("training"), *pages_case = tcase_create("pages");
    tcase_add_checked_fixture(training, setup, teardown);
    tcase_add_checked_fixture(pages_case, setup, teardown);
    tcase_add_test(training, learns);
    tcase_add_test(training, likelihood);
    tcase_add_test(training, every_choice_trains);
    tcase_add_test(training, same_for_any_number_of_threads);
    tcase_add_test(training, zero_is_zero);
    tcase_add_test(training, configuration);
    tcase_add_loop_test(training, refuses, 0, (int)(sizeof refusals / sizeof *refusals));
    tcase_add_loop_test(training, damaged_data, 0, 5);
    tcase_add_test(training, full_disk);
    tcase_add_test(training, interruption);
    tcase_add_test(pages_case, pages);
    tcase_add_test(pages_case, an_axis_has_numbers);
    tcase_add_test(pages_case, pages_without_gnuplot);
    tcase_add_test(pages_case, pages_refused);
    tcase_add_test(pages_case, any_json_is_read);
    tcase_add_test(pages_case, a_report_script);
    suite_add_tcase(suite, training);
    suite_add_tcase(suite, pages_case);
    return suite;
}
