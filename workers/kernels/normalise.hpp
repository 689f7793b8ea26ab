// Batch norm without scale and shift: x = (z - mean) / sqrt(var + epsilon), moments over the whole batch.
//
// The gradient of z is (d - mean of d - x * mean of (d x)) / sqrt(var + epsilon) for a gradient d of x (Ioffe and
// Szegedy 2015, section 3). Sums are taken over a few images while these are in cache, then merged.
#pragma once

#include <cmath>

#include "parameters.hpp"

namespace {

// One layer's moments in a batch. mean, spread (sum of squared deviations), scale, slope (sum of d), pull (sum of d x):
// one number a channel.
struct Moments {
  Buffer memory;
  float *mean, *spread, *scale, *slope, *pull;
  double count = 0;

  explicit Moments(int lanes) : memory(5 * lanes) {
    mean = memory, spread = mean + lanes, scale = spread + lanes, slope = scale + lanes, pull = slope + lanes;
  }
};

// Takes in `count` more vectors z, lanes apart (merging as in Chan, Golub and LeVeque 1983).
void observe(Moments& m, const float* z, int count, int lanes) {
  const float total = static_cast<float>(m.count + count), share = count / total, mixed = m.count * share;
  for (int c = 0; c < lanes; c += LANES) {
    Vector sum[2] = {}, spread[2] = {};
    for (int i = 0; i < count; i++) sum[i & 1] += load(z + static_cast<size_t>(i) * lanes + c);
    const Vector mean = (sum[0] + sum[1]) / all(count);
    for (int i = 0; i < count; i++) {
      const Vector off = load(z + static_cast<size_t>(i) * lanes + c) - mean;
      spread[i & 1] += off * off;
    }
    const Vector apart = mean - load(m.mean + c);
    store(m.mean + c, load(m.mean + c) + apart * share);
    store(m.spread + c, load(m.spread + c) + spread[0] + spread[1] + apart * apart * mixed);
  }
  m.count += count;
}

// Ends the batch's moments and moves the running statistics, whose variance is the unbiased one.
void finish(Moments& m, const Tensors& running, int channels) {
  for (int c = 0; c < channels; c++) {
    m.scale[c] = 1 / std::sqrt(static_cast<float>(m.spread[c] / m.count) + EPSILON);
    running.mean[c] += MOMENTUM * (m.mean[c] - running.mean[c]);
    running.var[c] += MOMENTUM * (static_cast<float>(m.spread[c] / (m.count - 1)) - running.var[c]);
  }
}

void restart(Moments& m, int lanes) {
  std::memset(m.memory, 0, 5 * lanes * sizeof(float));
  m.count = 0;
}

// x = relu of normalised z, for the spots of several images. `places`: each spot in the next layer's input.
void normalise(const Moments& m, const Layer& l, int images, const float* z, const std::vector<int>& places, float* to,
               size_t to_image) {
  for (int image = 0; image < images; image++, to += to_image)
    for (int place : places) {
      for (int c = 0; c < l.lanes; c += LANES, z += LANES)
        store(to + place + c, relu((load(z) - load(m.mean + c)) * load(m.scale + c)));
    }
}

// Sums of d and d x.
void observe_gradient(Moments& m, const Layer& l, int images, const float* z, const float* d) {
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    Vector slope{}, pull{};
    for (int image = 0; image < images; image++)
      for (int s = 0; s < l.spots(); s++) {
        const Vector gradient = load(d + image * l.gradient_size + l.gradient[s] + c);
        slope += gradient;
        pull += gradient * (load(z + image * l.output_size + l.dense[s] + c) - mean);
      }
    store(m.slope + c, load(m.slope + c) + slope);
    store(m.pull + c, load(m.pull + c) + pull * scale);
  }
}

// Turns gradients of x into gradients of z, in place.
void denormalise_gradient(const Moments& m, const Layer& l, int images, const float* z, float* d) {
  const Vector each = all(static_cast<float>(1 / m.count));
  for (int c = 0; c < l.lanes; c += LANES) {
    const Vector mean = load(m.mean + c), scale = load(m.scale + c);
    const Vector slope = load(m.slope + c) * each, pull = load(m.pull + c) * each * scale;
    for (int image = 0; image < images; image++)
      for (int s = 0; s < l.spots(); s++) {
        float* at = d + image * l.gradient_size + l.gradient[s] + c;
        store(at, scale * (load(at) - slope - (load(z + image * l.output_size + l.dense[s] + c) - mean) * pull));
      }
  }
}

}  // namespace
