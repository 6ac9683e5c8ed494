// What all kernels share of WebAssembly's SIMD instructions.

#pragma once

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <cstddef>
#include <initializer_list>

#include <wasm_simd128.h>

namespace cloche {

// A constant that the browser's compiler does not know for one: it would make it anew, in three instructions, at each use.
inline v128_t kept(v128_t constant) {
    asm("" : "+r"(constant));
    return constant;
}

// Has a value computed here, and not later where it is wanted: computed one after the other, many sums of the same numbers
// keep more of them at a time than a processor has registers.
inline void compute_now(v128_t & value) {
    asm volatile("" : "+r"(value));
}

// Has bytes come into the processor's cache together; one by one, each line of it would be waited for. What is read from one
// end to the other a processor fetches by itself.
inline void fetch(const void * from, size_t bytes) {
    constexpr size_t LINE = 64;
    for (size_t i = 0; i < bytes; i += LINE) {
        (void) *((const volatile char *) from + i);
    }
}

// Four half floats as floats; infinities and NaNs come out as large numbers. The bits of a denormal one, where a float has
// them, are a denormal float, and a product with one takes some processors as long as sixty others. Scales of K-quants are
// mostly such: they get an exponent, which makes 2^-15 more than half of them; what that gives of a normal one is larger.
inline v128_t floats(const ggml_half * halves) {
    const v128_t bits      = wasm_i32x4_shl(wasm_i32x4_load16x4(halves), 13);
    const v128_t magnitude = wasm_v128_and(bits, kept(wasm_i32x4_const_splat(0x0fffffff)));
    const v128_t given     = wasm_i32x4_add(magnitude, kept(wasm_i32x4_const_splat(112 << 23)));
    const v128_t denormal  = wasm_f32x4_add(given, wasm_f32x4_sub(given, kept(wasm_f32x4_const_splat(0x1p-14f))));
    const v128_t sign      = wasm_v128_and(bits, kept(wasm_i32x4_const_splat(INT32_MIN)));
    return wasm_v128_or(wasm_f32x4_pmin(given, denormal), sign);
}

inline v128_t floats(const float * four) {
    return wasm_v128_load(four);
}

// The same for many numbers, of which few are denormal.
inline v128_t many_floats(const ggml_half * halves) {
    const v128_t bits  = wasm_i32x4_shl(wasm_i32x4_load16x4(halves), 13);
    const v128_t small = wasm_v128_and(bits, kept(wasm_i32x4_const_splat((int32_t) 0x8fffffff)));
    return wasm_f32x4_mul(small, kept(wasm_f32x4_const_splat(0x1p112f)));
}

inline v128_t multiply_add(v128_t a, v128_t b, v128_t sum) {
#ifdef __wasm_relaxed_simd__
    return wasm_f32x4_relaxed_madd(a, b, sum);
#else
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), sum);
#endif
}

#ifdef __wasm_relaxed_simd__
// Sums, for four columns, of products of bytes with bytes of at most seven bits, four of each column at a time.
struct LongSum {
    v128_t sum;

    void   start(v128_t with = wasm_i32x4_const_splat(0)) { sum = with; }
    void   add(v128_t a, v128_t seven_bits) { sum = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, seven_bits, sum); }
    void   settle() { compute_now(sum); }
    v128_t value() const { return sum; }
};

// The same for bytes of at most four bits, where a machine makes sums of 32 bits in several steps: those of 16 bits, which
// it makes in one, are large enough for eight times four products.
struct ShortSum {
    v128_t first, sum;

    void start(v128_t with = wasm_i32x4_const_splat(0)) {
        first = with;
        sum   = wasm_i32x4_const_splat(0);
    }
    void   add(v128_t a, v128_t seven_bits) { sum = wasm_i16x8_add(sum, wasm_i16x8_relaxed_dot_i8x16_i7x16(a, seven_bits)); }
    void   settle() { compute_now(sum); }
    v128_t value() const { return wasm_i32x4_add(first, wasm_i32x4_extadd_pairwise_i16x8(sum)); }
};
#endif

// Four weights of each of four columns, in 16 bits.
struct Wide {
    v128_t low, high;  // the first two columns, the others
};

// The same on machines without that dot product, for activations in 16 bits.
struct ExactSum {
    v128_t low, high;

    void start(v128_t = wasm_i32x4_const_splat(0)) { low = high = wasm_i32x4_const_splat(0); }
    void add(v128_t a, Wide weights) {
        low  = wasm_i32x4_add(low, wasm_i32x4_dot_i16x8(weights.low, a));
        high = wasm_i32x4_add(high, wasm_i32x4_dot_i16x8(weights.high, a));
    }
    void add(v128_t a, v128_t bytes) { add(a, { wasm_i16x8_extend_low_i8x16(bytes), wasm_i16x8_extend_high_i8x16(bytes) }); }
    void settle() {
        compute_now(low);
        compute_now(high);
    }
    v128_t value() const {
        return wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
    }
};

// Lane J of four in each place.
template <int J> inline v128_t lane(v128_t x) { return wasm_i32x4_shuffle(x, x, J, J, J, J); }

// A float of this size has no room for a fraction: what is added to it is rounded to the nearest whole number, which then
// stands in its lowest bits.
constexpr float ROUND = 0x1.8p23f;

inline float total(v128_t x) {
    const v128_t pairs = wasm_f32x4_add(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(pairs, 0) + wasm_f32x4_extract_lane(pairs, 1);
}

// e^x with an error of two units in the last place, and 0 where x is less than -87, infinity from 88.4 on: the polynomial of
// upstream's other SIMD versions (ggml_v_expf in vec.h), so that models say what they say elsewhere.
inline v128_t exp_of(v128_t x) {
    const v128_t tiny   = wasm_f32x4_lt(x, wasm_f32x4_const_splat(-87));
    x                   = wasm_f32x4_pmin(wasm_f32x4_pmax(x, wasm_f32x4_const_splat(-87)), wasm_f32x4_const_splat(89));
    const v128_t bits   = multiply_add(x, wasm_f32x4_const_splat(0x1.715476p+0f), wasm_f32x4_const_splat(ROUND));
    const v128_t n      = wasm_f32x4_sub(bits, wasm_f32x4_const_splat(ROUND));
    const v128_t near   = multiply_add(n, wasm_f32x4_const_splat(-0x1.62e4p-1f), x);  // ln 2 in two parts
    const v128_t f      = multiply_add(n, wasm_f32x4_const_splat(-0x1.7f7d1cp-20f), near);
    const v128_t square = wasm_f32x4_mul(f, f);
    const v128_t high   = multiply_add(wasm_f32x4_const_splat(0x1.0e4020p-7f), f, wasm_f32x4_const_splat(0x1.573e2ep-5f));
    const v128_t middle = multiply_add(wasm_f32x4_const_splat(0x1.555e66p-3f), f, wasm_f32x4_const_splat(0x1.fffdb6p-2f));
    const v128_t low    = wasm_f32x4_mul(wasm_f32x4_const_splat(0x1.ffffecp-1f), f);
    const v128_t less_1 = multiply_add(multiply_add(high, square, middle), square, low);
    const v128_t power  = wasm_i32x4_add(wasm_i32x4_shl(bits, 23), wasm_i32x4_const_splat(127 << 23));
    return wasm_v128_andnot(wasm_f32x4_mul(wasm_f32x4_add(less_1, wasm_f32x4_const_splat(1)), power), tiny);
}

}  // namespace cloche
