/* data/: files of tensors. A part of data.h; include that. A file that is there is replaced as a whole or, after a
 * failure, not at all. */
#ifndef COTANGENT_FILES_H
#define COTANGENT_FILES_H

/* The safetensors format: a JSON header with names, dtypes and shapes, then the elements. The tensors' names are
 * their labels. */
CT_API CT_MUST_CHECK bool ct_write_safetensors_at(const char *at, const char *path, ct_list tensors);
#define ct_write_safetensors(...) ct_write_safetensors_at(CT_PLACE("ct_write_safetensors: "), __VA_ARGS__)

/* All tensors of a file, labelled, in the order of their elements; they and the list belong to the innermost scope.
 * An empty list, with an error, when the file is damaged or a dtype is none of ours. */
CT_API ct_list ct_read_safetensors_at(const char *at, const char *path);
#define ct_read_safetensors(...) ct_read_safetensors_at(CT_PLACE("ct_read_safetensors: "), __VA_ARGS__)

/* NumPy's format of one array, version 1.0 written, 1.0 to 3.0 read; elements in C or Fortran order and either byte
 * order, of bool, u1, i4, i8, f4 or f8. NULL, with an error, when the file is damaged or its dtype is none of ours. */
CT_API CT_MUST_CHECK bool ct_write_npy_at(const char *at, const char *path, const ct_tensor *t);
CT_API ct_tensor *ct_read_npy_at(const char *at, const char *path);
#define ct_write_npy(...) ct_write_npy_at(CT_PLACE("ct_write_npy: "), __VA_ARGS__)
#define ct_read_npy(...) ct_read_npy_at(CT_PLACE("ct_read_npy: "), __VA_ARGS__)

/* A table of numbers, (rows, columns) f64: a line for each row, `separator` (0: a comma) between columns, blanks
 * around numbers let pass. A first line that holds no number at all is taken for a header and left out. NULL, with an
 * error that names line and column, when rows differ in length or hold what is no finite number. */
CT_API ct_tensor *ct_read_csv_at(const char *at, const char *path, char separator);
#define ct_read_csv(...) ct_read_csv_at(CT_PLACE("ct_read_csv: "), __VA_ARGS__)

#endif
