// The functions that Python calls: training and evaluation of one small convolutional network.
//
// The 3x3 convolutions of stride 2, their gradients, ReLU, batch norm and the output layer of workers/nets/convnet.py.
// A block of images goes through all layers together, so that its activations stay in the caches; with batch norm,
// whose moments need the whole batch, layer follows layer. Everything is summed in a fixed order on one thread: a
// model's result depends on that model alone.
#include "training.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// The outputs of `images` images, batch norm folded into the weights.
void evaluate_block(const Network& n, Space& space, const Real* weights, const Batch& batch, int64_t first,
                    int images) {
  place_images(n.layers[0], batch, first, images, space.inputs[0]);
  for (size_t i = 0; i < n.layers.size(); i++) {
    const Layer& l = n.layers[i];
    Real* to = i + 1 < n.layers.size() ? space.inputs[i + 1] : space.features;
    const Real *w = weights + l.weight, *bias = weights + l.bias;
    if (n.smooth()) {
      multiply<End::plain>(l.forward, images, space.inputs[i], w, bias, to);
      activate_polynomial(n, l, images, to);
    } else {
      multiply<End::relu>(l.forward, images, space.inputs[i], w, bias, to);
    }
  }
  multiply<End::plain>(n.output, images, space.features, weights + n.weight, weights + n.bias, space.outputs);
}

enum Status : int { DONE = 0, NO_MEMORY = 1 };

}  // namespace

// A digest of the sources that this was built from: Python refuses a library of other sources.
EXPORT uint64_t sources() { return SOURCES; }

// What the processor can run: 0 baseline, 1 AVX2 with FMA, 2 AVX-512. Called in the baseline library only.
EXPORT int level() {
#if defined(__x86_64__) || defined(__i386__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 1;
#endif
  return 0;
}

// Multiplies and adds in registers, with as many independent sums as keep the units busy; returns the number of
// floating-point operations. The caller takes the time: no kernel can be faster on this processor.
EXPORT double multiply_and_add(int64_t rounds, Real factor) {
  constexpr int CHAINS = 12;
  Vector sum[CHAINS], last = all(0);
  UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = all(static_cast<Real>(i));
  for (int64_t round = 0; round < rounds; round++) {
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * factor + all(1);
  }
  UNROLL for (int i = 0; i < CHAINS; i++) last += sum[i];
  volatile Real kept = last[0];  // or the compiler would leave the sums out
  (void)kept;
  return 2.0 * CHAINS * LANES * static_cast<double>(rounds);
}

// One pass over order[0 .. count) in batches, the last of which may be short. Changes the tensors in place.
// kept: what the optimizer keeps between steps. rates: the learning rate of every step.
EXPORT int train(const Shape* shape, const Tensors* parameters, const Tensors* kept, const Examples* examples,
                 const int64_t* order, int64_t count, int64_t batch, const double* rates, const Update* update) try {
  const Network network(*shape);
  Training training(network, static_cast<int>(batch < count ? batch : count), parameters, kept, *update);
  int64_t t = update->before;
  for (int64_t first = 0; first < count; first += batch)
    training.step(*examples, order + first, count - first < batch ? count - first : batch,
                  static_cast<Real>(*rates++), ++t);
  training.finish_all();
  return DONE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}

// Number of errors and summed loss over `count` examples in evaluation mode; outputs (count, classes) unless null.
EXPORT int evaluate(const Shape* shape, const Tensors* parameters, const Examples* examples, int64_t count,
                    int64_t* errors, double* loss, Real* outputs) try {
  Shape folded = *shape;
  folded.batch_norm = 0;
  const Network n(folded);
  Buffer weights(n.parameters);
  pack(n, parameters, weights);
  if (shape->batch_norm) fold_batch_norm(n, parameters, weights);
  Space space(n, n.block, false);
  *errors = 0, *loss = 0;
  for (int64_t first = 0; first < count; first += n.block) {
    const int images = static_cast<int>(count - first < n.block ? count - first : n.block);
    evaluate_block(n, space, weights, Batch{*examples, nullptr}, first, images);
    for (int i = 0; i < images; i++) {
      const Real* f = space.outputs + static_cast<size_t>(i) * n.class_lanes;
      if (outputs) std::memcpy(outputs + (first + i) * shape->classes, f, shape->classes * sizeof(Real));
      if (!examples->labels) continue;
      const int label = static_cast<int>(examples->labels[first + i]);
      *errors += wrong(f, label, shape->classes);
      *loss += loss_value(shape->loss, f, label, shape->classes);
    }
  }
  return DONE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}
