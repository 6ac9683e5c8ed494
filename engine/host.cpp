#include "host.h"

#include "ggml-cpu.h"
#include "ggml.h"
#include "llama-batch.h"
#include "llama.h"
#include "missing.h"
#include "mtmd.h"
#include "threads.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

struct common_sampler;

extern "C" {

// Given by the page: not 0 when the running request is to end, 2 when the engine is.
__attribute__((import_module("cloche"), import_name("stop"))) int cloche_stop(void);

ggml_backend_t __real_ggml_backend_dev_init(ggml_backend_dev_t device, const char * params);
int32_t        __real_llama_process(llama_context * context, llama_process_type type, llama_batch_ext * batch);
int32_t        __real_mtmd_batch_encode(mtmd_batch * batch);
int32_t        __real_mtmd_tokenize(const mtmd_context *, mtmd_input_chunks *, const mtmd_input_text *,
                                    const mtmd_bitmap * const *, size_t);
// llama_token common_sampler_sample(common_sampler *, llama_context *, int, bool)
llama_token    __real__Z21common_sampler_sampleP14common_samplerP13llama_contextib(common_sampler *, llama_context *, int,
                                                                                  bool);

// Calls of upstream's that pass through here (the linker's --wrap).

static bool given_up = false;

static bool interrupted() {
    given_up = given_up || cloche_stop() != 0;
    return given_up;
}

static int32_t tokens_in_work = 0;

int32_t __wrap_llama_process(llama_context * context, llama_process_type type, llama_batch_ext * batch) {
    tokens_in_work = (int32_t) batch->tokens.size();
    // A single token is little work: what is too little for more threads depends on the model.
    const double width = llama_model_n_embd(llama_get_model(context));
    cloche::expect_products(tokens_in_work > 1 ? cloche::PRODUCTS_OF_A_BATCH
                                               : std::min(width * width, cloche::PRODUCTS_OF_A_BATCH));
    const int32_t result = __real_llama_process(context, type, batch);
    tokens_in_work       = 0;
    return result;
}

// The vision encoder has a backend of its own that nobody else can reach.
ggml_backend_t __wrap_ggml_backend_dev_init(ggml_backend_dev_t device, const char * params) {
    ggml_backend_t backend = __real_ggml_backend_dev_init(device, params);
    if (backend && ggml_backend_is_cpu(backend)) {
        ggml_backend_cpu_set_abort_callback(backend, [](void *) { return interrupted(); }, nullptr);
    }
    return backend;
}

static double encoder_ms = 0;

int32_t __wrap_mtmd_batch_encode(mtmd_batch * batch) {
    cloche::expect_products(cloche::PRODUCTS_OF_A_BATCH);
    const int64_t started = ggml_time_us();
    const int32_t result  = __real_mtmd_batch_encode(batch);
    encoder_ms += (double) (ggml_time_us() - started) / 1000;
    return result;
}

static int image_tokens = 0;

int32_t __wrap_mtmd_tokenize(const mtmd_context * context, mtmd_input_chunks * chunks, const mtmd_input_text * text,
                             const mtmd_bitmap * const * bitmaps, size_t count) {
    const int32_t result = __real_mtmd_tokenize(context, chunks, text, bitmaps, count);
    image_tokens         = 0;
    for (size_t i = 0; result == 0 && i < mtmd_input_chunks_size(chunks); i++) {
        const mtmd_input_chunk * chunk = mtmd_input_chunks_get(chunks, i);
        if (mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_IMAGE) {
            image_tokens += (int) mtmd_input_chunk_get_n_tokens(chunk);
        }
    }
    return result;
}

// Upstream's chunks of an answer leave out tokens that only begin a character.
static std::vector<int> chosen;

llama_token __wrap__Z21common_sampler_sampleP14common_samplerP13llama_contextib(common_sampler * sampler,
                                                                               llama_context * context, int index,
                                                                               bool grammar_first) {
    chosen.push_back(__real__Z21common_sampler_sampleP14common_samplerP13llama_contextib(sampler, context, index,
                                                                                          grammar_first));
    return chosen.back();
}

// The page calls this once, before anything else.
void __wasm_call_ctors(void);
__attribute__((export_name("_initialize"))) void _initialize(void) { __wasm_call_ctors(); }

// What a thrown C++ exception carries: its address. Compilers leave this to the C library; WASI's has none.
asm(".tagtype __cpp_exception i32\n.globl __cpp_exception\n__cpp_exception:\n");

// What WASI's C library lacks and nobody calls to any purpose.

int          setpriority(int, unsigned, int) { return 0; }
unsigned     getuid(void) { return 0; }
passwd *     getpwuid(unsigned) { return nullptr; }
int          pipe(int *) {
    errno = ENOSYS;
    return -1;
}

// One thread, which never ends: destructors of its variables never run.
int __cxa_thread_atexit(void (*)(void *), void *, void *) { return 0; }
}

namespace cloche {

bool was_interrupted() {
    return std::exchange(given_up, false);
}

static std::string failed;

void throw_failed_assertions() {
    ggml_set_abort_callback([](const char * message) {
        failed = message;
        throw std::runtime_error(message);
    });
}

const char * failed_assertion() {
    return failed.c_str();
}

void log(ggml_log_level level, const char * text) {
    if (level < GGML_LOG_LEVEL_WARN || level > GGML_LOG_LEVEL_ERROR) {
        return;
    }
    const size_t length = strlen(text);
    fprintf(stderr, "%s %s%s", level == GGML_LOG_LEVEL_ERROR ? "error" : "warn", text,
            length > 0 && text[length - 1] == '\n' ? "" : "\n");
}

double encoder_milliseconds() {
    return encoder_ms;
}

int image_tokens_of_prompt() {
    return image_tokens;
}

std::vector<int> take_chosen_tokens() {
    return std::exchange(chosen, {});
}

void make_interruptible(llama_context * context) {
    llama_set_abort_callback(context, [](void *) { return tokens_in_work > 1 && interrupted(); }, nullptr);
}

}  // namespace cloche
