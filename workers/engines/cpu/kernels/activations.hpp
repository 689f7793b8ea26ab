// Memory for the activations of a few images and for their gradients, layer by layer.
#pragma once

#include "network.hpp"

namespace {

// Activations of up to `images` images. With batch norm, raw outputs and gradients of the whole batch are kept; inputs
// are computed again from the raw outputs, one chunk at a time, which costs no more than reading them from memory.
struct Space {
  std::vector<Buffer> inputs, raw, gradients;  // of each layer
  Buffer features, outputs, output_gradients;

  Space(const Network& n, int images, bool training) {
    const bool norm = n.shape.batch_norm;
    for (const Layer& l : n.layers) {
      inputs.emplace_back((norm ? l.chunk() : images) * l.input_size);
      raw.emplace_back(norm ? images * l.output_size : 0);
      gradients.emplace_back(training ? images * l.gradient_size : 0);
    }
    features = Buffer(images * static_cast<size_t>(n.features));
    outputs = Buffer(static_cast<size_t>(images) * n.class_lanes);
    output_gradients = Buffer(training ? static_cast<size_t>(images) * n.class_lanes : 0);
  }
};

// Calls work(first, count) for the images in groups that suit the layer.
template <class Work>
void in_chunks(const Layer& l, int images, Work work) {
  for (int first = 0; first < images; first += l.chunk())
    work(first, images - first < l.chunk() ? images - first : l.chunk());
}

}  // namespace
