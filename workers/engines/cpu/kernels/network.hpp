// The shapes of a network and its layout in memory.
//
// A convolution's input is kept with a border of zeros, (2 rows + 1) x (2 columns + 1) for rows x columns outputs, so
// that a window of stride 2 needs no branch. Output gradients have a border after the last row and column. Channels are
// padded to whole vectors where they are written; reads stop at the last real channel, so that NaN in the
// padding (of a diverged network) never enters a sum.
#pragma once

#include <algorithm>
#include <cstdint>

#include "products.hpp"

namespace {

constexpr int SPOTS = 64, MANY_SPOTS = 512;  // of a chunk, at least: a layer's weights are read once for a chunk
constexpr size_t LARGE = 256 * 1024;  // bytes of a layer's weights from which reading them costs: then MANY_SPOTS
constexpr size_t CACHE = 320 * 1024;  // bytes of activations and gradients in a block of images, or as many as there
                                      // are bytes of weights: these are read and written once for each block
constexpr size_t FEWEST = 4, MOST = 64;  // images in a block

// The network that the caller asks for; the same fields as in library.py.
struct Shape {
  int32_t height, width, channels, depth, classes, loss, batch_norm, terms;
  const int32_t* widths;
  const double* coefficients;  // `terms` of them: of z^0, z^2, z^4, ... in the activation's p(z); none for ReLU
};

struct Layer {
  int height, width, inputs, input_lanes;  // of the input map; the image's channels are not padded
  int rows, columns, outputs, lanes;       // of the output map
  size_t input_size, output_size, gradient_size;  // floats of one image
  size_t weight, bias;                     // where the parameters start
  size_t transposed;                       // where the transposed weights start
  Product forward;
  std::vector<int> dense, bordered, gradient;  // each output spot without border, in the next input, in the gradient
  std::vector<Product> backward;  // to the gradient of the input, by parity of row and column: no zeros multiplied
  Outer weights;

  int spots() const { return rows * columns; }
  int padded_columns() const { return 2 * columns + 1; }
  int chunk() const {
    const bool large = static_cast<size_t>(9) * inputs * lanes * sizeof(Real) > LARGE;
    return ((large ? MANY_SPOTS : SPOTS) + spots() - 1) / spots();
  }
};

struct Network {
  Shape shape;
  std::vector<Layer> layers;
  int class_lanes, features;          // features: floats of the last map, padding included
  size_t weight, bias, transposed;    // of the output layer
  size_t parameters = 0, transposes = 0;  // floats
  Product output;
  std::vector<Product> output_backward;  // one for each spot of the last map
  Outer output_weights;
  int block;  // images that go through all layers together
  std::vector<Real> terms, slopes;  // of the polynomial activation and, but for a factor z, of its derivative

  explicit Network(const Shape& given);
  const Layer& last() const { return layers.back(); }
  bool smooth() const { return !terms.empty(); }
  Packs packs() const;  // as large as any layer needs

