# Ask the model once
answer = await ask("What can you do?")
print(answer)

# The answer is a string; the last line of the code is shown as its value.
len(answer.split())
