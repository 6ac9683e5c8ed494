// The engine as the page's worker calls it.
//
// Owns the exported functions. Each takes a request as JSON in the buffer that `cloche_input` gives, and leaves an answer
// as JSON where `cloche_output` says; what fails is an answer {"error": {"message": ...}}, never an exception, with "fatal":
// true where the engine is of no use any more. Chat requests and their results have the shape of llama.cpp's server, which
// is OpenAI's. One model, one request at a time: a function begins it, and `cloche_step` goes on with it until it is done.

#include "host.h"
#include "prompts.h"
#include "threads.h"

#include "server-common.h"
#include "server-context.h"
#include "server-queue.h"
#include "server-schema.h"

#include "json.h"

#include <algorithm>
#include <memory>
#include <string>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

// A prompt that shares less with what was read last is looked for among the kept ones.
constexpr float LIKENESS = 0.5f;
// So many tokens in a row that stand at another place than before, as after the oldest turn was left out, are moved there
// and not read again. They still know of what stood before them.
constexpr int WORTH_MOVING = 64;

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
    // Tokens whose likelihoods are told may be parts of characters.
    output = value.dump_safe();
    return output.c_str();
}

const char * failure(const std::string & message) {
    return answer(json{ { "error", json{ { "message", message } } } });
}

