// The losses of workers/losses, one example at a time: gradients for training, exact values for evaluation.
#pragma once

#include <cmath>
#include <cstdint>

namespace {

enum Loss : int32_t { CROSS_ENTROPY = 0, SQUARE = 1, EXPONENTIAL = 2 };

template <class Float>
Float largest(const Float* f, int classes, int without = -1) {
  Float top = -INFINITY;
  for (int c = 0; c < classes; c++)
    if (c != without && !(f[c] <= top)) top = f[c];
  return top;
}

// d[c] = scale * derivative of the loss by f[c]. The right class gets minus the sum of the wrong ones, which is exact
// where softmax - 1 would cancel: on examples that are fitted well.
inline void loss_gradient(int loss, const Real* f, int label, int classes, Real scale, Real* d) {
  if (loss == SQUARE) {
    for (int c = 0; c < classes; c++) d[c] = 2 * scale * (f[c] - (c == label));
    return;
  }
  const Real zero = loss == EXPONENTIAL ? f[label] : largest(f, classes);
  Real sum = 0, wrong = 0;
  for (int c = 0; c < classes; c++) sum += d[c] = std::exp(f[c] - zero);
  const Real factor = loss == EXPONENTIAL ? scale : scale / sum;
  d[label] = 0;
  for (int c = 0; c < classes; c++) wrong += d[c] *= factor;
  d[label] = -wrong;
}

// The loss of one example in float64. Cross-entropy is softplus(log-sum-exp of the wrong classes - f[label]): the
// usual form rounds to 0 in float32 once that gap reaches -17.
inline double loss_value(int loss, const Real* f, int label, int classes) {
  double sum = 0;
  if (loss == SQUARE) {
    for (int c = 0; c < classes; c++) sum += (double(f[c]) - (c == label)) * (double(f[c]) - (c == label));
    return sum;
  }
  const double zero = loss == EXPONENTIAL ? f[label] : largest(f, classes, label);
  for (int c = 0; c < classes; c++)
    if (c != label) sum += std::exp(f[c] - zero);
  if (loss == EXPONENTIAL) return sum;
  const double gap = std::log(sum) + zero - f[label];
  return (gap > 0 ? gap : 0) + std::log1p(std::exp(-std::fabs(gap)));
}

// A tie or a NaN is an error: the right class must be strictly above every other.
inline bool wrong(const Real* f, int label, int classes) {
  for (int c = 0; c < classes; c++)
    if (c != label && !(f[label] > f[c])) return true;
  return false;
}

}  // namespace
