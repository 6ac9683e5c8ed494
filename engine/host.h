// What the engine asks of the page around it.
//
// Owns the stop signal, the log, how upstream's code gives up, what pictures cost, and which tokens were chosen.

#pragma once

#include "ggml.h"

#include <vector>

struct llama_context;

namespace cloche {

// The message of the error that a stopped request ends with.
constexpr const char * STOPPED = "Stopped on request.";

// Whether a computation was given up because the page wants the running request to end; forgotten when asked.
bool was_interrupted();

// Has an assertion of upstream's that does not hold end in an exception, where it would end the program.
void throw_failed_assertions();

// The assertion that did not hold, "" as long as all have: nothing may be asked of the engine after it.
const char * failed_assertion();

void log(ggml_log_level level, const char * text);

// Milliseconds that the vision encoder has worked since the engine was loaded.
double encoder_milliseconds();

// Tokens of all pictures in the prompt that was read last.
int image_tokens_of_prompt();

// Every token that the model has chosen since this was last asked, also those that are only a part of a character.
std::vector<int> take_chosen_tokens();

// Lets the page interrupt the computations of this context from now on. One token is always computed to its end: that
// takes no longer than the page notices, and what was read before stays known.
void make_interruptible(llama_context * context);

}  // namespace cloche