template <typename Work> const char * guarded(Work && work) {
    const char * result = nullptr;
    try {
        result = work();
    } catch (const std::exception & error) {
        result = failure(error.what());
    }
    // Upstream may have caught it and gone on.
    const char * why = cloche::failed_assertion();
    return *why ? answer(json{ { "error", json{ { "message", why }, { "fatal", true } } } }) : result;
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

// Does something with what the model has read: saves it into a file, or drops it.
server_task_result_ptr with_slot(Engine & it, server_task_type type, const std::string & path) {
    auto        reader = it.context.get_response_reader();
    server_task task(type);
    task.id                   = reader.get_new_id();
    task.slot_action.id_slot  = 0;
    task.slot_action.filename = task.slot_action.filepath = path;
    reader.post_task(std::move(task));
    it.context.start_loop();
    return reader.next([] { return false; });
}

// After an error in the middle of a computation, the server's list of tokens that were read is longer than what the model
// remembers.
void forget(Engine & it) {
    with_slot(it, SERVER_TASK_TYPE_SLOT_ERASE, "");
}

Engine & loaded() {
    if (!engine) {
        throw std::runtime_error("no model is loaded");
    }
    return *engine;
}

enum llama_pooling_type pooling_of(const std::string & name) {
    return name == "mean" ? LLAMA_POOLING_TYPE_MEAN
         : name == "rank" ? LLAMA_POOLING_TYPE_RANK
                          : LLAMA_POOLING_TYPE_UNSPECIFIED;
}

// The engine, if its model was loaded to give scores, or to give vectors.
Engine & loaded_for(bool scores) {
    Engine & it = loaded();
    if (!it.params.embedding || (it.meta->pooling_type == LLAMA_POOLING_TYPE_RANK) != scores) {
        throw std::runtime_error(scores ? "the model was not loaded to sort texts" : "the model was not loaded for vectors");
    }
    return it;
}

const char * begin(Engine & it, server_task_type type, std::vector<server_tokens> && texts) {
    auto                     reader = std::make_unique<server_response_reader>(it.context.get_response_reader());
    std::vector<server_task> tasks;
    for (auto & text : texts) {
        if (text.empty()) {
            throw std::runtime_error("one of the texts is empty");
        }
        server_task task(type);
        task.id              = reader->get_new_id();
        task.params.res_type = TASK_RESPONSE_TYPE_OAI_EMBD;
        task.tokens          = std::move(text);
        tasks.push_back(std::move(task));
    }
    reader->post_tasks(std::move(tasks));
    it.running = std::move(reader);
    return answer(json::object());
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
// "f16" or the like, "threads", "fewer_threads": whether fewer may compute where that is faster, "batch": tokens of one
// step, "vectors": whether it is to read only, "pooling": how many vectors become one: "mean", "rank", or "" for what the
// file says} -> {"context_window", "images", "threads": as many at most}
EXPORT(cloche_load) const char * cloche_load() {
    return guarded([&]() -> const char * {
        const json request = json::parse(input);
        engine             = nullptr;
        cloche::forget_prompts();
        auto fresh         = std::make_unique<Engine>();
        auto & params      = fresh->params;
        cloche::throw_failed_assertions();
        llama_backend_init();
        llama_log_set(common_log_default_callback, nullptr);
        params.model.path                = request.at("weights").get<std::string>();
        params.mmproj.path               = request.at("projector").get<std::string>();
        params.n_ctx                     = request.at("context_window").get<int>();
        params.n_batch                   = request.at("batch").get<int>();
        params.n_ubatch                  = params.n_batch;
        params.cpuparams.n_threads       = request.at("threads").get<int>();
        params.cpuparams_batch.n_threads = params.cpuparams.n_threads;
        cloche::gather_threads(params.cpuparams.n_threads, request.at("fewer_threads").get<bool>());
        params.n_parallel                = 1;
        params.load_mode                 = LLAMA_LOAD_MODE_NONE;
        params.slot_prompt_similarity    = LIKENESS;
        params.n_cache_reuse             = WORTH_MOVING;
        params.fit_params                = false;
        params.warmup                    = false;
        params.mmproj_use_gpu            = false;
        // Upstream's cache of prompts has to be there, but nothing is ever in it (engine/prompts.cpp).
        params.cache_ram_mib             = 1;
        params.cache_idle_slots          = false;
        params.embedding                 = request.at("vectors").get<bool>();
        params.pooling_type              = pooling_of(request.at("pooling").get<std::string>());
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
            { "threads", engine->params.cpuparams.n_threads },
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
        cloche::take_chosen_tokens(); // Those of a request that was stopped.
        return answer(json::object());
    });
}

// Begins to make vectors of length 1: {"texts"} -> {}. Each comes as a chunk {"index", "embedding", "tokens_evaluated"}.
EXPORT(cloche_embed) const char * cloche_embed() {
    return guarded([&]() -> const char * {
        Engine &                   it = loaded_for(false);
        std::vector<server_tokens> texts;
        for (const auto & text : json::parse(input).at("texts").get<std::vector<std::string>>()) {
            texts.push_back(tokenize_input_subprompt(it.vocab, nullptr, text, true, true, mtmd_helper_init_opt_default()));
        }
        return begin(it, SERVER_TASK_TYPE_EMBEDDING, std::move(texts));
    });
}

// Begins to score documents: {"query", "documents"} -> {}. Each comes as a chunk {"index", "score", "tokens_evaluated"}.
EXPORT(cloche_rerank) const char * cloche_rerank() {
    return guarded([&]() -> const char * {
        Engine &                   it      = loaded_for(true);
        const json                 request = json::parse(input);
        const auto                 query   = request.at("query").get<std::string>();
        const llama_model *        model   = llama_get_model(it.context.get_llama_context());
        std::vector<server_tokens> texts;
        for (const auto & document : request.at("documents").get<std::vector<std::string>>()) {
            texts.push_back(format_prompt_rerank(model, it.vocab, nullptr, query, document, mtmd_helper_init_opt_default()));
        }
        return begin(it, SERVER_TASK_TYPE_RERANK, std::move(texts));
    });
}

// Computes one batch or one token -> {"chunks": [what came of it], "tokens": [those chosen, without the end], "done", "image_ms",
// "image_tokens", "restored": number of the kept prompt that was brought back or -1, "broken": those that could not be}
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
        for (const llama_token token : cloche::take_chosen_tokens()) {
            if (!llama_vocab_is_eog(it.vocab, token)) {
                tokens.push_back(token);
            }
        }
        const auto prompts = cloche::report_prompts();
        const bool done    = !it.running || !it.running->has_next();
        if (done) {
            it.running = nullptr;
        }
        return answer(json{
            { "chunks", chunks },
            { "tokens", tokens },
            { "done", done },
            { "image_ms", cloche::encoder_milliseconds() - it.encoder_ms_before },
            { "image_tokens", cloche::image_tokens_of_prompt() },
            { "restored", prompts.restored },
            { "broken", prompts.broken },
        });
    });
}

// Writes what the model has read last into a file, for a later `cloche_know`: {"path"} -> {}.
EXPORT(cloche_keep) const char * cloche_keep() {
    return guarded([&]() -> const char * {
        const auto result = with_slot(loaded(), SERVER_TASK_TYPE_SLOT_SAVE, json::parse(input).at("path"));
        if (!result || result->is_error()) {
            throw std::runtime_error("what was read cannot be kept");
        }
        return answer(json::object());
    });
}

// Tells of a file that `cloche_keep` wrote: {"id", "tokens": what stands at its head} -> {"needless": [numbers of files
// that hold no more than another one]}. The engine opens it as "/prompt-<id>" when a prompt goes on from there.
EXPORT(cloche_know) const char * cloche_know() {
    return guarded([&]() -> const char * {
        Engine &   it      = loaded();
        const json request = json::parse(input);
        auto tokens = server_tokens::deserialize(request.at("tokens").get<llama_tokens>(), it.meta->has_mtmd);
        const auto needless =
            cloche::know_prompt(request.at("id").get<int>(), std::move(tokens), it.context.get_llama_context());
        return answer(json{ { "needless", needless } });
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
