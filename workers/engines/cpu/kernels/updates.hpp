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
  double momentum, weight_decay, beta1, beta2, epsilon;
  int64_t before;  // steps taken before the first of this call

  int kept() const { return optimizer == SGD ? 1 : 2; }  // tensors like the parameters
};

// v = momentum v + gradient; w = w - rate v.
inline void descend(size_t count, Real rate, Real momentum, const Real* gradient, Real* v, Real* w) {
  for (size_t i = 0; i < count; i += LANES) {
    const Vector moved = load(v + i) * momentum + load(gradient + i);
    store(v + i, moved);
    store(w + i, load(w + i) - moved * rate);
  }
}

// The same with weight decay: g = gradient + decay w; with Nesterov's momentum w = w - rate (g + momentum v).
inline void descend_with_decay(size_t count, Real rate, const Update& u, const Real* gradient, Real* v, Real* w) {
  const Real momentum = static_cast<Real>(u.momentum), decay = static_cast<Real>(u.weight_decay);
  for (size_t i = 0; i < count; i += LANES) {
    const Vector g = load(gradient + i) + load(w + i) * decay;
    const Vector moved = load(v + i) * momentum + g;
    store(v + i, moved);
    store(w + i, load(w + i) - (u.nesterov ? g + moved * momentum : moved) * rate);
  }
}

// Adam's m and s are kept in m and s; t is 1 at the first step.
inline void adapt(size_t count, Real rate, const Update& u, int64_t t, const Real* gradient, Real* m, Real* s,
                  Real* w) {
  const Real beta1 = static_cast<Real>(u.beta1), beta2 = static_cast<Real>(u.beta2);
  const Real rest1 = 1 - beta1, rest2 = 1 - beta2;
  const Real step = static_cast<Real>(rate / (1 - std::pow(static_cast<double>(beta1), static_cast<double>(t))));
  const Real each = static_cast<Real>(1 / (1 - std::pow(static_cast<double>(beta2), static_cast<double>(t))));
  const Real epsilon = static_cast<Real>(u.epsilon), weight_decay = static_cast<Real>(u.weight_decay);
  const Real decay = u.optimizer == ADAM ? weight_decay : 0, left = u.optimizer == ADAMW ? 1 - rate * weight_decay : 1;
  for (size_t i = 0; i < count; i++) {
    const Real g = gradient[i] + decay * w[i];
    m[i] += rest1 * (g - m[i]);
    s[i] = beta2 * s[i] + rest2 * g * g;
    w[i] = w[i] * left - step * m[i] / (std::sqrt(s[i] * each) + epsilon);
  }
}

// One step. kept: the momentum, or Adam's m and s.
inline void update(size_t count, Real rate, const Update& u, int64_t t, const Real* gradient, Real* const* kept,
                   Real* w) {
  if (u.optimizer != SGD)
    adapt(count, rate, u, t, gradient, kept[0], kept[1], w);
  else if (u.nesterov || u.weight_decay != 0)
    descend_with_decay(count, rate, u, gradient, kept[0], w);
  else
    descend(count, rate, static_cast<Real>(u.momentum), gradient, kept[0], w);
}

}  // namespace
