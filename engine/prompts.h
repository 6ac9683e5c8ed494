// Prompts that were read before and lie in files of the page.
//
// Owns what is known of these files; engine/prompts.cpp says how they are used.

#pragma once

#include "server-common.h"

#include <string>
#include <vector>

namespace cloche {

// What happened to kept prompts since it was last asked.
struct PromptReport {
    int              restored = -1;  // the number of the one that was brought back, -1 for none
    std::vector<int> broken;         // those that could not be
};

// The name that the engine opens a kept prompt by.
std::string path_of_prompt(int id);

// A file `path_of_prompt(id)` holds the state after these tokens. The numbers of those that are not needed any more
// because another one holds as much; throws for tokens that are none.
std::vector<int> know_prompt(int id, server_tokens tokens, const llama_context * context);

void forget_prompts();

PromptReport report_prompts();

}  // namespace cloche
