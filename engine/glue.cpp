// The engine as the page's worker calls it.
//
// Owns the exported functions. Each takes a request as JSON in the buffer that `cloche_input` gives, and leaves an answer
// as JSON where `cloche_output` says; what fails is an answer {"error": {"message": ...}}, never an exception. Chat
// requests and their results have the shape of llama.cpp's server, which is OpenAI's. One model, one request at a time.

#include "host.h"

#include "server-common.h"
#include "server-context.h"
#include "server-queue.h"
#include "server-schema.h"

#include "json.h"

#include <memory>
#include <string>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

std::string input;
std::string output;

struct Engine {
    common_params                                      params;
    server_context                                     context;
    std::unique_ptr<server_context_meta>               meta;
    std::unique_ptr<server_response_reader>            running;
    const llama_vocab *                                vocab = nullptr;
    double                                             encoder_ms_before = 0;
};

std::unique_ptr<Engine> engine;

const char * answer(const json & value) {
    output = value.dump();
    return output.c_str();
}

const char * failure(const std::string & message) {
    return answer(json{ { "error", json{ { "message", message } } } });
}

template <typename Work> const char * guarded(Work && work) {
    try {
        return work();
    } catch (const std::exception & error) {
        return failure(error.what());
    }
}

ggml_type cache_type(const std::string & name) {
    for (const ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q5_1, GGML_TYPE_Q5_0,
                                  GGML_TYPE_Q4_1, GGML_TYPE_Q4_0 }) {
        if (name == ggml_type_name(type)) {
            return type;
        }
    }
    throw std::runtime_error("there is no cache of type " + name);
}

// Drops what was read. After an error in the middle of a computation, the server's list of tokens that were read is
// longer than what the model remembers.
void forget(Engine & it) {
    auto        reader = it.context.get_response_reader();
    server_task task(SERVER_TASK_TYPE_SLOT_ERASE);
    task.id                  = reader.get_new_id();
    task.slot_action.id_slot = 0;
    reader.post_task(std::move(task));
    it.context.start_loop();
    reader.next([] { return false; });
}

Engine & loaded() {
    if (!engine) {
        throw std::runtime_error("no model is loaded");
    }
    return *engine;
}

}  // namespace

// Room for a request of `size` bytes.
EXPORT(cloche_input) char * cloche_input(size_t size) {
    input.resize(size);
    return input.data();
}

EXPORT(cloche_output_size) size_t cloche_output_size() {
    return output.size();
}

// {"weights": path, "projector": path or "", "adapters": [paths], "adapter_scale", "context_window": tokens, "cache_type":
// "f16" or the like, "threads", "batch": tokens of one step} -> {"context_window", "images"}
EXPORT(cloche_load) const char * cloche_load() {
    return guarded([&]() -> const char * {
        const json request = json::parse(input);
        engine             = nullptr;
        auto fresh         = std::make_unique<Engine>();
        auto & params      = fresh->params;
        llama_backend_init();
        llama_log_set(common_log_default_callback, nullptr);
        params.model.path                = request.at("weights").get<std::string>();
        params.mmproj.path               = request.at("projector").get<std::string>();
        params.n_ctx                     = request.at("context_window").get<int>();
        params.n_batch                   = request.at("batch").get<int>();
        params.n_ubatch                  = params.n_batch;
        params.cpuparams.n_threads       = request.at("threads").get<int>();
        params.cpuparams_batch.n_threads = params.cpuparams.n_threads;
        params.n_parallel                = 1;
        params.load_mode                 = LLAMA_LOAD_MODE_NONE;
        params.fit_params                = false;
        params.warmup                    = false;
        params.mmproj_use_gpu            = false;
        // The prompts of others are not kept beside the running one, which goes on in its slot: a camera that is watched
        // leaves one behind at every frame, with its picture, which upstream's limit does not count.
        params.cache_ram_mib             = 0;
        params.cache_idle_slots          = false;
        params.cache_type_k = params.cache_type_v = cache_type(request.at("cache_type").get<std::string>());
        const json adapters                       = request.at("adapters");
        for (size_t i = 0; i < adapters.size(); i++) {
            common_adapter_lora_info adapter;
            adapter.path  = adapters.at(i).get<std::string>();
            adapter.scale = request.at("adapter_scale").get<float>();
            params.lora_adapters.push_back(adapter);
        }
        if (!fresh->context.load_model(params)) {
            return failure("the engine refused the files");
        }
        llama_context * context = fresh->context.get_llama_context();
        fresh->vocab            = llama_model_get_vocab(llama_get_model(context));
        fresh->meta             = std::make_unique<server_context_meta>(fresh->context.get_meta());
        cloche::make_interruptible(context);
        engine = std::move(fresh);
        return answer(json{
            { "context_window", engine->meta->slot_n_ctx },
            { "images", engine->meta->has_inp_image },
        });
    });
}

