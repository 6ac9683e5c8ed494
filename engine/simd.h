// What all kernels share of WebAssembly's SIMD instructions.

#pragma once

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <wasm_simd128.h>

namespace cloche {

// Four half floats as floats; infinities and NaNs come out as large numbers.
inline v128_t floats(const ggml_half * halves) {
    const v128_t bits  = wasm_u32x4_extend_low_u16x8(wasm_v128_load64_zero(halves));
    const v128_t small = wasm_i32x4_shl(wasm_v128_and(bits, wasm_i32x4_const_splat(0x7fff)), 13);
    const v128_t sign  = wasm_i32x4_shl(wasm_v128_and(bits, wasm_i32x4_const_splat(0x8000)), 16);
    return wasm_v128_or(wasm_f32x4_mul(small, wasm_f32x4_const_splat(0x1p112f)), sign);
}

inline v128_t multiply_add(v128_t a, v128_t b, v128_t sum) {
#ifdef __wasm_relaxed_simd__
    return wasm_f32x4_relaxed_madd(a, b, sum);
#else
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), sum);
#endif
}

}  // namespace cloche
