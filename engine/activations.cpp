// What a model computes between its matrices with e^x, on WebAssembly's SIMD instructions.
//
// Owns softmax, SiLU and SwiGLU of rows of floats under upstream's names, whose plain C takes them one by one. It is
// compiled twice, with relaxed SIMD and without.

#include "simd.h"

#include "vec.h"

#include <cmath>
#include <cstring>

namespace {

// y = change(x, g), four at a time; the last four are filled up with `rest` where there are fewer.
template <typename Change>
void change_all(int count, float * y, const float * x, const float * g, float rest, Change change) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        wasm_v128_store(y + i, change(wasm_v128_load(x + i), wasm_v128_load(g + i)));
    }
    if (i < count) {
        float a[4] = { rest, rest, rest, rest }, b[4] = {};
        memcpy(a, x + i, (count - i) * sizeof(float));
        memcpy(b, g + i, (count - i) * sizeof(float));
        wasm_v128_store(a, change(wasm_v128_load(a), wasm_v128_load(b)));
        memcpy(y + i, a, (count - i) * sizeof(float));
    }
}

v128_t silu(v128_t x) {
    return wasm_f32x4_div(x, wasm_f32x4_add(wasm_f32x4_const_splat(1), cloche::exp_of(wasm_f32x4_neg(x))));
}

}  // namespace

extern "C" {

// y = e^(x - max); the sum of y.
ggml_float __wrap_ggml_vec_soft_max_f32(const int n, float * y, const float * x, float max) {
    v128_t sum = wasm_f64x2_const_splat(0);
    change_all(n, y, x, x, -INFINITY, [&](v128_t values, v128_t) {
        const v128_t powers = cloche::exp_of(wasm_f32x4_sub(values, wasm_f32x4_splat(max)));
        const v128_t others = wasm_i32x4_shuffle(powers, powers, 2, 3, 0, 1);
        sum                 = wasm_f64x2_add(sum, wasm_f64x2_promote_low_f32x4(powers));
        sum                 = wasm_f64x2_add(sum, wasm_f64x2_promote_low_f32x4(others));
        return powers;
    });
    return wasm_f64x2_extract_lane(sum, 0) + wasm_f64x2_extract_lane(sum, 1);
}

void __wrap_ggml_vec_silu_f32(const int n, float * y, const float * x) {
    change_all(n, y, x, x, 0, [](v128_t values, v128_t) { return silu(values); });
}

void __wrap_ggml_vec_swiglu_f32(const int n, float * y, const float * x, const float * g) {
    change_all(n, y, x, g, 0, [](v128_t values, v128_t gates) { return wasm_f32x4_mul(silu(values), gates); });
}
}
