/* The works of speed.md written by hand: eight examples at a time, one to each place of a vector, everything of them in
   the nearest memory; sums for the weights are kept as vectors and added up at the end. gcc -O3 -march=native. */
#include <math.h>
#include <string.h>

typedef double v8 __attribute__((vector_size(64)));
#define INLINE static inline __attribute__((always_inline))
#define ALL(x) ((v8){0} + (x))
typedef long long m8 __attribute__((vector_size(64)));
#define CHOOSE(c, x, y) ((v8)(((m8)(c) & (m8)(x)) | (~(m8)(c) & (m8)(y))))

INLINE double added(v8 x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])); }
INLINE v8 positive(v8 x) { return CHOOSE(x > 0, x, ALL(0)); }

/* w is (p x n); p is a multiple of 2 or 1. */
INLINE void dense(const double *w, const double *b, const v8 *x, v8 *h, int n, int p) {
    int i = 0;
    for (; i + 8 <= p; i += 8) {
        v8 s[8];
        for (int r = 0; r < 8; r++) s[r] = ALL(b[i + r]);
        for (int k = 0; k < n; k++) {
            v8 xk = x[k];
            for (int r = 0; r < 8; r++) s[r] += w[(i + r) * n + k] * xk;
        }
        for (int r = 0; r < 8; r++) h[i + r] = s[r];
    }
    for (; i < p; i++) {
        v8 s = ALL(b[i]), t = ALL(0);
        int k = 0;
        for (; k + 2 <= n; k += 2) s += w[i * n + k] * x[k], t += w[i * n + k + 1] * x[k + 1];
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
        for (int i = 0; i < p; i++) {
            v8 gi = g[i];
            for (int r = 0; r < 8; r++) s[r] += w[i * n + k + r] * gi;
        }
        for (int r = 0; r < 8; r++) gx[k + r] = CHOOSE(h[k + r] > 0, s[r], ALL(0));
    }
}

/* 2-16-16-1: W1 32, b1 16, W2 256, b2 16, W3 16, b3 1 = 337. Inputs have a row (x, y, target). */
double hinge(const double *xs, int batch, double *q, double *g, double decay, double rate) {
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
    if (decay == 0) for (int i = 0; i < 337; i++) g[i] = added(sums[i]);
    else for (int i = 0; i < 337; i++) size += q[i] * q[i], g[i] = added(sums[i]) + 2 * decay * q[i], q[i] -= rate * g[i];
    return loss + decay * size;
}

/* 64-32-10: W1 2048, b1 32, W2 320, b2 10 = 2410. Inputs have a row (64 pixels, 10 places of the label). */
double digits(const double *xs, int batch, double *q, double *g, double rate) {
    static v8 sums[2410];
    v8 x[74], h[32], s[10], gh[32], total = ALL(0);
    memset(sums, 0, sizeof sums);
    for (int e = 0; e < batch; e += 8) {
        v8 real;
        for (int j = 0; j < 8; j++) {
            int at = e + j < batch ? e + j : batch - 1;
            real[j] = e + j < batch;
            for (int k = 0; k < 74; k++) x[k][j] = xs[74 * at + k];
        }
        dense(q, q + 2048, x, h, 64, 32);
        for (int i = 0; i < 32; i++) h[i] = positive(h[i]);
        dense(q + 2080, q + 2400, h, s, 32, 10);
        v8 top = s[0], sum = ALL(0), right = ALL(0);
        for (int i = 1; i < 10; i++) top = CHOOSE(s[i] > top, s[i], top);
        for (int i = 0; i < 10; i++) {
            right += s[i] * x[64 + i], s[i] -= top;
            for (int j = 0; j < 8; j++) s[i][j] = exp(s[i][j]);
            sum += s[i];
        }
        for (int j = 0; j < 8; j++) total[j] += real[j] * (log(sum[j]) + top[j] - right[j]);
        v8 scale = real / (double)batch;
        for (int i = 0; i < 10; i++) s[i] = (s[i] / sum - x[64 + i]) * scale;
        to_weights(h, s, sums + 2080, sums + 2400, 32, 10);
        to_inputs(q + 2080, s, h, gh, 32, 10);
        to_weights(x, gh, sums, sums + 2048, 64, 32);
    }
    for (int i = 0; i < 2410; i++) g[i] = added(sums[i]), q[i] -= rate * g[i];
    return added(total) / batch;
}
