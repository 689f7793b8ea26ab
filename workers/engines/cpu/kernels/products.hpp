// The two inner loops: a product with weights, and a sum of outer products.
//
// A convolution reads, for every output position ("spot"), a few runs of consecutive inputs; so do its data gradient
// (runs of output gradients) and the fully connected layer (a spot is a whole image). Inputs are broadcast one by one,
// outputs lie along the lanes, and a tile of TILE spots x OB blocks of lanes stays in registers.
#pragma once

#include <vector>

#include "vectors.hpp"

namespace {

// Inputs x[offset .. offset + length) of a spot meet the weight rows row .. row + length.
struct Run {
  int offset, row, length;
};

// to[spot] = end(bias + sum over runs of x * weights), for the spots of several images.
struct Product {
  std::vector<int> from, to, mask;        // where each spot reads, writes and finds its mask, within an image
  size_t from_image, to_image, mask_image;  // floats from one image to the next
  std::vector<Run> runs;
  int columns;  // of the weights, a multiple of LANES
  int rows;     // of the weights
};

// Weights and their gradients lie in panels of PANEL columns, the last of which may be LANES wide: a block of lanes
// reads consecutive memory, however many columns there are.
constexpr int PANEL = 2 * LANES;

inline int panel_width(int columns, size_t column) {
  return column / PANEL * PANEL + PANEL <= static_cast<size_t>(columns) ? PANEL : LANES;
}

// Where the number in this row and column is.
inline size_t in_panels(size_t rows, int columns, size_t row, size_t column) {
  const size_t first = column / PANEL * PANEL;
  return first * rows + row * panel_width(columns, column) + (column - first);
}

enum class End { plain, relu, masked };

// Iterates over the spots of all images in order; stays at the last one, so that a short tile computes it repeatedly.
struct Walk {
  const Product& p;
  const Real* from;
  Real* to;
  const Real* mask;
  size_t left;
  int spot = 0;