// Begins a chat completion: OpenAI's request -> {}. Pictures are data URLs.
EXPORT(cloche_chat) const char * cloche_chat() {
    return guarded([&]() -> const char * {
        Engine & it   = loaded();
        json     body = json::parse(input);
        std::vector<raw_buffer> pictures;
        const json parsed = oaicompat_chat_params_parse(body, it.meta->chat_params, pictures);

        auto        reader = std::make_unique<server_response_reader>(it.context.get_response_reader());
        server_task task(SERVER_TASK_TYPE_COMPLETION);
        task.id              = reader->get_new_id();
        task.params          = server_schema::eval_llama_cmpl_schema(it.vocab, it.params, it.meta->logit_bias_eog, parsed);
        task.params.res_type = TASK_RESPONSE_TYPE_OAI_CHAT;
        task.params.oaicompat_cmpl_id = gen_chatcmplid();
        task.params.oaicompat_model   = "model";
        task.cli                      = true;
        task.cli_prompt               = parsed.at("prompt").get<std::string>();
        task.cli_files                = std::move(pictures);
        reader->post_task(std::move(task));
        it.running           = std::move(reader);
        it.encoder_ms_before = cloche::encoder_milliseconds();
        return answer(json::object());
    });
}

// Computes one batch or one token -> {"chunks": [what came of it], "tokens": [their ids], "done", "image_ms",
// "image_tokens"}
EXPORT(cloche_step) const char * cloche_step() {
    return guarded([&]() -> const char * {
        Engine & it     = loaded();
        json     chunks = json::array();
        json     tokens = json::array();
        if (it.running) {
            it.context.start_loop();
            while (auto result = it.running->next([] { return false; })) {
                if (result->is_error()) {
                    const json error = result->to_json();
                    it.running       = nullptr;
                    forget(it);
                    return answer(json{ { "error", error } });
                }
                if (const auto * partial = dynamic_cast<server_task_result_cmpl_partial *>(result.get())) {
                    for (const llama_token token : partial->tokens) {
                        tokens.push_back(token);
                    }
                }
                // A list where several chunks go together, null where there is nothing to tell.
                const json told = result->to_json();
                for (size_t i = 0; told.is_array() && i < told.size(); i++) {
                    chunks.push_back(told.at(i));
                }
                if (told.is_object()) {
                    chunks.push_back(told);
                }
            }
        }
        const bool done = !it.running || !it.running->has_next();
        if (done) {
            it.running = nullptr;
        }
        return answer(json{
            { "chunks", chunks },
            { "tokens", tokens },
            { "done", done },
            { "image_ms", cloche::encoder_milliseconds() - it.encoder_ms_before },
            { "image_tokens", cloche::image_tokens_of_prompt() },
        });
    });
}

// Ends the running request between two steps; what it has read stays known.
EXPORT(cloche_cancel) const char * cloche_cancel() {
    return guarded([&]() -> const char * {
        Engine & it = loaded();
        if (it.running) {
            it.running = nullptr;
            it.context.start_loop();
        }
        return answer(json::object());
    });
}

// A text as it is -> {"tokens": count}; special tokens count as one.
EXPORT(cloche_count) const char * cloche_count() {
    return guarded([&]() -> const char * {
        const auto tokens = common_tokenize(loaded().vocab, input, false, true);
        return answer(json{ { "tokens", (int) tokens.size() } });
    });
}
