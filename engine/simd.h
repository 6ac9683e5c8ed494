// What all kernels share of WebAssembly's SIMD instructions.

#pragma once

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <initializer_list>

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

inline float total(v128_t x) {
    const v128_t pairs = wasm_f32x4_add(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(pairs, 0) + wasm_f32x4_extract_lane(pairs, 1);
}

// e^x with an error of 2e-7 of it; 0 where x is less than -87, infinity from 88.4 on.
inline v128_t exp_of(v128_t x) {
    const v128_t tiny = wasm_f32x4_lt(x, wasm_f32x4_const_splat(-87));
    x                 = wasm_f32x4_min(wasm_f32x4_max(x, wasm_f32x4_const_splat(-87)), wasm_f32x4_const_splat(89));
    const v128_t n    = wasm_f32x4_nearest(wasm_f32x4_mul(x, wasm_f32x4_const_splat(1.44269504f)));
    const v128_t near = multiply_add(n, wasm_f32x4_const_splat(-0.693359375f), x);  // ln 2 in two parts
    const v128_t f    = multiply_add(n, wasm_f32x4_const_splat(2.12194440e-4f), near);
    v128_t       sum  = wasm_f32x4_const_splat(1.0f / 720);
    for (const float factor : { 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f }) {
        sum = multiply_add(sum, f, wasm_f32x4_splat(factor));
    }
    const v128_t power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_const_splat(127)), 23);
    return wasm_v128_andnot(wasm_f32x4_mul(sum, power), tiny);
}

}  // namespace cloche
