// The updates of workers/optimizers: parameters and what the optimizer keeps, from the gradient of a step.
#pragma once

#include <cmath>
#include <cstdint>

#include "vectors.hpp"

namespace {

enum Optimizer : int32_t { SGD = 0, ADAM = 1, ADAMW = 2 };

// The optimizer of one model; the same fields as in library.py.
struct Update {
  int32_t optimizer, nesterov;
  float momentum, weight_decay;
  double beta1, beta2;
  float epsilon;
  int64_t before;  // steps taken before the first of this call

  int kept() const { return optimizer == SGD ? 1 : 2; }  // tensors like the parameters
};

// v = momentum v + gradient; w = w - rate v.
inline void descend(size_t count, float rate, float momentum, const float* gradient, float* v, float* w) {
  for (size_t i = 0; i < count; i += LANES) {
    const Vector moved = load(v + i) * momentum + load(gradient + i);
    store(v + i, moved);
    store(w + i, load(w + i) - moved * rate);
  }
}

// The same with weight decay: g = gradient + decay w; with Nesterov's momentum w = w - rate (g + momentum v).
inline void descend_with_decay(size_t count, float rate, const Update& u, const float* gradient, float* v, float* w) {
  for (size_t i = 0; i < count; i += LANES) {
    const Vector g = load(gradient + i) + load(w + i) * u.weight_decay;
    const Vector moved = load(v + i) * u.momentum + g;
    store(v + i, moved);
    store(w + i, load(w + i) - (u.nesterov ? g + moved * u.momentum : moved) * rate);
  }
}

// Adam's m and s are kept in m and s; t is 1 at the first step.
inline void adapt(size_t count, float rate, const Update& u, int64_t t, const float* gradient, float* m, float* s,
                  float* w) {
  const float beta1 = static_cast<float>(u.beta1), beta2 = static_cast<float>(u.beta2);
  const float rest1 = 1 - beta1, rest2 = 1 - beta2;
  const float step = static_cast<float>(rate / (1 - std::pow(static_cast<double>(beta1), static_cast<double>(t))));
  const float each = static_cast<float>(1 / (1 - std::pow(static_cast<double>(beta2), static_cast<double>(t))));
  const float decay = u.optimizer == ADAM ? u.weight_decay : 0;
  const float left = u.optimizer == ADAMW ? 1 - rate * u.weight_decay : 1;
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] + decay * w[i];
    m[i] += rest1 * (g - m[i]);
    s[i] = beta2 * s[i] + rest2 * g * g;
    w[i] = w[i] * left - step * m[i] / (std::sqrt(s[i] * each) + u.epsilon);
  }
}

// One step. kept: the momentum, or Adam's m and s.
inline void update(size_t count, float rate, const Update& u, int64_t t, const float* gradient, float* const* kept,
                   float* w) {
  if (u.optimizer != SGD)
    adapt(count, rate, u, t, gradient, kept[0], kept[1], w);
  else if (u.nesterov || u.weight_decay != 0)
    descend_with_decay(count, rate, u, gradient, kept[0], w);
  else
    descend(count, rate, u.momentum, gradient, kept[0], w);
}

}  // namespace
