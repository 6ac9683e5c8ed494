"""Tool calling with every chat model: tools written into the prompt, and calls read out of the answer."""
