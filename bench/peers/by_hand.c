/* W2, W3 and W4 of docs/speed.md written by hand, one function a network, its sizes in the code.

   A v8 is eight numbers side by side. In the small network they are eight examples, and everything of them stays in
   the nearest memory. In the larger one they are eight neurons, and its matrix products are cut into tiles whose sums
   stay in registers. */
#include <math.h>
#include <string.h>

typedef double v8 __attribute__((vector_size(64), aligned(8)));
typedef long long m8 __attribute__((vector_size(64), aligned(8)));
#define INLINE static inline __attribute__((always_inline))
#define ALL(x) ((v8){0} + (x))
#define CHOOSE(c, x, y) ((v8)(((m8)(c) & (m8)(x)) | (~(m8)(c) & (m8)(y))))

INLINE double added(v8 x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])); }
INLINE v8 positive(v8 x) { return CHOOSE(x > 0, x, ALL(0)); }

/* 2-16-16-1 on eight examples at a time. A layer has n inputs and p neurons, w is p × n. */

INLINE void dense(const double *w, const double *b, const v8 *x, v8 *h, int n, int p) {
    int i = 0;
    for (; i + 8 <= p; i += 8) {
        v8 s[8];
        for (int r = 0; r < 8; r++) s[r] = ALL(b[i + r]);
        for (int k = 0; k < n; k++)
            for (int r = 0; r < 8; r++) s[r] += w[(i + r) * n + k] * x[k];
        for (int r = 0; r < 8; r++) h[i + r] = s[r];
    }
    for (; i < p; i++) {
        v8 s = ALL(b[i]), t = ALL(0);
        for (int k = 0; k + 2 <= n; k += 2) s += w[i * n + k] * x[k], t += w[i * n + k + 1] * x[k + 1];
        h[i] = s + t;
    }
}
INLINE void to_weights(const v8 *x, const v8 *g, v8 *gw, v8 *gb, int n, int p) {
    for (int i = 0; i < p; i++) {
        v8 gi = g[i];
        gb[i] += gi;
        for (int k = 0; k < n; k++) gw[i * n + k] += gi * x[k];
    }
}
INLINE void to_inputs(const double *w, const v8 *g, const v8 *h, v8 *gx, int n, int p) {
    for (int k = 0; k < n; k += 8) {
        v8 s[8];
        for (int r = 0; r < 8; r++) s[r] = ALL(0);
        for (int i = 0; i < p; i++)
            for (int r = 0; r < 8; r++) s[r] += w[i * n + k + r] * g[i];
        for (int r = 0; r < 8; r++) gx[k + r] = CHOOSE(h[k + r] > 0, s[r], ALL(0));
    }
}

/* q and g: W1 32, b1 16, W2 256, b2 16, W3 16, b3 1 = 337. A row of xs is x, y, target. With decay 0 there is no
   penalty and no update: that is W4. */
double hinge(const double *restrict xs, int batch, double *restrict q, double *restrict g, double decay, double rate) {
    v8 sums[337], x[3], h1[16], h2[16], g1[16], g2[16], total = ALL(0), s, gs;
    memset(sums, 0, sizeof sums);
    for (int e = 0; e < batch; e += 8) {
        v8 real;
        for (int j = 0; j < 8; j++) {
            int at = e + j < batch ? e + j : batch - 1;
            real[j] = e + j < batch;
            for (int k = 0; k < 3; k++) x[k][j] = xs[3 * at + k];
        }
        dense(q, q + 32, x, h1, 2, 16);
        for (int i = 0; i < 16; i++) h1[i] = positive(h1[i]);
        dense(q + 48, q + 304, h1, h2, 16, 16);
        for (int i = 0; i < 16; i++) h2[i] = positive(h2[i]);
        dense(q + 320, q + 336, h2, &s, 16, 1);
        v8 margin = 1 - x[2] * s;
        total += real * positive(margin);
        gs = CHOOSE(margin > 0, -x[2] * real / (double)batch, ALL(0));
        for (int k = 0; k < 16; k++) g2[k] = CHOOSE(h2[k] > 0, gs * q[320 + k], ALL(0));
        to_weights(h2, &gs, sums + 320, sums + 336, 16, 1);
        to_inputs(q + 48, g2, h1, g1, 16, 16);
        to_weights(h1, g2, sums + 48, sums + 304, 16, 16);
        to_weights(x, g1, sums, sums + 32, 2, 16);
    }
    double loss = added(total) / batch, size = 0;
    for (int i = 0; i < 337; i++) g[i] = added(sums[i]);
    if (decay == 0) return loss;
    for (int i = 0; i < 337; i++) size += q[i] * q[i], g[i] += 2 * decay * q[i], q[i] -= rate * g[i];
    return loss + decay * size;
}

/* 64-32-10. Here weights are inputs × neurons, and the ten scores have rows of 16 numbers. */

