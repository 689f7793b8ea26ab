// Training of one model: forward, backward and the update, in blocks of images that stay in the caches.
#pragma once

#include "activations.hpp"
#include "examples.hpp"
#include "losses.hpp"
#include "normalise.hpp"
#include "updates.hpp"

namespace {

class Training {
 public:
  // kept: what the optimizer keeps, the tensors of each kind after those of the kind before.
  Training(const Network& network, int batch, const Tensors* parameters, const Tensors* kept, const Update& update)
      : n(network), block(n.shape.batch_norm || batch < n.block ? batch : n.block), tensors(parameters),
        kept_tensors(kept), optimizer(update), space(n, block, true), packs(n.packs()), weights(n.parameters), gradient(n.parameters),
        transposed(n.transposes) {
    pack(n, tensors, weights);
    for (int i = 0; i < optimizer.kept(); i++) {
      memory.emplace_back(n.parameters);
      pack(n, of_kind(i), memory[i]);
    }
    for (const Layer& l : n.layers) moments.emplace_back(l.lanes);
  }

  // Step number t, 1 for the first, on the examples order[0 .. batch), the gradient being the mean over them.
  void step(const Examples& examples, const int64_t* order, int64_t batch, Real rate, int64_t t) {
    begin();
    for (int64_t first = 0; first < batch; first += block) {
      const int images = static_cast<int>(batch - first < block ? batch - first : block);
      const Batch part{examples, order + first};
      forward(part, images);
      for (int i = 0; i < images; i++)
        loss_gradient(n.shape.loss, space.outputs + static_cast<size_t>(i) * n.class_lanes,
                      static_cast<int>(examples.labels[part.at(i)]), n.shape.classes, 1 / static_cast<Real>(batch),
                      space.output_gradients + static_cast<size_t>(i) * n.class_lanes);
      backward(part, images);
    }
    Real* kept[2] = {memory[0], memory.back()};
    update(n.parameters, rate, optimizer, t, gradient, kept, weights);
  }

  void finish_all() const {
    unpack(n, weights, tensors);
    for (int i = 0; i < optimizer.kept(); i++) unpack(n, memory[i], of_kind(i));
  }

 private:
  void begin() {
    std::memset(gradient, 0, n.parameters * sizeof(Real));
    for (size_t i = 0; i < n.layers.size(); i++) {
      const Layer& l = n.layers[i];
      if (i > 0)
        transpose(weights + l.weight, 9, l.inputs, l.outputs, l.lanes, transposed + l.transposed, l.input_lanes);
      restart(moments[i], l.lanes);
    }
    const Layer& top = n.last();
    transpose(weights + n.weight, top.spots(), top.outputs, n.shape.classes, n.class_lanes, transposed + n.transposed,
              top.lanes);
  }

  void forward(const Batch& batch, int images) {
    const bool norm = n.shape.batch_norm;
    for (size_t i = 0; i < n.layers.size(); i++) {
      const Layer& l = n.layers[i];
      in_chunks(l, images, [&](int first, int count) {
        const Real* x = norm || i == 0 ? fill(batch, i, first, count) : input(i, first);
        const Real *w = weights + l.weight, *bias = weights + l.bias;
        if (norm) {
          Real* z = space.raw[i] + first * l.output_size;
          multiply<End::plain>(l.forward, count, x, w, bias, z);
          observe(moments[i], z, count * l.spots(), l.lanes);
        } else {
          multiply<End::relu>(l.forward, count, x, w, bias, input(i + 1, first));
        }
      });
      if (norm) finish(moments[i], tensors[i], l.outputs);
    }
    if (norm) activate(n.layers.size() - 1, 0, images);
    multiply<End::plain>(n.output, images, space.features, weights + n.weight, weights + n.bias, space.outputs);
  }

  // Where the inputs of layer i start for the chunk that begins with image `first`.
  Real* input(size_t i, int first) const {
    if (i == n.layers.size()) return space.features + first * n.last().output_size;
    return space.inputs[i] + (n.shape.batch_norm ? 0 : first * n.layers[i].input_size);
  }

