# Compare two settings of the model
prompt = "Write one sentence about the sea."
settings = {"careful": {"temperature": 0}, "lively": {"temperature": 1.2, "seed": 7}}

for name, parameters in settings.items():
    answer = await ask(prompt, max_tokens=60, **parameters)
    print(f"{name}: {answer}\n")
