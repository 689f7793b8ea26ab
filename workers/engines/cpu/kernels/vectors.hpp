// Vectors of LANES numbers, in the compiler's own vector types: one source for every instruction set and both precisions.
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
constexpr int BYTES = 64, ACCUMULATORS = 27, TILE = 8;
#elif defined(__AVX2__)
constexpr int BYTES = 32, ACCUMULATORS = 12, TILE = 6;
#else
constexpr int BYTES = 16, ACCUMULATORS = 12, TILE = 4;
#endif

typedef REAL Real;  // float or double: the build says which
typedef Real Vector __attribute__((vector_size(BYTES)));
constexpr int LANES = BYTES / sizeof(Real);

INLINE Vector load(const Real* from) { return *reinterpret_cast<const Vector*>(from); }
INLINE void store(Real* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
INLINE Vector all(Real value) { return value - Vector{}; }

// Both propagate NaN, as PyTorch does: divergence must stay visible.
INLINE Vector relu(Vector z) { return z < 0 ? Vector{} : z; }
INLINE Vector where_positive(Vector mask, Vector value) { return mask <= 0 ? Vector{} : value; }

inline int padded(int channels) { return (channels + LANES - 1) / LANES * LANES; }

constexpr size_t HUGE_PAGE = 2 << 20;

// Zeroed, aligned memory. Padding is zeroed here once and never written again.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t numbers) {
    const size_t unit = numbers * sizeof(Real) < HUGE_PAGE ? 64 : HUGE_PAGE;
    const size_t bytes = (numbers * sizeof(Real) / unit + 1) * unit;
    memory_ = static_cast<Real*>(std::aligned_alloc(unit, bytes));
    if (!memory_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (unit == HUGE_PAGE) madvise(memory_, bytes, MADV_HUGEPAGE);  // without this hint, address translation costs 5%
#endif
    std::memset(memory_, 0, bytes);
  }
  Buffer(Buffer&& other) noexcept : memory_(other.memory_) { other.memory_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept {
    Real* mine = memory_;
    memory_ = other.memory_;
    other.memory_ = mine;
    return *this;
  }
  ~Buffer() { std::free(memory_); }
  operator Real*() const { return memory_; }

 private:
  Real* memory_ = nullptr;
};

}  // namespace