  // Makes the inputs of layer i for a chunk, from pixels or from the layer below.
  const Real* fill(const Batch& batch, size_t i, int first, int count) {
    if (i == 0)
      place_images(n.layers[0], batch, first, count, input(0, first));
    else
      activate(i - 1, first, count);
    return input(i, first);
  }

  // The next layer's input from a batch-normed layer.
  void activate(size_t i, int first, int count) {
    const Layer& l = n.layers[i];
    const bool to_features = i + 1 == n.layers.size();
    const Real* z = space.raw[i] + first * l.output_size;
    const std::vector<int>& places = to_features ? l.dense : l.bordered;
    const size_t to_image = to_features ? l.output_size : n.layers[i + 1].input_size;
    if (n.smooth())
      normalise(moments[i], l, count, z, places, input(i + 1, first), to_image,
                [&](Vector x) { return polynomial(n, x); });
    else
      normalise(moments[i], l, count, z, places, input(i + 1, first), to_image, [](Vector x) { return relu(x); });
  }

  // Gradients of a layer's inputs; with ReLU where these are positive, `mask` being the inputs.
  void multiply_back(const Product& p, int images, const Real* d, const Real* w, Real* to, const Real* mask) const {
    if (n.smooth())
      multiply<End::plain>(p, images, d, w, nullptr, to);
    else
      multiply<End::masked>(p, images, d, w, nullptr, to, mask);
  }

  void backward(const Batch& batch, int images) {
    const size_t depth = n.layers.size();
    const Real* d = space.output_gradients;
    outer(n.output_weights, images, space.features, d, gradient + n.weight, packs);
    if (tensors[depth].bias) sum_outputs(images);
    for (const Product& p : n.output_backward)
      multiply_back(p, images, d, transposed + n.transposed, space.gradients[depth - 1], space.features);
    if (n.shape.batch_norm) observe_gradients(depth - 1, 0, images);
    for (size_t i = depth; i-- > 0;)
      in_chunks(n.layers[i], images, [&](int first, int count) { backward(batch, i, first, count); });
  }

  void backward(const Batch& batch, size_t i, int first, int count) {
    const Layer& l = n.layers[i];
    const bool norm = n.shape.batch_norm;
    const Real* x = norm ? fill(batch, i, first, count) : input(i, first);
    Real* d = space.gradients[i] + first * l.gradient_size;
    if (norm)
      denormalise_gradient(moments[i], l, count, space.raw[i] + first * l.output_size, d);
    if (tensors[i].bias) sum_spots(l, count, d, gradient + l.bias);
    outer(l.weights, count, x, d, gradient + l.weight, packs);
    if (i == 0) return;
    Real* below = space.gradients[i - 1] + first * n.layers[i - 1].gradient_size;
    for (const Product& p : l.backward)
      multiply_back(p, count, d, transposed + l.transposed, below, x);
    if (norm) observe_gradients(i - 1, first, count);
  }

  void observe_gradients(size_t i, int first, int count) {
    const Layer& l = n.layers[i];
    const Real* z = space.raw[i] + first * l.output_size;
    Real* d = space.gradients[i] + first * l.gradient_size;
    if (n.smooth()) through_polynomial(n, moments[i], l, count, z, d);
    observe_gradient(moments[i], l, count, z, d);
  }

  static void sum_spots(const Layer& l, int images, const Real* d, Real* sums) {
    for (int c = 0; c < l.lanes; c += LANES) {
      Vector sum = load(sums + c);
      for (int image = 0; image < images; image++)
        for (int place : l.gradient) sum += load(d + image * l.gradient_size + place + c);
      store(sums + c, sum);
    }
  }

  void sum_outputs(int images) {
    for (int i = 0; i < images; i++)
      for (int c = 0; c < n.shape.classes; c++)
        gradient[n.bias + c] += space.output_gradients[static_cast<size_t>(i) * n.class_lanes + c];
  }

  const Tensors* of_kind(int i) const { return kept_tensors + i * (n.layers.size() + 1); }

  const Network& n;
  const int block;
  const Tensors *tensors, *kept_tensors;
  const Update& optimizer;
  Space space;
  Packs packs;
  Buffer weights, gradient, transposed;
  std::vector<Buffer> memory;  // what the optimizer keeps
  std::vector<Moments> moments;
};

}  // namespace
