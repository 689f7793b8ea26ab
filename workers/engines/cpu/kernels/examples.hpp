// Labelled images as the caller holds them, and their pixels as inputs of the first layer.
#pragma once

#include <algorithm>

#include "network.hpp"

namespace {

// A labelled data set: image index[i] (all in turn if null) of bytes or floats, channels last, has labels[i].
struct Examples {
  const uint8_t* bytes;
  const float* floats;
  const int64_t *index, *labels;
};

// Examples order[0], order[1], ... of a data set.
struct Batch {
  const Examples& examples;
  const int64_t* order;  // all in turn if null

  int64_t at(int64_t i) const { return order ? order[i] : i; }
  size_t image(int64_t i) const {
    const int64_t example = at(i);
    return static_cast<size_t>(examples.index ? examples.index[example] : example);
  }
};

// Pixels into the bordered input of the first layer, bytes scaled as by `scaled` in workers/interfaces/images.py.
void place_image(const Layer& l, const Examples& e, size_t image, Real* __restrict to) {
  const int floats = l.width * l.inputs;
  for (int row = 0; row < l.height; row++) {
    const size_t from = (image * l.height + row) * floats;
    Real* __restrict at = to + ((row + 1) * l.padded_columns() + 1) * l.inputs;
    if (e.bytes)
      for (int i = 0; i < floats; i++) at[i] = e.bytes[from + i] * (1 / Real(127.5)) - 1;
    else
      std::copy(e.floats + from, e.floats + from + floats, at);
  }
}

void place_images(const Layer& l, const Batch& batch, int64_t first, int count, Real* to) {
  for (int i = 0; i < count; i++) place_image(l, batch.examples, batch.image(first + i), to + i * l.input_size);
}

}  // namespace