  INLINE void next() {
    if (--left == 0) {
      left = 1;
    } else if (++spot == static_cast<int>(p.from.size())) {
      spot = 0;
      from += p.from_image, to += p.to_image, mask += p.mask_image;
    }
  }
};

template <int OB>
INLINE void accumulate(Vector (&sum)[TILE][OB], const Real* const (&x)[TILE], const Product& p, const Real* weights) {
  constexpr ptrdiff_t columns = OB * LANES;
  for (const Run& run : p.runs) {
    const Real* w = weights + run.row * columns;
    for (ptrdiff_t k = run.offset, end = run.offset + run.length; k < end; k++, w += columns) {
      Vector row[OB];
      UNROLL for (int o = 0; o < OB; o++) row[o] = load(w + o * LANES);
      UNROLL for (int t = 0; t < TILE; t++) {
        UNROLL for (int o = 0; o < OB; o++) sum[t][o] += x[t][k] * row[o];
      }
    }
  }
}

template <End END, int OB>
void multiply_block(const Product& p, int images, const Real* from, const Real* weights, const Real* bias, Real* to,
                    const Real* mask) {
  const size_t total = images * p.from.size();
  Walk walk{p, from, to, mask, total};
  for (size_t first = 0; first < total; first += TILE) {
    const Real *x[TILE], *m[TILE];
    Real* y[TILE];
    for (int t = 0; t < TILE; t++, walk.next()) {
      x[t] = walk.from + p.from[walk.spot];
      y[t] = walk.to + p.to[walk.spot];
      if (END == End::masked) m[t] = walk.mask + p.mask[walk.spot];
    }
    Vector sum[TILE][OB];
    UNROLL for (int o = 0; o < OB; o++) {
      Vector start = bias ? load(bias + o * LANES) : Vector{};
      UNROLL for (int t = 0; t < TILE; t++) sum[t][o] = start;
    }
    accumulate(sum, x, p, weights);
    UNROLL for (int t = 0; t < TILE; t++) {
      UNROLL for (int o = 0; o < OB; o++) {
        Vector value = sum[t][o];
        if (END == End::relu) value = relu(value);
        if (END == End::masked) value = where_positive(load(m[t] + o * LANES), value);
        store(y[t] + o * LANES, value);
      }
    }
  }
}

// Blocks of lanes are the outermost loop: a block's weights stay in the cache for all spots.
template <End END>
void multiply(const Product& p, int images, const Real* from, const Real* weights, const Real* bias, Real* to,
              const Real* mask = nullptr) {
  if (p.from.empty()) return;
  int c = 0;
  for (; c + PANEL <= p.columns; c += PANEL)
    multiply_block<END, 2>(p, images, from, weights + static_cast<size_t>(c) * p.rows, bias ? bias + c : nullptr, to + c,
                            mask ? mask + c : nullptr);
  if (c < p.columns)
    multiply_block<END, 1>(p, images, from, weights + static_cast<size_t>(c) * p.rows, bias ? bias + c : nullptr, to + c,
                            mask ? mask + c : nullptr);
}

// sums[row + k] += x[spot][offset + k] * g[spot], over a grid of images x rows x columns of spots.
struct Outer {
  int rows, columns;                          // of spots in an image
  size_t x_image, x_row, x_column;            // floats from one to the next
  size_t g_image, g_row, g_column;
  std::vector<Run> runs;                      // all of one length
  int lanes;                                  // columns of the sums, a multiple of LANES
  int sum_rows;                               // rows of the sums, which lie in panels
};

// TI consecutive inputs of each of TAPS runs, OB blocks of lanes.
template <int TAPS, int TI, int OB>
void outer_tile(const Outer& o, int images, const Real* x, const Real* g, const Run* runs, int input, Real* sums) {
  const Real* from[TAPS];
  Real* to[TAPS];
  Vector sum[TAPS][TI][OB];
  UNROLL for (int tap = 0; tap < TAPS; tap++) {
    from[tap] = x + runs[tap].offset + input;
    to[tap] = sums + static_cast<ptrdiff_t>(runs[tap].row + input) * (OB * LANES);
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int b = 0; b < OB; b++) sum[tap][i][b] = load(to[tap] + (i * OB + b) * LANES);
    }
  }
  for (int image = 0; image < images; image++) {
    for (int row = 0; row < o.rows; row++) {
      const Real* gradient = g + image * o.g_image + row * o.g_row;
      ptrdiff_t at = image * o.x_image + row * o.x_row;
      for (int column = 0; column < o.columns; column++, at += o.x_column, gradient += o.g_column) {
        Vector value[OB];
        UNROLL for (int b = 0; b < OB; b++) value[b] = load(gradient + b * LANES);
        UNROLL for (int tap = 0; tap < TAPS; tap++) {
          UNROLL for (int i = 0; i < TI; i++) {
            UNROLL for (int b = 0; b < OB; b++) sum[tap][i][b] += from[tap][at + i] * value[b];
          }
        }
      }
    }
  }
  UNROLL for (int tap = 0; tap < TAPS; tap++) {
    UNROLL for (int i = 0; i < TI; i++) {
      UNROLL for (int b = 0; b < OB; b++) store(to[tap] + (i * OB + b) * LANES, sum[tap][i][b]);
    }
  }
}

// As many taps at once as registers allow: with few inputs, one tap has too few independent sums to hide latency.
template <int TI, int OB>
void outer_inputs(const Outer& o, int images, const Real* x, const Real* g, int input, Real* sums) {
  const int runs = static_cast<int>(o.runs.size());
  int r = 0;
  if constexpr (9 * TI * OB <= ACCUMULATORS)
    for (; r + 9 <= runs; r += 9) outer_tile<9, TI, OB>(o, images, x, g, &o.runs[r], input, sums);
  if constexpr (3 * TI * OB <= ACCUMULATORS)
    for (; r + 3 <= runs; r += 3) outer_tile<3, TI, OB>(o, images, x, g, &o.runs[r], input, sums);
  for (; r < runs; r++) outer_tile<1, TI, OB>(o, images, x, g, &o.runs[r], input, sums);
}

template <int TI, int OB>
int outer_while(const Outer& o, int images, const Real* x, const Real* g, int input, Real* sums) {
  if constexpr (TI * OB <= ACCUMULATORS)
    for (; input + TI <= o.runs[0].length; input += TI) outer_inputs<TI, OB>(o, images, x, g, input, sums);
  return input;
}

