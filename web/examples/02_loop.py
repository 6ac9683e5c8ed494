# Ask the model in a loop
questions = ["Hello!", "Who are you?", "What can you do?"]

answers = {}
for question in questions:
    answers[question] = await ask(question, max_tokens=60)
    print(f"{question:20} {answers[question]}")

answers
