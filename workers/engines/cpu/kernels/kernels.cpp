// Training and evaluation of one small convolutional network at the speed of the arithmetic units.
//
// The 3x3 convolutions of stride 2, their gradients, ReLU, batch norm and the output layer of workers/nets/convnet.py.
// A few images go through all layers together, so that what they leave behind stays in the caches; with batch norm,
// whose moments need the whole batch, layer follows layer. Everything is summed in a fixed order on one thread: a
// model's result depends on nothing but the model.
#include "losses.hpp"
#include "normalise.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))

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

// What up to `images` images leave behind in the layers. With batch norm that is raw outputs and gradients of the whole
// batch; inputs are made again from them, for one chunk at a time, as cheap as fetching them from afar.
struct Space {
  std::vector<Buffer> inputs, raw, gradients, moved;  // of each layer; moved: gradients of raw outputs
  Buffer features, outputs, output_gradients;

  Space(const Network& n, int images, bool training) {
    const bool norm = n.shape.batch_norm;
    for (const Layer& l : n.layers) {
      inputs.emplace_back((norm ? l.chunk() : images) * l.input_size);
      raw.emplace_back(norm ? images * l.output_size : 0);
      gradients.emplace_back(training ? images * l.gradient_size : 0);
      moved.emplace_back(norm ? l.chunk() * l.gradient_size : 0);
    }
    features = Buffer(images * static_cast<size_t>(n.features));
    outputs = Buffer(static_cast<size_t>(images) * n.class_lanes);
    output_gradients = Buffer(training ? static_cast<size_t>(images) * n.class_lanes : 0);
  }
};

// Pixels into the bordered input of the first layer, bytes as (x / 255 - 1/2) / (1/2).
void place_image(const Layer& l, const Examples& e, size_t image, float* __restrict to) {
  const int floats = l.width * l.inputs;
  for (int row = 0; row < l.height; row++) {
    const size_t from = (image * l.height + row) * floats;
    float* __restrict at = to + ((row + 1) * l.padded_columns() + 1) * l.inputs;
    if (e.bytes)
      for (int i = 0; i < floats; i++) at[i] = e.bytes[from + i] * (1 / 127.5f) - 1;
    else
      std::memcpy(at, e.floats + from, floats * sizeof(float));
  }
}

void place_images(const Layer& l, const Batch& batch, int64_t first, int count, float* to) {
  for (int i = 0; i < count; i++) place_image(l, batch.examples, batch.image(first + i), to + i * l.input_size);
}

// Calls work(first, count) for the images in groups that suit the layer.
template <class Work>
void in_chunks(const Layer& l, int images, Work work) {
  for (int first = 0; first < images; first += l.chunk())
    work(first, images - first < l.chunk() ? images - first : l.chunk());
}

class Training {
 public:
  Training(const Network& network, int batch, const Tensors* parameters, const Tensors* momentum)
      : n(network), block(n.shape.batch_norm || batch < n.block ? batch : n.block), tensors(parameters),
        velocity_tensors(momentum), space(n, block, true), weights(n.parameters), velocity(n.parameters),
        gradient(n.parameters), transposed(n.transposes) {
    pack(n, tensors, weights);
    pack(n, velocity_tensors, velocity);
    for (const Layer& l : n.layers) moments.emplace_back(l.lanes);
  }

  // One step on the examples order[0 .. batch), the gradient being the mean over them.
  void step(const Examples& examples, const int64_t* order, int64_t batch, float rate, float momentum) {
    begin();
    for (int64_t first = 0; first < batch; first += block) {
      const int images = static_cast<int>(batch - first < block ? batch - first : block);
      const Batch part{examples, order + first};
      forward(part, images);
      for (int i = 0; i < images; i++)
        loss_gradient(n.shape.loss, space.outputs + static_cast<size_t>(i) * n.class_lanes,
                      static_cast<int>(examples.labels[part.at(i)]), n.shape.classes, 1 / static_cast<float>(batch),
                      space.output_gradients + static_cast<size_t>(i) * n.class_lanes);
      backward(part, images);
    }
    descend(rate, momentum);
  }

  void finish_all() const {
    unpack(n, weights, tensors);
    unpack(n, velocity, velocity_tensors);
  }

