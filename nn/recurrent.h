/* nn/: recurrent layers. A part of nn.h; include that. */
#ifndef COTANGENT_NN_RECURRENT_H
#define COTANGENT_NN_RECURRENT_H

typedef struct ct_recurrent_options {
    int64_t in, hidden;
    int64_t layers;     /* (1) one above the other */
    bool bidirectional; /* (false) a second run from the end, whose results follow the first one's */
    double dropout;     /* (0) of the results of each layer but the last, in training mode */
    ct_dtype dtype;     /* (CT_F32) */
} ct_recurrent_options;

/* What a run begins with and leaves behind, for ct_forward_with(); each (layers * directions, n, hidden), or NULL for
 * zeros. It is overwritten with the last state, of the innermost scope. c is of ct_lstm() only. */
typedef struct ct_recurrent_state {
    ct_tensor *h, *c;
} ct_recurrent_state;

/* x (n, time, in) to the h of all times (n, time, hidden * directions). Parameters of layer k are weight_ih_lk
 * (gates * hidden, in), weight_hh_lk (gates * hidden, hidden), bias_ih_lk and bias_hh_lk, with _reverse after them
 * for the second direction, all drawn from U(-1/sqrt(hidden), 1/sqrt(hidden)); the gates follow one another.
 *
 * Long short-term memory (S. Hochreiter and J. Schmidhuber, 1997; the forget gate: F. Gers, 2000), gates i f g o:
 *     i, f, o = sigmoid(W x + b + V h + c),  g = tanh(same),  c' = f c + i g,  h' = o tanh(c')
 * Gated recurrent unit (K. Cho et al., 2014, with the reset gate after the product), gates r z n:
 *     r, z = sigmoid(W x + b + V h + c),  n = tanh(W x + b + r (V h + c)),  h' = (1 - z) n + z h */
CT_API ct_module *ct_lstm_at(const char *at, ct_recurrent_options options);
CT_API ct_module *ct_gru_at(const char *at, ct_recurrent_options options);
#define ct_lstm(...) ct_lstm_at(CT_PLACE("ct_lstm: "), (ct_recurrent_options){.in = __VA_ARGS__})
#define ct_gru(...) ct_gru_at(CT_PLACE("ct_gru: "), (ct_recurrent_options){.in = __VA_ARGS__})

#endif
