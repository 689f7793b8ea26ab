// Converts parameters between PyTorch's layout (outputs, inputs, 3, 3) and ours: inputs in rows, outputs along lanes.
#pragma once

#include <cmath>

#include "network.hpp"

namespace {

// The addresses of one layer's tensors; null for those that do not exist.
struct Tensors {
  Real *weight, *bias, *mean, *var;
};

constexpr Real EPSILON = Real(1e-5), MOMENTUM = Real(0.1);  // of batch norm, as in torch.nn.BatchNorm2d

// Calls visit(ours, theirs) with the two places of every weight of a convolution.
template <class Visit>
void each_weight(const Layer& l, Visit visit) {
  for (int tap = 0; tap < 9; tap++)
    for (int i = 0; i < l.inputs; i++)
      for (size_t o = 0; o < static_cast<size_t>(l.outputs); o++)
        visit(l.weight + in_panels(9 * l.inputs, l.lanes, tap * l.inputs + i, o), (o * l.inputs + i) * 9 + tap);
}

// The same for the output layer, whose inputs are in the order (channel, row, column).
template <class Visit>
void each_output_weight(const Network& n, Visit visit) {
  const size_t spots = n.last().spots(), channels = n.last().outputs;
  for (size_t s = 0; s < spots; s++)
    for (size_t c = 0; c < channels; c++)
      for (size_t k = 0; k < static_cast<size_t>(n.shape.classes); k++)
        visit(n.weight + in_panels(spots * channels, n.class_lanes, s * channels + c, k), (k * channels + c) * spots + s);
}

void pack(const Network& n, const Tensors* tensors, Real* ours) {
  for (const Layer& l : n.layers) {
    const Tensors& t = *tensors++;
    each_weight(l, [&](size_t to, size_t from) { ours[to] = t.weight[from]; });
    if (t.bias) std::memcpy(ours + l.bias, t.bias, l.outputs * sizeof(Real));
  }
  each_output_weight(n, [&](size_t to, size_t from) { ours[to] = tensors->weight[from]; });
  if (tensors->bias) std::memcpy(ours + n.bias, tensors->bias, n.shape.classes * sizeof(Real));
}

void unpack(const Network& n, const Real* ours, const Tensors* tensors) {
  for (const Layer& l : n.layers) {
    const Tensors& t = *tensors++;
    each_weight(l, [&](size_t from, size_t to) { t.weight[to] = ours[from]; });
    if (t.bias) std::memcpy(t.bias, ours + l.bias, l.outputs * sizeof(Real));
  }
  each_output_weight(n, [&](size_t from, size_t to) { tensors->weight[to] = ours[from]; });
  if (tensors->bias) std::memcpy(tensors->bias, ours + n.bias, n.shape.classes * sizeof(Real));
}

// In evaluation batch norm is (z - mean) / sqrt(var + epsilon): one factor and one shift for each channel.
void fold_batch_norm(const Network& n, const Tensors* tensors, Real* ours) {
  for (const Layer& l : n.layers) {
    const Tensors& t = *tensors++;
    for (int o = 0; o < l.outputs; o++) {
      const Real factor = 1 / std::sqrt(t.var[o] + EPSILON);
      for (int row = 0; row < 9 * l.inputs; row++) ours[l.weight + in_panels(9 * l.inputs, l.lanes, row, o)] *= factor;
      ours[l.bias + o] = (ours[l.bias + o] - t.mean[o]) * factor;
    }
  }
}

// Weights with inputs along the lanes, for the data gradients. The padding of `to` is zero already.
void transpose(const Real* rows, int taps, int inputs, int outputs, int lanes, Real* to, int to_lanes) {
  for (int tap = 0; tap < taps; tap++)
    for (int o = 0; o < outputs; o++)
      for (int first = 0; first < inputs; first += PANEL) {
        Real* at = to + in_panels(taps * outputs, to_lanes, tap * outputs + o, first);
        const Real* from = rows + in_panels(taps * inputs, lanes, tap * inputs + first, o);
        const int width = panel_width(lanes, o);
        for (int i = 0; i < PANEL && first + i < inputs; i++) at[i] = from[i * width];
      }
}

}  // namespace
