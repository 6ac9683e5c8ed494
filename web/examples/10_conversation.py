# Talk in the open conversation
# `session` is the conversation that you opened last, or a new one. What is said here stays in it.
await session.ask("Hello!")

for message in session.messages:
    text = "".join(part["text"] for part in message["parts"] if part["type"] == "text")
    print(f"{message['role']}: {text}")
