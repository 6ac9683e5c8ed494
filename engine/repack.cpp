// Upstream's repacked matrices, with Cloche's kernels in them.
//
// Owns which types of weights are repacked for WebAssembly and which kernels upstream's code must not define itself.
// Upstream chooses a layout by asking for the processor's features. A claim of "neon with dot products" yields the
// layout 4x4 (four rows side by side, four weights of each in turn), which is the one that kernels.cpp works on, and for
// K-quants 8x4, which is kernels_k.cpp's.

#include "ggml-backend-impl.h"
#include "ggml-cpu.h"
#include "ggml-cpu-impl.h"
#include "arch-fallback.h"

#undef ggml_quantize_mat_q8_0_4x4_generic
#undef ggml_gemv_q4_0_4x4_q8_0_generic
#undef ggml_gemv_q8_0_4x4_q8_0_generic
#undef ggml_gemm_q4_0_4x4_q8_0_generic
#undef ggml_gemm_q8_0_4x4_q8_0_generic
#undef ggml_quantize_mat_q8_K_4x4_generic
#undef ggml_gemv_q4_K_8x4_q8_K_generic
#undef ggml_gemv_q6_K_8x4_q8_K_generic
#undef ggml_gemm_q4_K_8x4_q8_K_generic
#undef ggml_gemm_q6_K_8x4_q8_K_generic

namespace {
bool kernels_exist_for(const ggml_tensor * weights) {
    switch (weights->type) {
        case GGML_TYPE_Q8_0:
        case GGML_TYPE_Q4_0:
        case GGML_TYPE_Q4_K:
        case GGML_TYPE_Q6_K: return true;
        default: return false;
    }
}
}  // namespace

#define ggml_cpu_has_neon() kernels_exist_for(cur)
#define ggml_cpu_has_dotprod() true

#include "ggml-cpu/repack.cpp"
