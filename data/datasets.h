/* data/: data sets. A part of data.h; include that. */
#ifndef COTANGENT_DATASETS_H
#define COTANGENT_DATASETS_H

/* Samples with a target each, a class label or numbers; owned by the caller and never changed: any number of loaders
 * may share one. A part of a data set, or a scaled one, shares the elements of the first and may outlive it. */
typedef struct ct_dataset ct_dataset;

/* Reads the files `split`-images-idx3-ubyte and `split`-labels-idx1-ubyte of `folder`, plain, or gzip with ".gz"
 * after the name; MNIST's splits are "train" and "t10k". NULL, with an error, when a file is missing, cut, too long
 * or damaged, or when they do not hold one label for each image. */
CT_API ct_dataset *ct_dataset_idx_at(const char *at, const char *folder, const char *split);
#define ct_dataset_idx(...) ct_dataset_idx_at(CT_PLACE("ct_dataset_idx: "), __VA_ARGS__)

/* A copy of samples x (n, ...) and their targets y (n, ...), of any dtypes. Integer targets are classes, from 0 on;
 * floating ones are numbers to be met. NULL, with an error, when there are none, their numbers differ, or a label is
 * negative. */
CT_API ct_dataset *ct_dataset_tensors_at(const char *at, const ct_tensor *x, const ct_tensor *y);
#define ct_dataset_tensors(...) ct_dataset_tensors_at(CT_PLACE("ct_dataset_tensors: "), __VA_ARGS__)

/* Numbers of a table are f64; the last `targets` columns of the CSV file are the targets, and the others the sample.
 * Zero is the preset in brackets. */
typedef struct ct_csv_options {
    char separator;  /* (',') */
    int64_t targets; /* (1) columns */
    bool classes;    /* (false) the target, of one column, is a class: an integer from 0 on */
} ct_csv_options;
CT_API ct_dataset *ct_dataset_csv_at(const char *at, const char *path, const ct_csv_options *options);
#define ct_dataset_csv(...) ct_dataset_csv_at(CT_PLACE("ct_dataset_csv: "), __VA_ARGS__)

CT_API void ct_dataset_free(ct_dataset *dataset); /* NULL is fine */

/* Of NULL: the value in brackets. */
CT_API int64_t ct_dataset_size(const ct_dataset *dataset);          /* samples (0) */
CT_API int64_t ct_dataset_features(const ct_dataset *dataset);      /* elements of one sample: 784 of 28 x 28 (0) */
CT_API int64_t ct_dataset_classes(const ct_dataset *dataset);       /* 1 + the largest label, of a part that of the
                                                                       whole; 0: targets are numbers (0) */
CT_API ct_shape ct_dataset_shape(const ct_dataset *dataset);        /* of one sample: (28,28) (0-d) */
CT_API ct_shape ct_dataset_target_shape(const ct_dataset *dataset); /* of one target: (0-d) for a label (0-d) */

/* ---- parts -------------------------------------------------------------------------------------------------- */
/* NULL, or false, with an error, when the data set is NULL or numbers do not fit. */

/* Samples begin to end - 1; at least one. */
CT_API ct_dataset *ct_dataset_range_at(const char *at, const ct_dataset *dataset, int64_t begin, int64_t end);
/* n samples drawn without replacement; with n the data set's size, all in another order. */
CT_API ct_dataset *ct_dataset_sample_at(const char *at, const ct_dataset *dataset, int64_t n, uint64_t seed);
/* All samples of both, of one sort and not yet scaled: 60,000 for training and 10,000 for testing are 70,000 to be
 * split anew. */
CT_API ct_dataset *ct_dataset_join_at(const char *at, const ct_dataset *first, const ct_dataset *second);
/* Shuffles and cuts: `fraction` of the samples, rounded to the nearest number, are the first part. */
CT_API bool ct_dataset_split_at(const char *at, const ct_dataset *dataset, double fraction, uint64_t seed,
                                ct_dataset **first, ct_dataset **second);
/* Fold i of k, from 0: one k-th of the shuffled samples validates what is trained on the others. */
CT_API bool ct_dataset_fold_at(const char *at, const ct_dataset *dataset, int64_t k, int64_t i, uint64_t seed,
                               ct_dataset **train, ct_dataset **validation);
#define ct_dataset_range(...) ct_dataset_range_at(CT_PLACE("ct_dataset_range: "), __VA_ARGS__)
#define ct_dataset_sample(...) ct_dataset_sample_at(CT_PLACE("ct_dataset_sample: "), __VA_ARGS__)
#define ct_dataset_join(...) ct_dataset_join_at(CT_PLACE("ct_dataset_join: "), __VA_ARGS__)
#define ct_dataset_split(...) ct_dataset_split_at(CT_PLACE("ct_dataset_split: "), __VA_ARGS__)
#define ct_dataset_fold(...) ct_dataset_fold_at(CT_PLACE("ct_dataset_fold: "), __VA_ARGS__)

/* ---- scaling ------------------------------------------------------------------------------------------------ */

/* A batch's x is (stored - shift) / range, of each feature; without scaling it is stored / 255 for u8 elements, and
 * as stored for others. */
typedef enum ct_scaling {
    CT_STANDARDIZE, /* shift: the mean, range: the standard deviation */
    CT_MIN_MAX,     /* shift: the least value, range: the largest less the least */
} ct_scaling;

/* The data set with its features scaled by what `reference` is like, normally the training data; a feature that is
 * constant there has range 1. */
CT_API ct_dataset *ct_dataset_scale_at(const char *at, const ct_dataset *dataset, const ct_dataset *reference,
                                       ct_scaling scaling);
#define ct_dataset_scale(...) ct_dataset_scale_at(CT_PLACE("ct_dataset_scale: "), __VA_ARGS__)

#endif
