"""How the starter model is made: pictures, conversations, tokenizer, network, training, export, evaluation and card."""
