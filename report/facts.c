/* A run as its folder tells it. What run.json lacks, or has otherwise than ct_write_run() writes it, is not there. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

const char *const ct_set_names[3] = {"train", "validation", "test"};

/* The last part of a path; of "a/b/" it is "b". */
static void name_of(const char *path, char *name, size_t size) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') start--;
    snprintf(name, size, "%.*s", (int)(end - start), path + start);
}

bool ct_facts_read(const char *op, const char *at, const char *folder, ct_facts *facts) {
    ct_path path = ct_path_of(folder, "run.json");
    ct_bytes bytes = {0};
    json_error_t error;
    *facts = (ct_facts){.folder = folder};
    name_of(folder, facts->name, sizeof facts->name);
    if (ct_get_file(op, at, path.text, &bytes)) {
        facts->json = json_loadb((const char *)bytes.data, bytes.size, 0, &error);
        if (!facts->json) ct_raise(CT_ERR_FORMAT, op, at, "%s: line %d: %s", path.text, error.line, error.text);
        else if (strcmp(ct_fact_text(facts, "format"), CT_RUN_FORMAT) != 0)
            ct_raise(CT_ERR_FORMAT, op, at, "%s: does not describe a run", path.text);
    }
    ct_bytes_free(&bytes);
    return !ct_error_pending();
}

const json_t *ct_fact(const ct_facts *facts, const char *path) {
    const json_t *value = facts->json;
    while (value && *path) {
        char key[64];
        size_t n = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        value = json_object_get(value, key);
        path += n + (path[n] == '.');
    }
    return value;
}

double ct_fact_number(const ct_facts *facts, const char *path) {
    const json_t *value = ct_fact(facts, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *ct_fact_text(const ct_facts *facts, const char *path) {
    const char *value = json_string_value(ct_fact(facts, path));
    return value ? value : "";
}

bool ct_measure_is_share(const char *measure) { return strstr(measure, "accuracy") && !strstr(measure, "epoch"); }

void ct_measure_text(ct_text *out, const char *measure, double value) {
    if (isnan(value)) ct_text_add(out, "-");
    else if (ct_measure_is_share(measure)) ct_text_add(out, "%.2f", 100 * value);
    else if (!strcmp(measure, "seconds")) ct_text_add(out, value < 100 ? "%.2f" : "%.1f", value);
    else if (strstr(measure, "loss") && !strstr(measure, "epoch")) ct_text_number(out, value, 4);
    else ct_text_number(out, value, 12);
}
