# Show an answer while it is written
answer = await ask("Tell me about yourself.", max_tokens=80, stream=lambda text: print(text, end=""))
print()
f"{len(answer)} characters"
