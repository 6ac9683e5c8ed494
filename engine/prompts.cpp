// Prompts that were read before, brought back from files.
//
// Owns which kept prompt a new one goes on from, and when that is worth reading a file. It stands in the place of
// upstream's cache of prompts in memory, which is asked for something better than what the model has just read. The files
// are upstream's own format of a saved slot, pictures by their hash included.

#include "prompts.h"

#include "server-task.h"

#include "llama.h"

#include <algorithm>
#include <list>
#include <stdexcept>

namespace {

// Reading so few tokens anew is faster than reading a file.
constexpr size_t WORTH_READING = 64;
// A file of which so little is of use (one part of so many) is better left alone.
constexpr size_t LEAST_SHARE = 4;

struct Kept {
    int           id;
    server_tokens tokens;
};

std::list<Kept>      kept;
cloche::PromptReport report;

// Memory of some kinds cannot be cut back to an earlier token: what was kept is of use as a whole or not at all.
bool only_as_a_whole(const llama_context * context) {
    const llama_model * model = llama_get_model(context);
    return llama_model_is_recurrent(model) || llama_model_is_hybrid(model) || llama_model_n_swa(model) > 0;
}

bool read_file(int id, llama_context * context, int slot) {
    const std::string path  = cloche::path_of_prompt(id);
    size_t            count = 0;
    if (llama_state_seq_load_file(context, path.c_str(), slot, nullptr, 0, &count) == 0) {
        return false;
    }
    llama_tokens tokens(std::max<size_t>(1, count));
    return llama_state_seq_load_file(context, path.c_str(), slot, tokens.data(), tokens.size(), &count) != 0;
}

}  // namespace

namespace cloche {

std::string path_of_prompt(int id) {
    return "/prompt-" + std::to_string(id);
}

std::vector<int> know_prompt(int id, server_tokens tokens, const llama_context * context) {
    if (tokens.empty() || tokens.size() >= llama_n_ctx_seq(context) || !tokens.validate(context)) {
        throw std::runtime_error("no prompt of this model");
    }
    std::vector<int> needless;
    for (auto it = kept.begin(); it != kept.end();) {
        const size_t common = it->tokens.get_common_prefix(tokens);
        if (common == tokens.size()) {
            return { id };
        }
        if (common == it->tokens.size()) {
            needless.push_back(it->id);
            it = kept.erase(it);
        } else {
            ++it;
        }
    }
    kept.push_back({ id, std::move(tokens) });
    return needless;
}

void forget_prompts() {
    kept.clear();
    report = {};
}

PromptReport report_prompts() {
    return std::exchange(report, {});
}

}  // namespace cloche

// What stands in the place of upstream's cache of prompts (the linker's --wrap).
#define IN_PLACE_OF(name) __wrap__ZN19server_prompt_cache##name

// Nothing is kept in memory: a camera that is watched leaves a prompt behind at every frame, with its picture, which
// upstream's limit does not count.
extern "C" server_prompt_cache_state * IN_PLACE_OF(5allocERK13server_promptmm)(server_prompt_cache *,
                                                                               const server_prompt &, size_t, size_t) {
    return nullptr;
}

// Puts the best of what is kept in the place of `prompt`, which is what the slot holds, if anything is better.
extern "C" bool IN_PLACE_OF(4loadER13server_promptRK13server_tokensP13llama_contextS6_i)(
    server_prompt_cache *, server_prompt & prompt, const server_tokens & wanted, llama_context * context,
    llama_context *, int32_t slot) {
    size_t     best  = prompt.tokens.get_common_prefix(wanted) + WORTH_READING;
    const bool whole = only_as_a_whole(context);
    auto       found = kept.end();
    for (auto it = kept.begin(); it != kept.end(); ++it) {
        const size_t common = it->tokens.get_common_prefix(wanted);
        if (common >= best && common * LEAST_SHARE >= it->tokens.size() && (!whole || common == it->tokens.size())) {
            best  = common;
            found = it;
        }
    }
    if (found == kept.end()) {
        return true;
    }
    prompt.clear();
    if (read_file(found->id, context, slot)) {
        prompt.tokens   = found->tokens.clone();
        report.restored = found->id;
        return true;
    }
    report.broken.push_back(found->id);
    kept.erase(found);
    return false;  // Upstream then clears the slot.
}

// server_tokens::keep_first passes through here: it takes the end of a picture that another one follows at once for a place
// in the middle of a picture, and refuses.
#define KEEP_FIRST(prefix) prefix##_ZN13server_tokens10keep_firstEm

extern "C" void KEEP_FIRST(__real_)(server_tokens * tokens, size_t count);

extern "C" void KEEP_FIRST(__wrap_)(server_tokens * tokens, size_t count) {
    const auto is_picture = [&](size_t index) { return (*tokens)[index] == LLAMA_TOKEN_NULL; };
    if (count == 0 || count >= tokens->size() || !is_picture(count - 1) || !is_picture(count)) {
        KEEP_FIRST(__real_)(tokens, count);
        return;
    }
    server_tokens first;
    first.has_mtmd = tokens->has_mtmd;
    while (first.size() < count) {
        const size_t index = first.size();
        if (is_picture(index)) {
            first.push_back(tokens->find_chunk(index).get());
        } else {
            first.push_back((*tokens)[index]);
        }
    }
    if (first.size() > count) {
        throw std::runtime_error("a picture cannot be kept in part");
    }
    *tokens = std::move(first);
}
