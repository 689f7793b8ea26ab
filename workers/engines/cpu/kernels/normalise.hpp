// Batch norm without scale and shift: x = (z - mean) / sqrt(var + epsilon), moments over the whole batch.
//
// The gradient of z is (d - mean of d - x * mean of (d x)) / sqrt(var + epsilon) for a gradient d of x (Ioffe and
// Szegedy 2015, section 3). Sums over a few images in the cache are merged.
#pragma once

#include <cmath>

#include "parameters.hpp"
#include "polynomial.hpp"

namespace {

// One layer's moments in a batch. mean, spread (sum of squared deviations), scale, slope (sum of d), pull (sum of d x):
// one number a channel.
struct Moments {
  Buffer memory;
  Real *mean, *spread, *scale, *slope, *pull;
  double count = 0;

  explicit Moments(int lanes) : memory(5 * lanes) {
    mean = memory, spread = mean + lanes, scale = spread + lanes, slope = scale + lanes, pull = slope + lanes;
  }
};

// The sum over i of term(i), in CHAINS independent sums, which hide the latency of additions.
template <class Term>
INLINE Vector sum_of(int count, Term term) {
  constexpr int CHAINS = 4;
  Vector sum[CHAINS] = {};
  int i = 0;
  for (; i + CHAINS <= count; i += CHAINS) {
    UNROLL for (int j = 0; j < CHAINS; j++) sum[j] += term(i + j);
  }
  for (; i < count; i++) sum[0] += term(i);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Adds `count` vectors z, `lanes` apart, to the moments (merged as in Chan, Golub and LeVeque 1983).
void observe(Moments& m, const Real* z, int count, int lanes) {
  const Real total = static_cast<Real>(m.count + count), share = count / total;
  const Real mixed = static_cast<Real>(m.count) * share;
  for (int c = 0; c < lanes; c += LANES) {
    const auto at = [&](int i) { return load(z + static_cast<size_t>(i) * lanes + c); };
    const Vector mean = sum_of(count, at) / all(static_cast<Real>(count));
    const Vector spread = sum_of(count, [&](int i) { return (at(i) - mean) * (at(i) - mean); });
    const Vector apart = mean - load(m.mean + c);
    store(m.mean + c, load(m.mean + c) + apart * share);
    store(m.spread + c, load(m.spread + c) + spread + apart * apart * mixed);
  }
  m.count += count;
}

// Computes the scale from the batch's moments and updates the running statistics, with the unbiased variance.
void finish(Moments& m, const Tensors& running, int channels) {
  for (int c = 0; c < channels; c++) {
    m.scale[c] = 1 / std::sqrt(static_cast<Real>(m.spread[c] / m.count) + EPSILON);
    running.mean[c] += MOMENTUM * (m.mean[c] - running.mean[c]);
    running.var[c] += MOMENTUM * (static_cast<Real>(m.spread[c] / (m.count - 1)) - running.var[c]);
  }
}

void restart(Moments& m, int lanes) {
  std::memset(m.memory, 0, 5 * lanes * sizeof(Real));
  m.count = 0;
}

// The activation of normalised z, for the spots of several images. `places`: each spot in the next layer's input.
template <class Activation>
void normalise(const Moments& m, const Layer& l, int images, const Real* z, const std::vector<int>& places, Real* to,
               size_t to_image, Activation activation) {
  const size_t next = images * l.output_size;
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    const Real* from = z + c;
    for (int image = 0; image < images; image++)
      for (int row = 0; row < l.rows; row++) {
        Real* at = to + image * to_image + places[row * l.columns] + c;
        for (int column = 0; column < l.columns; column++, at += l.lanes, from += l.lanes) {
          __builtin_prefetch(from + next, 0, 2);
          store(at, activation((load(from) - mean) * scale));
        }
      }
  }
}

// From gradients of what comes out of a polynomial activation to those of the normalised z, in place.
void through_polynomial(const Network& n, const Moments& m, const Layer& l, int images, const Real* z, Real* d) {
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    for (int image = 0; image < images; image++)
      for (int s = 0; s < l.spots(); s++) {
        Real* at = d + image * l.gradient_size + l.gradient[s] + c;
        const Vector x = (load(z + image * l.output_size + l.dense[s] + c) - mean) * scale;
        store(at, load(at) * polynomial_slope(n, x));
      }
  }
}

// Sums of d and d x.
void observe_gradient(Moments& m, const Layer& l, int images, const Real* z, const Real* d) {
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    Vector slope{}, pull{};
    for (int image = 0; image < images; image++) {
      const Real *gradient = d + image * l.gradient_size + c, *raw = z + image * l.output_size + c;
      const auto at = [&](int s) { return load(gradient + l.gradient[s]); };
      slope += sum_of(l.spots(), at);
      pull += sum_of(l.spots(), [&](int s) { return at(s) * (load(raw + s * l.lanes) - mean); });
    }
    store(m.slope + c, load(m.slope + c) + slope);
    store(m.pull + c, load(m.pull + c) + pull * scale);
  }
}

// Gradients of z, from those of x, in place.
void denormalise_gradient(const Moments& m, const Layer& l, int images, const Real* z, Real* d) {
  const Vector each = all(static_cast<Real>(1 / m.count));
  const size_t next = images * l.output_size, next_gradient = images * l.gradient_size;
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    const Vector slope = load(m.slope + c) * each, pull = load(m.pull + c) * each * scale;
    const Real* from = z + c;
    for (int image = 0; image < images; image++)
      for (int row = 0; row < l.rows; row++) {
        Real* at = d + image * l.gradient_size + l.gradient[row * l.columns] + c;
        for (int column = 0; column < l.columns; column++, at += l.lanes, from += l.lanes) {
          __builtin_prefetch(from + next, 0, 2);
          __builtin_prefetch(at + next_gradient, 1, 2);
          store(at, scale * (load(at) - slope - (load(from) - mean) * pull));
        }
      }
  }
}

}  // namespace