template <int OB>
void outer_block(const Outer& o, int images, const Real* x, const Real* g, Real* sums) {
  int i = 0;
  i = outer_while<16, OB>(o, images, x, g, i, sums);
  i = outer_while<9, OB>(o, images, x, g, i, sums);
  i = outer_while<8, OB>(o, images, x, g, i, sums);
  i = outer_while<4, OB>(o, images, x, g, i, sums);
  i = outer_while<3, OB>(o, images, x, g, i, sums);
  i = outer_while<2, OB>(o, images, x, g, i, sums);
  outer_while<1, OB>(o, images, x, g, i, sums);
}

// Both sides of wide sums are packed: what strides of a KiB and more apart would throw each other out of the cache.
constexpr int WIDE = 128;                     // lanes from which packing pays
constexpr int PACKED = ACCUMULATORS / 4 * 2;  // inputs of a tile, two blocks of lanes wide

struct Packs {
  Buffer inputs, gradients;  // (spots, PACKED), and (panels, spots, panel)
};

inline bool packable(const Outer& o) {
  return o.lanes >= WIDE && o.runs[0].length % PACKED == 0 && o.rows * o.columns > 1;
}

template <int OB>
void packed_tile(const Real* x, const Real* g, int spots, Real* to) {
  Vector sum[PACKED][OB];
  UNROLL for (int i = 0; i < PACKED; i++) {
    UNROLL for (int b = 0; b < OB; b++) sum[i][b] = load(to + (i * OB + b) * LANES);
  }
  for (int s = 0; s < spots; s++, x += PACKED, g += OB * LANES) {
    Vector value[OB];
    UNROLL for (int b = 0; b < OB; b++) value[b] = load(g + b * LANES);
    UNROLL for (int i = 0; i < PACKED; i++) {
      UNROLL for (int b = 0; b < OB; b++) sum[i][b] += x[i] * value[b];
    }
  }
  UNROLL for (int i = 0; i < PACKED; i++) {
    UNROLL for (int b = 0; b < OB; b++) store(to + (i * OB + b) * LANES, sum[i][b]);
  }
}

// Calls visit(offset in x, offset in g) for all spots in order.
template <class Visit>
INLINE void each_spot(const Outer& o, int images, Visit visit) {
  for (int image = 0; image < images; image++)
    for (int row = 0; row < o.rows; row++)
      for (int column = 0; column < o.columns; column++)
        visit(image * o.x_image + row * o.x_row + column * o.x_column,
              image * o.g_image + row * o.g_row + column * o.g_column);
}

void pack_gradients(const Outer& o, int images, const Real* g, Real* to) {
  for (int c = 0; c < o.lanes; c += PANEL) {
    const int width = panel_width(o.lanes, c);
    each_spot(o, images, [&](size_t, size_t at) {
      for (int b = 0; b < width; b += LANES, to += LANES) store(to, load(g + at + c + b));
    });
  }
}

void outer_packed(const Outer& o, int images, const Real* x, const Real* g, Real* sums, const Packs& packs) {
  const int spots = images * o.rows * o.columns;
  pack_gradients(o, images, g, packs.gradients);
  for (const Run& run : o.runs)
    for (int input = 0; input < run.length; input += PACKED) {
      Real* to = packs.inputs;
      each_spot(o, images, [&](size_t at, size_t) {
        std::memcpy(to, x + at + run.offset + input, PACKED * sizeof(Real));
        to += PACKED;
      });
      for (int c = 0; c < o.lanes; c += PANEL) {
        const Real* part = packs.gradients + static_cast<size_t>(c) * spots;
        Real* place = sums + in_panels(o.sum_rows, o.lanes, run.row + input, c);
        if (panel_width(o.lanes, c) == PANEL)
          packed_tile<2>(packs.inputs, part, spots, place);
        else
          packed_tile<1>(packs.inputs, part, spots, place);
      }
    }
}

void outer(const Outer& o, int images, const Real* x, const Real* g, Real* sums, const Packs& packs) {
  if (packable(o)) return outer_packed(o, images, x, g, sums, packs);
  int c = 0;
  for (; c + PANEL <= o.lanes; c += PANEL)
    outer_block<2>(o, images, x, g + c, sums + static_cast<size_t>(c) * o.sum_rows);
  if (c < o.lanes) outer_block<1>(o, images, x, g + c, sums + static_cast<size_t>(c) * o.sum_rows);
}

}  // namespace
