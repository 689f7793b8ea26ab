// The activation of workers/nets/polynomial.py, z/2 + p(z)/2 with an even polynomial p, and its derivative.
//
// Only behind batch norm: what goes into the activation is needed for the gradient, and batch norm keeps it.
#pragma once

#include "network.hpp"

namespace {

// By Horner's rule in z squared, from the highest power on.
INLINE Vector polynomial(const Network& n, Vector z) {
  const Vector squared = z * z;
  Vector p{};
  for (size_t k = n.terms.size(); k-- > 0;) p = p * squared + all(n.terms[k]);
  return (z + p) * Real(0.5);
}

INLINE Vector polynomial_slope(const Network& n, Vector z) {
  const Vector squared = z * z;
  Vector p{};
  for (size_t k = n.slopes.size(); k-- > 0;) p = p * squared + all(n.slopes[k]);
  return (p * z + 1) * Real(0.5);
}

// In place, for what a layer has written.
void activate_polynomial(const Network& n, const Layer& l, int images, Real* values) {
  for (int image = 0; image < images; image++)
    for (int place : l.forward.to)
      for (int c = 0; c < l.lanes; c += LANES) {
        Real* at = values + image * l.forward.to_image + place + c;
        store(at, polynomial(n, load(at)));
      }
}

}  // namespace
