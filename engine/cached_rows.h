// What caches of keys and values hold, as floats.

#pragma once

#include "ggml-cpu-impl.h"
#include "simd.h"

#include <cstring>

namespace cloche {

// A half float in each place.
inline v128_t float_of(ggml_half half) {
    const ggml_half four[] = { half, half, half, half };
    return floats(four);
}

// Eight bytes as floats, times a scale.
inline void put_eight(float * to, v128_t shorts, v128_t scale) {
    wasm_v128_store(to, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(shorts)), scale));
    wasm_v128_store(to + 4, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(shorts)), scale));
}

// A row as floats.
inline void unpack_row(float * to, const ggml_half * from, int width) {
    for (int i = 0; i < width; i += 4) {
        wasm_v128_store(to + i, many_floats(from + i));
    }
}

inline void unpack_row(float * to, const block_q8_0 * from, int width) {
    for (int i = 0; i < width; i += QK8_0, from++, to += QK8_0) {
        const v128_t scale = float_of(from->d);
        for (int k = 0; k < QK8_0; k += 8) {
            put_eight(to + k, wasm_i16x8_load8x8(from->qs + k), scale);
        }
    }
}

inline void unpack_row(float * to, const block_q4_0 * from, int width) {
    for (int i = 0; i < width; i += QK4_0, from++, to += QK4_0) {
        const v128_t scale = float_of(from->d);
        const v128_t both  = wasm_v128_load(from->qs);
        const v128_t parts[] = { wasm_v128_and(both, wasm_i8x16_const_splat(15)), wasm_u8x16_shr(both, 4) };
        for (int k = 0; k < 2; k++) {
            const v128_t bytes = wasm_i8x16_sub(parts[k], wasm_i8x16_const_splat(8));
            put_eight(to + 16 * k, wasm_i16x8_extend_low_i8x16(bytes), scale);
            put_eight(to + 16 * k + 8, wasm_i16x8_extend_high_i8x16(bytes), scale);
        }
    }
}

// `count` rows as floats, and zeros up to `all` rows.
inline void unpack(float * to, const char * from, ggml_type type, size_t stride, int count, int all, int width) {
    for (int k = 0; k < count; k++, from += stride, to += width) {
        switch (type) {
            case GGML_TYPE_Q8_0: unpack_row(to, (const block_q8_0 *) from, width); break;
            case GGML_TYPE_Q4_0: unpack_row(to, (const block_q4_0 *) from, width); break;
            default: unpack_row(to, (const ggml_half *) from, width);
        }
    }
    memset(to, 0, (size_t) (all - count) * width * sizeof(float));
}

}  // namespace cloche