 private:
  void add_convolutions();
  void connect_convolutions();
  void add_output_layer();
  int images_in_cache() const;
};

size_t whole_lanes(size_t floats) { return (floats + LANES - 1) / LANES * LANES; }

// Of a window's three rows (or columns), those that ever meet a pixel: small maps would multiply mostly zeros.
int first_tap(int outputs) { return outputs == 1 ? 1 : 0; }
int last_tap(int inputs) { return inputs == 1 ? 1 : 2; }

// The inputs of a spot: a run for each row of the window if that is consecutive in memory, else one for each tap.
std::vector<Run> window(const Layer& l) {
  std::vector<Run> runs;
  const int row = l.padded_columns() * l.input_lanes, left = first_tap(l.columns), right = last_tap(l.width);
  const int taps = l.inputs == l.input_lanes ? right - left + 1 : 1;
  for (int i = first_tap(l.rows); i <= last_tap(l.height); i++)
    for (int j = left; j <= right; j += taps)
      runs.push_back({i * row + j * l.input_lanes, (3 * i + j) * l.inputs, taps * l.inputs});
  return runs;
}

// Input row 2a + parity (1 is the first, after the border) is reached by output rows a and a - 1 if even, a if odd.
Product parity_class(const Layer& l, const Layer& below, int row_parity, int column_parity) {
  Product p{{}, {}, {}, l.gradient_size, below.gradient_size, l.input_size, {}, l.input_lanes, 9 * l.outputs};
  const int stride = l.columns + 1;
  for (int r = row_parity ? 1 : 2; r <= l.height; r += 2)
    for (int c = column_parity ? 1 : 2; c <= l.width; c += 2) {
      p.from.push_back((r / 2 * stride + c / 2) * l.lanes);
      p.to.push_back(((r - 1) * (l.width + 1) + c - 1) * l.input_lanes);
      p.mask.push_back((r * l.padded_columns() + c) * l.input_lanes);
    }
  for (int u = row_parity ? 0 : first_tap(l.rows); u < (row_parity ? 1 : 2); u++)
    for (int v = column_parity ? 0 : first_tap(l.columns); v < (column_parity ? 1 : 2); v++) {
      const int tap = 3 * (row_parity ? 1 : 2 * u) + (column_parity ? 1 : 2 * v);
      p.runs.push_back({-(u * stride + v) * l.lanes, tap * l.outputs, l.outputs});
    }
  return p;
}

void place_spots(Layer& l) {
  for (int r = 0; r < l.rows; r++)
    for (int c = 0; c < l.columns; c++) {
      l.forward.from.push_back((2 * r * l.padded_columns() + 2 * c) * l.input_lanes);
      l.dense.push_back((r * l.columns + c) * l.lanes);
      l.bordered.push_back(((r + 1) * (2 * ((l.columns + 1) / 2) + 1) + c + 1) * l.lanes);
      l.gradient.push_back((r * (l.columns + 1) + c) * l.lanes);
    }
}

Layer layer(int height, int width, int inputs, int input_lanes, int outputs) {
  Layer l{};
  l.height = height, l.width = width, l.inputs = inputs, l.input_lanes = input_lanes;
  l.rows = (height + 1) / 2, l.columns = (width + 1) / 2, l.outputs = outputs, l.lanes = padded(outputs);
  l.input_size = whole_lanes(static_cast<size_t>(2 * l.rows + 1) * l.padded_columns() * input_lanes);
  l.output_size = static_cast<size_t>(l.spots()) * l.lanes;
  l.gradient_size = static_cast<size_t>(l.rows + 1) * (l.columns + 1) * l.lanes;
  place_spots(l);
  l.forward.runs = window(l);
  l.forward.columns = l.lanes;
  l.forward.rows = 9 * l.inputs;
  l.forward.from_image = l.input_size;
  const size_t row = static_cast<size_t>(l.padded_columns()) * input_lanes, lanes = l.lanes;
  l.weights = {l.rows, l.columns, l.input_size, 2 * row, 2u * input_lanes, l.gradient_size, (l.columns + 1) * lanes,
               lanes, window(l), l.lanes, 9 * l.inputs};
  return l;
}

Network::Network(const Shape& given) : shape(given) {
  add_convolutions();
  connect_convolutions();
  add_output_layer();
  block = images_in_cache();
  for (int k = 0; k < shape.terms; k++) {
    terms.push_back(static_cast<Real>(shape.coefficients[k]));
    if (k > 0) slopes.push_back(static_cast<Real>(2 * k * shape.coefficients[k]));
  }
}

void Network::add_convolutions() {
  int height = shape.height, width = shape.width, inputs = shape.channels, lanes = shape.channels;
  for (int i = 0; i < shape.depth; i++) {
    Layer l = layer(height, width, inputs, lanes, shape.widths[i]);
    l.weight = parameters, l.bias = l.weight + static_cast<size_t>(9) * l.inputs * l.lanes;
    parameters = l.bias + l.lanes;
    if (i > 0) {
      l.transposed = transposes;
      transposes += static_cast<size_t>(9) * l.outputs * l.input_lanes;
      for (int parity = 0; parity < 4; parity++)
        l.backward.push_back(parity_class(l, layers.back(), parity / 2, parity % 2));
    }
    height = l.rows, width = l.columns, inputs = l.outputs, lanes = l.lanes;
    layers.push_back(std::move(l));
  }
}

// Where each convolution writes: with batch norm its raw outputs, else the input of the next layer.
void Network::connect_convolutions() {
  for (int i = 0; i < shape.depth; i++) {
    Layer& l = layers[i];
    const bool to_features = i + 1 == shape.depth, raw = shape.batch_norm;
    l.forward.to = raw || to_features ? l.dense : l.bordered;
    l.forward.to_image = raw || to_features ? l.output_size : layers[i + 1].input_size;
  }
}

void Network::add_output_layer() {
  const Layer& top = last();
  features = static_cast<int>(top.output_size), class_lanes = padded(shape.classes);
  weight = parameters, bias = weight + static_cast<size_t>(top.spots()) * top.outputs * class_lanes;
  parameters = bias + class_lanes;
  transposed = transposes;
  transposes += static_cast<size_t>(top.spots()) * shape.classes * top.lanes;
  output = {{0}, {0}, {}, top.output_size, static_cast<size_t>(class_lanes), 0, {}, class_lanes,
            top.spots() * top.outputs};
  for (int s = 0; s < top.spots(); s++) {
    output.runs.push_back({top.dense[s], s * top.outputs, top.outputs});
    output_backward.push_back({{0}, {top.gradient[s]}, {top.dense[s]}, static_cast<size_t>(class_lanes),
                               top.gradient_size, top.output_size, {{0, s * shape.classes, shape.classes}}, top.lanes,
                               top.spots() * shape.classes});
  }
  output_weights = {1, 1, top.output_size, 0, 0, static_cast<size_t>(class_lanes), 0, 0, output.runs, class_lanes,
                    output.rows};
}

Packs Network::packs() const {
  size_t inputs = 0, gradients = 0;
  for (const Layer& l : layers)
    if (packable(l.weights)) {
      const size_t spots = static_cast<size_t>(l.chunk()) * l.spots();
      inputs = std::max(inputs, spots * PACKED), gradients = std::max(gradients, spots * l.lanes);
    }
  return {Buffer(inputs), Buffer(gradients)};
}

int Network::images_in_cache() const {
  size_t image_floats = 0;
  for (const Layer& l : layers) image_floats += l.input_size + l.gradient_size;
  const size_t near = parameters * sizeof(Real) < CACHE ? CACHE : parameters * sizeof(Real);
  const size_t fit = near / (image_floats * sizeof(Real));
  return fit < FEWEST ? FEWEST : fit > MOST ? MOST : static_cast<int>(fit);
}

}  // namespace
