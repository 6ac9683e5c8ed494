// What a model computes between its matrices, number by number, on WebAssembly's SIMD instructions.
//
// Owns softmax, SiLU, SwiGLU, GELU and GEGLU of floats, whose plain C takes them one by one; what is rarer goes on to
// upstream's own. It is compiled twice, with relaxed SIMD and without.

#include "simd.h"

#include "ggml-cpu-impl.h"
#include "ops.h"
#include "vec.h"

#include <algorithm>
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

// The bits of the half floats nearest to four floats of less than 65,520 (as ggml_compute_fp32_to_fp16).
v128_t half_bits(v128_t x) {
    const v128_t size     = wasm_f32x4_mul(wasm_f32x4_abs(x), wasm_f32x4_const_splat(0x1p112f));
    const v128_t exponent = wasm_v128_and(wasm_i32x4_shl(x, 1), wasm_u32x4_const_splat(0xff000000));
    const v128_t rounding = wasm_u32x4_shr(wasm_u32x4_max(exponent, wasm_u32x4_const_splat(0x71000000)), 1);
    const v128_t base     = wasm_f32x4_add(wasm_i32x4_add(rounding, wasm_i32x4_const_splat(0x07800000)),
                                           wasm_f32x4_mul(size, wasm_f32x4_const_splat(0x1p-110f)));
    const v128_t bits     = wasm_i32x4_add(wasm_v128_and(wasm_u32x4_shr(base, 13), wasm_i32x4_const_splat(0x7c00)),
                                           wasm_v128_and(base, wasm_i32x4_const_splat(0x0fff)));
    return wasm_v128_or(bits, wasm_v128_and(wasm_u32x4_shr(x, 16), wasm_i32x4_const_splat(0x8000)));
}

// GELU out of one of upstream's tables of half floats, so that models say what they say elsewhere.
v128_t gelu(v128_t x, const ggml_fp16_t * table) {
    const v128_t    at      = half_bits(x);
    const ggml_half found[] = { table[wasm_u32x4_extract_lane(at, 0)], table[wasm_u32x4_extract_lane(at, 1)],
                                table[wasm_u32x4_extract_lane(at, 2)], table[wasm_u32x4_extract_lane(at, 3)] };
    const v128_t    within  = wasm_f32x4_lt(wasm_f32x4_abs(x), wasm_f32x4_const_splat(10));
    return wasm_v128_bitselect(cloche::floats(found), wasm_f32x4_max(x, wasm_f32x4_const_splat(0)), within);
}

void gelu_all(int count, float * y, const float * x, const ggml_fp16_t * table) {
    change_all(count, y, x, x, 0, [table](v128_t values, v128_t) { return gelu(values, table); });
}

void geglu_all(int count, float * y, const float * x, const float * g) {
    change_all(count, y, x, g, 0, [](v128_t values, v128_t gates) {
        return wasm_f32x4_mul(gelu(values, ggml_table_gelu_f16), gates);
    });
}

// Calls `work` with the first of this thread's share and with how many there are.
template <typename Work> void in_shares(const ggml_compute_params * params, int64_t all, int64_t step, Work work) {
    const int64_t share = (all + step * params->nth - 1) / (step * params->nth) * step;
    const int64_t first = std::min(all, share * params->ith);
    work(first, std::min(share, all - first));
}

}  // namespace

extern "C" {
void __real_ggml_compute_forward_unary(const ggml_compute_params * params, ggml_tensor * result);
void __real_ggml_compute_forward_glu(const ggml_compute_params * params, ggml_tensor * result);

void __wrap_ggml_compute_forward_unary(const ggml_compute_params * params, ggml_tensor * result) {
    const ggml_tensor & x = *result->src[0];
    const bool flat = x.type == GGML_TYPE_F32 && ggml_is_contiguous(&x) && ggml_is_contiguous(result);
    const ggml_unary_op op = ggml_get_unary_op(result);
    if (!flat || (op != GGML_UNARY_OP_GELU && op != GGML_UNARY_OP_GELU_QUICK)) {
        __real_ggml_compute_forward_unary(params, result);
        return;
    }
    const ggml_fp16_t * table = op == GGML_UNARY_OP_GELU ? ggml_table_gelu_f16 : ggml_table_gelu_quick_f16;
    in_shares(params, ggml_nelements(result), 4, [&](int64_t first, int64_t count) {
        gelu_all((int) count, (float *) result->data + first, (const float *) x.data + first, table);
    });
}

// Of two tensors, or of the halves of one's rows.
void __wrap_ggml_compute_forward_glu(const ggml_compute_params * params, ggml_tensor * result) {
    const ggml_tensor & x = *result->src[0];
    if (x.type != GGML_TYPE_F32 || ggml_get_glu_op(result) != GGML_GLU_OP_GEGLU) {
        __real_ggml_compute_forward_glu(params, result);
        return;
    }
    const ggml_tensor & g       = result->src[1] ? *result->src[1] : x;
    const int           width   = (int) result->ne[0];
    const bool          swapped = ggml_get_op_params_i32(result, 1);
    const int           x_from = &g == &x && swapped ? width : 0, g_from = &g == &x && !swapped ? width : 0;
    in_shares(params, ggml_nrows(result), 1, [&](int64_t first, int64_t count) {
        for (int64_t row = first; row < first + count; row++) {
            const auto at = [row](const ggml_tensor & from) { return (float *) ((char *) from.data + row * from.nb[1]); };
            geglu_all(width, at(*result), at(x) + x_from, at(g) + g_from);
        }
    });
}

// For tests, as two threads do it, y [width, rows]: GELU of x (form 0), by the quick approximation (1), times g (2), of the
// first half of each row of x times the second (3), or of the second times the first (4).
__attribute__((export_name("cloche_gelu"))) void cloche_gelu(int form, int width, int rows, float * y, float * x, float * g) {
    const auto tensor = [rows](float * data, int64_t row) {
        ggml_tensor made{};
        made.type = GGML_TYPE_F32;
        made.data = data;
        const int64_t ne[] = { row, rows, 1, 1 };
        const size_t  nb[] = { 4, 4 * (size_t) row, 4 * (size_t) (row * rows), 4 * (size_t) (row * rows) };
        memcpy(made.ne, ne, sizeof(ne));
        memcpy(made.nb, nb, sizeof(nb));
        return made;
    };
    ggml_tensor from = tensor(x, form > 2 ? 2 * width : width), gates = tensor(g, width), made = tensor(y, width);
    made.src[0]       = &from;
    made.src[1]       = form == 2 ? &gates : nullptr;
    made.op           = form < 2 ? GGML_OP_UNARY : GGML_OP_GLU;
    made.op_params[0] = form == 0 ? GGML_UNARY_OP_GELU : form == 1 ? GGML_UNARY_OP_GELU_QUICK : GGML_GLU_OP_GEGLU;
    made.op_params[1] = form == 4;
    ggml_compute_params params{};
    params.nth = 2;
    for (params.ith = 0; params.ith < params.nth; params.ith++) {
        (form < 2 ? __wrap_ggml_compute_forward_unary : __wrap_ggml_compute_forward_glu)(&params, &made);
    }
}

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
