// Cloche's matrix kernels for WebAssembly.
//
// Owns the panels that the kernels work on. A panel holds four rows of activations, ready for use with any number of
// weights, in bytes for the relaxed dot product and in 16 bits for the exact one.

#pragma once

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"
#include "repack.h"
#include "threads.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cloche {

// How the machine's relaxed dot product treats its second operand: found once, at the first use.
enum class Dot { none, seven_bits, eight_bits_unsigned, eight_bits_signed };
Dot dot_semantics();
// For tests: makes the kernels behave as on a machine of that kind.
void set_dot_semantics(Dot dot);

// Four rows of one block of 32 activations.
template <typename Quant> struct alignas(32) Panel {
    float   scale[4];
    int32_t start[4];     // what a sum starts from: -(what weights are offset by) * (sum of the row's quants)
    Quant   quants[128];  // four of row 0, four of row 1, ...
};

// What something was made of. Where several threads compute, it stays as it is until they meet again.
class Source {
  public:
    // Whether it is these `size` things still; if not, it is from now on.
    bool is(const void * things, size_t size) {
        const int32_t now = meeting();
        if (now != 0 && now == meeting_ && things == things_ && size == size_) {
            return true;
        }
        meeting_ = now;
        things_  = things;
        size_    = size;
        return false;
    }

  private:
    int32_t      meeting_ = 0;
    const void * things_  = nullptr;
    size_t       size_    = 0;
};

enum class WeightType { q8_0, q4_0 };

// Panels of as many fours of rows as were made room for, each of as many blocks, for one type of weights on this machine.
class Activations {
  public:
    std::vector<Panel<int8_t>>  narrow;
    std::vector<Panel<int16_t>> wide;

    void make_room(WeightType weights, size_t panels);
    bool relaxed() const { return relaxed_; }
    Source source;

    // Panels from `first` on; a missing row counts as zeros.
    void fill(size_t first, const block_q8_0 * const rows[4], int blocks);
    void fill(size_t first, const block_q8_0x4 * rows, int blocks);

  private:
    bool relaxed_ = false;
    int  offset   = 0;
    void put(size_t at, const float * scales, const int8_t * quants);
};

// How many rows are multiplied with the same weights while their panels are in the processor's second cache.
inline int rows_near(int64_t blocks) {
    return 4 * (int) std::max<int64_t>(4, (128 << 10) / (blocks * (int64_t) sizeof(Panel<int8_t>)));
}

// Groups of four columns that are multiplied together with several rows.
constexpr int GROUPS = 2;

// s[r * stride + c] = rows r of activations times columns c of weights, for c < 4 * column_groups and r < rows; the panels
// of four rows come after those of the four before.
void multiply_q8_0(int blocks, float * s, size_t stride, const block_q8_0x4 * weights, const Activations & activations,
                   int rows, int column_groups);
void multiply_q4_0(int blocks, float * s, size_t stride, const block_q4_0x4 * weights, const Activations & activations,
                   int rows, int column_groups);

// c[r * ldc + j] = sum over k of a[j][k] * b[r][k] for four rows `a` of weights packed as [k][4] and `rows` rows of b.
void multiply_f32(int64_t k, float * c, int64_t ldc, const float * a4, const float * b, int64_t ldb, int64_t rows,
                  int columns);

}  // namespace cloche