 private:
  void begin() {
    std::memset(gradient, 0, n.parameters * sizeof(float));
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
        const float* x = norm || i == 0 ? fill(batch, i, first, count) : input(i, first);
        const float *w = weights + l.weight, *bias = weights + l.bias;
        if (norm) {
          float* z = space.raw[i] + first * l.output_size;
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
  float* input(size_t i, int first) const {
    if (i == n.layers.size()) return space.features + first * n.last().output_size;
    return space.inputs[i] + (n.shape.batch_norm ? 0 : first * n.layers[i].input_size);
  }

  // Makes the inputs of layer i for a chunk, from pixels or from the layer below.
  const float* fill(const Batch& batch, size_t i, int first, int count) {
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
    normalise(moments[i], l, count, space.raw[i] + first * l.output_size, to_features ? l.dense : l.bordered,
              input(i + 1, first), to_features ? l.output_size : n.layers[i + 1].input_size);
  }

  void backward(const Batch& batch, int images) {
    const size_t depth = n.layers.size();
    const float* d = space.output_gradients;
    outer(n.output_weights, images, space.features, d, gradient + n.weight);
    if (tensors[depth].bias) sum_outputs(images);
    for (const Product& p : n.output_backward)
      multiply<End::masked>(p, images, d, transposed + n.transposed, nullptr, space.gradients[depth - 1],
                            space.features);
    if (n.shape.batch_norm) observe_gradients(depth - 1, 0, images);
    for (size_t i = depth; i-- > 0;)
      in_chunks(n.layers[i], images, [&](int first, int count) { backward(batch, i, first, count); });
  }

  void backward(const Batch& batch, size_t i, int first, int count) {
    const Layer& l = n.layers[i];
    const bool norm = n.shape.batch_norm;
    const float *x = norm ? fill(batch, i, first, count) : input(i, first);
    const float *d = space.gradients[i] + first * l.gradient_size;
    if (norm) {
      denormalise_gradient(moments[i], l, count, space.raw[i] + first * l.output_size, d, space.moved[i]);
      d = space.moved[i];
    }
    if (tensors[i].bias) sum_spots(l, count, d, gradient + l.bias);
    outer(l.weights, count, x, d, gradient + l.weight);
    if (i == 0) return;
    float* below = space.gradients[i - 1] + first * n.layers[i - 1].gradient_size;
    for (const Product& p : l.backward)
      multiply<End::masked>(p, count, d, transposed + l.transposed, nullptr, below, x);
    if (norm) observe_gradients(i - 1, first, count);
  }

  void observe_gradients(size_t i, int first, int count) {
    const Layer& l = n.layers[i];
    observe_gradient(moments[i], l, count, space.raw[i] + first * l.output_size,
                     space.gradients[i] + first * l.gradient_size);
  }

  static void sum_spots(const Layer& l, int images, const float* d, float* sums) {
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

  // v = momentum v + gradient; w = w - rate v.
  void descend(float rate, float momentum) {
    for (size_t i = 0; i < n.parameters; i += LANES) {
      const Vector v = load(velocity + i) * momentum + load(gradient + i);
      store(velocity + i, v);
      store(weights + i, load(weights + i) - v * rate);
    }
  }

  const Network& n;
  const int block;
  const Tensors *tensors, *velocity_tensors;
  Space space;
  Buffer weights, velocity, gradient, transposed;
  std::vector<Moments> moments;
};

// The outputs of `images` images, batch norm folded into the weights.
void evaluate_block(const Network& n, Space& space, const float* weights, const Batch& batch, int64_t first,
                    int images) {
  place_images(n.layers[0], batch, first, images, space.inputs[0]);
  for (size_t i = 0; i < n.layers.size(); i++) {
    const Layer& l = n.layers[i];
    float* to = i + 1 < n.layers.size() ? space.inputs[i + 1] : space.features;
    multiply<End::relu>(l.forward, images, space.inputs[i], weights + l.weight, weights + l.bias, to);
  }
  multiply<End::plain>(n.output, images, space.features, weights + n.weight, weights + n.bias, space.outputs);
}

enum Status : int { DONE = 0, NO_MEMORY = 1 };

}  // namespace

// Which sources this was built from, so that nobody runs a library that is older than its Python.
EXPORT uint64_t sources() { return SOURCES; }

// What the processor can run: 0 baseline, 1 AVX2 with FMA, 2 AVX-512. Asked of the baseline library only.
EXPORT int level() {
#if defined(__x86_64__) || defined(__i386__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 1;
#endif
  return 0;
}

// Multiplies and adds in registers, as often as it can at once; returns the number of floating-point operations.
// The caller takes the time: this is the most that any kernel could reach here.
EXPORT double multiply_and_add(int64_t rounds, float factor) {
  constexpr int CHAINS = 12;
  Vector sum[CHAINS], last = all(0);
  UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = all(static_cast<float>(i));
  for (int64_t round = 0; round < rounds; round++) {
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * factor + all(1);
  }
  UNROLL for (int i = 0; i < CHAINS; i++) last += sum[i];
  volatile float kept = last[0];  // so that the sums are needed
  (void)kept;
  return 2.0 * CHAINS * LANES * static_cast<double>(rounds);
}

// One pass over order[0 .. count) in batches, the last of which may be short. Changes the tensors in place.
EXPORT int train(const Shape* shape, const Tensors* parameters, const Tensors* momentum, const Examples* examples,
                 const int64_t* order, int64_t count, int64_t batch, float rate, float momentum_factor) try {
  const Network network(*shape);
  Training training(network, static_cast<int>(batch < count ? batch : count), parameters, momentum);
  for (int64_t first = 0; first < count; first += batch)
    training.step(*examples, order + first, count - first < batch ? count - first : batch, rate, momentum_factor);
  training.finish_all();
  return DONE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}

// Number of errors and summed loss over `count` examples in evaluation mode; outputs (count, classes) unless null.
EXPORT int evaluate(const Shape* shape, const Tensors* parameters, const Examples* examples, int64_t count,
                    int64_t* errors, double* loss, float* outputs) try {
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
      const float* f = space.outputs + static_cast<size_t>(i) * n.class_lanes;
      if (outputs) std::memcpy(outputs + (first + i) * shape->classes, f, shape->classes * sizeof(float));
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
