// Cloche's matrix kernels for WebAssembly.
//
// Owns the panels that the kernels work on. A panel holds four rows of activations, ready for use with any number of
// weights; `offset` is what the weights carry to make them unsigned (see kernels.cpp).

#pragma once

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"
#include "repack.h"

#include <cstddef>
#include <cstdint>

namespace cloche {

// Four rows of one block of 32 activations.
struct Panel {
    float   scale[4];
    int32_t start[4];   // what a sum starts from: -offset * (sum of the row's quants)
    int16_t wide[128];  // quants for the exact kernel: four of row 0, four of row 1, ...
    int8_t  quants[128];
};

// How the machine's relaxed dot product treats its second operand: found once, at the first use.
enum class Dot { none, seven_bits, eight_bits_unsigned, eight_bits_signed };
Dot dot_semantics();
// For tests: makes the kernels behave as on a machine of that kind.
void set_dot_semantics(Dot dot);

// s[r * stride + c] = rows r of activations times columns c of weights, for c < 4 * column_groups and r < rows <= 4.
void multiply_q8_0(int blocks, float * s, size_t stride, const block_q8_0x4 * weights, const Panel * panel, int rows,
                   int column_groups);
void multiply_q4_0(int blocks, float * s, size_t stride, const block_q4_0x4 * weights, const Panel * panel, int rows,
                   int column_groups);

// Fills panels (one a block) from rows of quantised activations; a missing row counts as zeros.
void fill_panels(Panel * panels, const block_q8_0 * const rows[4], int blocks, int offset);
void fill_panels(Panel * panels, const block_q8_0x4 * rows, int blocks, int offset);

// What the weights of each type are offset by on this machine.
int offset_q8_0();
constexpr int offset_q4_0 = 8;

// c[r * ldc + j] = sum over k of a[j][k] * b[r][k] for four rows `a` of weights packed as [k][4] and `rows` rows of b.
void multiply_f32(int64_t k, float * c, int64_t ldc, const float * a4, const float * b, int64_t ldb, int64_t rows,
                  int columns);

}  // namespace cloche
