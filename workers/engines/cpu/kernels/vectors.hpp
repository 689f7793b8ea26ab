// Vectors of LANES floats, in the compiler's own vector types: one source for every instruction set.
//
// Channels lie along the lanes. ACCUMULATORS is how many vectors may stay in registers beside the operands.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

#define UNROLL _Pragma("GCC unroll 32")
#define INLINE inline __attribute__((always_inline))

namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16, ACCUMULATORS = 27, TILE = 8;
#elif defined(__AVX2__)
constexpr int LANES = 8, ACCUMULATORS = 12, TILE = 6;
#else
constexpr int LANES = 4, ACCUMULATORS = 12, TILE = 4;
#endif

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));

INLINE Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
INLINE void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
INLINE Vector all(float value) { return value - Vector{}; }

// Both propagate NaN, as PyTorch does: divergence must stay visible.
INLINE Vector relu(Vector z) { return z < 0 ? Vector{} : z; }
INLINE Vector where_positive(Vector mask, Vector value) { return mask <= 0 ? Vector{} : value; }

inline int padded(int channels) { return (channels + LANES - 1) / LANES * LANES; }

constexpr size_t HUGE_PAGE = 2 << 20;

// Zeroed, aligned memory. Padding is zeroed here once and never written again.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t floats) {
    const size_t unit = floats * sizeof(float) < HUGE_PAGE ? 64 : HUGE_PAGE;
    const size_t bytes = (floats * sizeof(float) / unit + 1) * unit;
    memory_ = static_cast<float*>(std::aligned_alloc(unit, bytes));
    if (!memory_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (unit == HUGE_PAGE) madvise(memory_, bytes, MADV_HUGEPAGE);  // without this hint, address translation costs 5%
#endif
    std::memset(memory_, 0, bytes);
  }
  Buffer(Buffer&& other) noexcept : memory_(other.memory_) { other.memory_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept {
    float* mine = memory_;
    memory_ = other.memory_;
    other.memory_ = mine;
    return *this;
  }
  ~Buffer() { std::free(memory_); }
  operator float*() const { return memory_; }

 private:
  float* memory_ = nullptr;
};

}  // namespace