/* c (m × 8·V) = b0 (a row, or 0) + a (m × n) · b (n × 8·V), R rows of c at a time; m is a multiple of R. The element
   i, k of a is a[i * down + k * right], so that a may be read turned. */
INLINE void product(const double *restrict a, int down, int right, const double *restrict b, const double *b0,
                    double *restrict c, int m, int n, const int R, const int V) {
    for (int i = 0; i < m; i += R) {
        v8 s[R][V];
        for (int r = 0; r < R; r++)
            for (int v = 0; v < V; v++) s[r][v] = b0 ? *(const v8 *)(b0 + 8 * v) : ALL(0);
        for (int k = 0; k < n; k++)
            for (int r = 0; r < R; r++) {
                double x = a[(i + r) * down + k * right];
                for (int v = 0; v < V; v++) s[r][v] += x * *(const v8 *)(b + k * 8 * V + 8 * v);
            }
        for (int r = 0; r < R; r++)
            for (int v = 0; v < V; v++) *(v8 *)(c + (i + r) * 8 * V + 8 * v) = s[r][v];
    }
}
INLINE void column_sums(const double *restrict a, double *restrict sums, int m, const int V) {
    v8 s[V];
    for (int v = 0; v < V; v++) s[v] = ALL(0);
    for (int i = 0; i < m; i++)
        for (int v = 0; v < V; v++) s[v] += *(const v8 *)(a + i * 8 * V + 8 * v);
    for (int v = 0; v < V; v++) *(v8 *)(sums + 8 * v) = s[v];
}

enum { PIXELS = 64, HIDDEN = 32, CLASSES = 10, WIDE = 16, ROW = PIXELS + CLASSES, MOST = 128, ALL_OF_THEM = 2410 };

/* q and g: W1 2048, b1 32, W2 320, b2 10. A row of xs is 64 pixels and ten places, a one at the label. The batch is a
   multiple of 8, at most MOST; decay is there for the look of hinge. */
double digits(const double *restrict xs, int batch, double *restrict q, double *restrict g, double decay, double rate) {
    static double h[MOST * HIDDEN], z[MOST * WIDE], gh[MOST * HIDDEN], w2[HIDDEN * WIDE], b2[WIDE], gw2[HIDDEN * WIDE];
    static double turned[CLASSES * HIDDEN], gb2[WIDE], sums[MOST];
    double *w1 = q, *b1 = q + 2048, total = 0, scale = 1.0 / batch;
    for (int i = 0; i < WIDE; i++) b2[i] = i < CLASSES ? q[2400 + i] : -600; /* e to that power is nothing */
    for (int k = 0; k < HIDDEN; k++)
        for (int i = 0; i < CLASSES; i++) w2[k * WIDE + i] = turned[i * HIDDEN + k] = q[2080 + k * CLASSES + i];
    product(xs, ROW, 1, w1, b1, h, batch, PIXELS, 4, 4);
    for (int i = 0; i < batch * HIDDEN; i++) h[i] = h[i] > 0 ? h[i] : 0;
    product(h, HIDDEN, 1, w2, b2, z, batch, HIDDEN, 8, 2);
    for (int e = 0; e < batch; e++) {
        double *row = z + e * WIDE, top = row[0];
        const double *label = xs + e * ROW + PIXELS;
        for (int i = 1; i < WIDE; i++) top = row[i] > top ? row[i] : top;
        for (int i = 0; i < WIDE; i++) row[i] -= top;
        for (int i = 0; i < CLASSES; i++) total -= row[i] * label[i];
    }
    for (int i = 0; i < batch * WIDE; i++) z[i] = exp(z[i]); /* all of them in one loop, which gcc does by vectors */
    for (int e = 0; e < batch; e++) {
        double *row = z + e * WIDE, sum = 0;
        const double *label = xs + e * ROW + PIXELS;
        for (int i = 0; i < WIDE; i++) sum += row[i];
        sums[e] = sum;
        for (int i = 0; i < CLASSES; i++) row[i] = (row[i] / sum - label[i]) * scale;
    }
    for (int e = 0; e < batch; e++) total += log(sums[e]);
    product(z, WIDE, 1, turned, 0, gh, batch, CLASSES, 4, 4);
    for (int i = 0; i < batch * HIDDEN; i++) gh[i] = h[i] > 0 ? gh[i] : 0;
    product(xs, 1, ROW, gh, 0, g, PIXELS, batch, 4, 4);
    column_sums(gh, g + 2048, batch, 4);
    product(h, 1, HIDDEN, z, 0, gw2, HIDDEN, batch, 8, 2);
    column_sums(z, gb2, batch, 2);
    for (int k = 0; k < HIDDEN; k++)
        for (int i = 0; i < CLASSES; i++) g[2080 + k * CLASSES + i] = gw2[k * WIDE + i];
    for (int i = 0; i < CLASSES; i++) g[2400 + i] = gb2[i];
    for (int i = 0; i < ALL_OF_THEM; i++) q[i] -= rate * g[i];
    return total * scale;
}
