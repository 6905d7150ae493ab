/* The known word that a misspelt one is most like. */
#include "tensor/internal.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 64 /* characters of a word that is compared */

static bool same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

static int least(int a, int b) { return a < b ? a : b; }

#define EDIT 2     /* an insertion, a deletion or a replacement */
#define EXCHANGE 1 /* of neighbours, as fast fingers do: "tahn" is tanh rather than tan */

/* What it costs to turn a into b, whatever their case. */
static int distance(const char *a, const char *b) {
    int n = (int)strlen(a), m = (int)strlen(b);
    int row[3][LONGEST + 1]; /* [i % 3][j]: of a's first i characters to b's first j */
    for (int i = 0; i <= n; i++) {
        int *d = row[i % 3];
        const int *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        d[0] = i * EDIT;
        for (int j = 1; j <= m; j++) {
            if (i == 0) {
                d[j] = j * EDIT;
                continue;
            }
            d[j] = least(above[j - 1] + EDIT * !same(a[i - 1], b[j - 1]), least(above[j], d[j - 1]) + EDIT);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                d[j] = least(d[j], two_above[j - 2] + EXCHANGE);
        }
    }
    return row[n % 3][m];
}

const char *ct_nearest(const char *word, int n, const char *const *known) {
    size_t length = word ? strlen(word) : 0;
    if (length == 0 || length > LONGEST) return NULL;
    int closest = EDIT * (length < 3 ? 2 : (int)length / 3 + 2); /* too far */
    const char *nearest = NULL;
    for (int i = 0; i < n; i++) {
        if (!known[i] || strlen(known[i]) > LONGEST) continue;
        int d = distance(word, known[i]);
        if (d >= closest || d >= EDIT * (int)length) continue;
        closest = d;
        nearest = known[i];
    }
    return nearest;
}
