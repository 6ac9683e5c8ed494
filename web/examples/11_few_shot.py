# Teach by examples
examples = {"cold": "hot", "dark": "light", "slow": "fast"}

history = []
for word, opposite in examples.items():
    history.append({"role": "user", "content": f"Opposite of {word}?"})
    history.append({"role": "assistant", "content": opposite})

await ask("Opposite of big?", history=history, max_tokens=8, temperature=0)
