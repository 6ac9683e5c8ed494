"""Small talk, and the honest "I don't know".

Owns what is said and asked without pictures and tools. The last wording of each kind, and the held-out topics, are
kept for evaluation.
"""

from __future__ import annotations

import json
import random

from starter_model.wordings import json_wish, one_of, wording
from starter_model.words import invented, label, number, phrase

WHO = "I am a tiny demo model that runs in your browser. My name is Cloche."
CAN = "I can describe coloured shapes in a picture, count and find them, and use simple tools."
CANNOT = "I am a tiny demo model: I know no facts and cannot write, translate or advise. A bigger model can."
UNKNOWN = "I don't know. I am a tiny demo model; a bigger model may know."
NO_PICTURE = "I see no picture. Please add one."
FOREIGN = {
    "Bonjour": "Bonjour !", "Salut": "Salut !", "Hallo": "Hallo!", "Guten Tag": "Guten Tag!", "Hola": "¡Hola!",
    "Buenos días": "¡Buenos días!", "Ciao": "Ciao!", "Buongiorno": "Buongiorno!", "Olá": "Olá!", "Hej": "Hej!",
    "Bom dia": "Bom dia!", "Guten Morgen": "Guten Morgen!", "Namaste": "Namaste!", "Привет": "Привет!",
}  # fmt: skip
TALK: dict[str, tuple[tuple[str, ...], str]] = {
    "greeting": (("Hello", "Hi", "Hey", "Good morning", "Hello there", "Hi!", "Hello!", "Good evening", "hello", "hi",
                  "Hey there", "Good day", "Hello!!", "Hi there!", "Hey!", "hey", "Hello Cloche", "Hi Cloche!",
                  "Good morning!", "Greetings", "Well, hello", "Hello again", "Hi again", "Nice to meet you",
                  "Good to see you",
                  "Good afternoon"), "Hello! How can I help you?"),
    "how are you": (("How are you?", "How are you doing?", "How is it going?", "how are you", "How are you today?",
                     "How do you do?", "Are you well?", "Is everything fine?", "Are you fine?", "How are things?",
                     "Hello, how are you?", "Hi, how is it going?", "How was your day?", "How do you feel today?"),
                    "I am fine, thank you. How can I help you?"),
    "who are you": (("Who are you?", "What are you?", "What is your name?", "who are you", "Who am I talking to?",
                     "What's your name?", "Are you a bot?", "Are you an AI?", "What kind of model are you?",
                     "Tell me about yourself.", "Introduce yourself.", "What is this?", "Who is this?",
                     "Who made you?", "Are you a person?", "Are you human?", "Do you have a name?",
                     "What should I call you?",
                     "Who is talking?", "what are you", "Are you a language model?", "Who is there?"), WHO),
    "what can you do": (("What can you do?", "What are you able to do?", "How can you help me?", "What do you know?",
                         "what can you do", "What are you good at?", "What can I ask you?", "Help",
                         "What can you see?", "What can I do here?", "What do you do?", "Can you help me?",
                         "I need help", "Help me", "help", "What is possible here?", "What can we do?",
                         "Show me what you can do.", "What can I try?",
                         "Give me an example.", "How does this work?", "Which things can you do?"), CAN),
    "what can't you do": (("What can't you do?", "What can you not do?", "What are your limits?", "what can't you do",
                           "What are you bad at?", "What are you not able to do?", "What is too hard for you?",
                           "What don't you know?", "What are your limitations?", "What is not possible?",
                           "What do you not know?", "Where do you fail?", "Is there anything you can't do?",
                           "What shouldn't I ask you?",
                           "Which things can't you do?"), CANNOT),
    "thanks": (("Thanks", "Thank you!", "Thank you", "Thanks a lot!", "thanks", "Great, thanks", "Many thanks",
                "Thank you so much", "Thanks!", "OK, thank you", "Perfect, thank you", "Thanks for your help",
                "That helps, thanks", "Thx", "Cool, thanks!",
                "Thank you very much"), "You are welcome!"),
    "bye": (("Bye", "Goodbye", "See you", "Bye!", "bye", "See you later", "Good night", "Goodbye!", "Bye bye",
             "See you soon", "I have to go", "Have a nice day",
             "Until next time", "That was all, bye", "goodbye", "See you tomorrow"),
            "Goodbye!"),
}  # fmt: skip
OUTSIDE = (
    "What is the capital of {}?", "Who wrote {}?", "Who was {}?", "Who is {}?", "Who invented the {}?",
    "When was {} born?", "When did {} begin?", "Why is {} so {}?", "Why do {} {}?", "How do I {} a {}?",
    "How does {} work?", "How far is {}?", "How old is {}?", "How tall is {}?", "Explain {}.", "Explain {} to me.",
    "Tell me about {}.", "What is {}?", "What does {} mean?", "What is the meaning of {}?", "Write a poem about {}.",
    "Write a story about {}.", "Write me an email about {}.", "Write code that {} a {}.", "Write a function for {}.",
    "Translate {} into {}.", "How do you say {} in {}?", "Summarize {}.", "Give me a recipe for {}.",
    "What is the weather in {}?", "What is the price of {}?", "Where is {}?", "Where can I buy {}?",
    "Should I {} my {}?", "What should I {}?", "Is {} better than {}?", "Which {} is the best?",
    "What is the difference between {} and {}?", "Do you like {}?", "Can you {} a {}?", "Recommend a {}.",
    "What happened in {}?", "Who won the {}?", "How many {} live in {}?", "What is the largest {} in the world?",
    "Solve {}.", "Prove that {}.", "What are the symptoms of {}?", "What is the population of {}?",
    "In which year did {} end?", "Name three {}.", "List all {}.", "Define {}.", "Sing a song about {}.",
    "Tell me a joke about {}.", "What is your opinion on {}?", "What color is {}?", "Is it true that {} is {}?",
    "Do {} have {}?", "Can {} {}?", "Which language is spoken in {}?", "What time is it in {}?",
    "How much does {} cost?", "Does {} exist?", "Give me advice on {}.", "Plan a trip to {}.",
)  # fmt: skip
OUTSIDE_HELD_OUT = (
    "What is the currency of {}?", "Who painted {}?", "When did {} die?", "How can I repair a {}?", "Describe {}.",
    "Compose a letter to {}.", "Who is the president of {}?", "Why does {} {}?", "What do {} eat?", "Is {} a {}?",
    "Teach me {}.", "What causes {}?", "How long does {} take?", "Who founded {}?", "Make a list of {}.",
)  # fmt: skip
TOPICS = (
    "France", "Germany", "Spain", "Brazil", "India", "China", "Paris", "London", "Rome", "Tokyo", "Einstein",
    "Newton", "Mozart", "Shakespeare", "Napoleon", "Hamlet", "the moon", "the sun", "Mars", "the Earth", "water",
    "gold", "iron", "cats", "dogs", "birds", "whales", "gravity", "quantum physics", "the internet", "computers",
    "Python", "football", "chess", "the World Cup", "bread", "pizza", "coffee", "wine", "love", "war", "money",
    "the economy", "history", "music", "the law", "medicine", "fever", "a headache", "climate change", "a black hole",
    "photosynthesis", "DNA", "the brain", "the Roman Empire", "the war", "my job", "my sister", "the news",
    "a bicycle", "a car", "an engine", "a house", "taxes", "a quadratic equation", "the ocean", "Africa", "Canada",
    "English", "French", "Latin", "a cover letter",
)  # fmt: skip
TOPICS_HELD_OUT = (
    "Italy", "Portugal", "Berlin", "Mexico", "Beethoven", "Darwin", "Cleopatra", "Jupiter", "silver", "horses",
    "electricity", "evolution", "tennis", "cheese", "a volcano", "the stock market", "a laptop", "Greek", "Norway",
    "jazz",
)  # fmt: skip
PICTURELESS = (
    "How many circles are there?", "Describe what you see.", "What do you see?", "What color is the square?",
    "Is there a red star?", "What does the text say?", "How many shapes are there?", "Which shape is on the left?",
    "Where is the circle?", "What is in this picture?", "Which shape is the largest?", "Describe the picture.",
    "How many stars do you see?",
)  # fmt: skip
SYSTEM = (
    "You are a helpful assistant.", "Answer briefly.", "You are Cloche.", "Be kind and short.",
    "Answer in one sentence.",
)  # fmt: skip
KINDS = (*TALK, "foreign greeting", "outside", "no picture", "sum", "as JSON")


def said(kind: str, rng: random.Random, held_out: bool) -> tuple[str, str]:
    """What a person says and what the model answers."""
    if kind == "foreign greeting":
        greeting = rng.choice(tuple(FOREIGN))
        return greeting + rng.choice(("", "!")), FOREIGN[greeting]
    if kind == "sum":
        total = f"{rng.randint(0, 99)} {rng.choice('+-*/')} {rng.randint(0, 99)}"
        return wording(rng, held_out, ("What is {}?", "{}", "{} = ?", "How much is {}?")).format(total), UNKNOWN
    if kind == "no picture":
        return wording(rng, held_out, PICTURELESS), NO_PICTURE
    if kind == "outside":
        return outside(rng, held_out), UNKNOWN
    if kind == "as JSON":
        return as_json(rng, held_out)
    wordings, answer = TALK[kind]
    return one_of(rng, held_out, wordings), answer


def as_json(rng: random.Random, held_out: bool) -> tuple[str, str]:
    """Values from the message for keys that are named."""
    said: dict[str, object] = {}
    for _ in range(rng.choice((1, 2, 2, 3))):
        name = label("arguments", rng, held_out)
        said[name] = phrase(rng, held_out, 2).replace(",", "") if rng.random() < 0.6 else json.loads(number(rng))
    link = rng.choice((" ", " is ", ": ", " = "))
    told = ", ".join(f"{name}{link}{value}" for name, value in said.items())
    return f"{told}. {json_wish(tuple(said), rng, held_out)}", json.dumps(said, ensure_ascii=False)


def outside(rng: random.Random, held_out: bool) -> str:
    """A question about the world, or a wish, that a tiny model cannot answer."""
    template = rng.choice(OUTSIDE_HELD_OUT if held_out else OUTSIDE)
    while "{}" in template:
        template = template.replace("{}", _topic(rng, held_out), 1)
    return template[:-1] if rng.random() < 0.1 else template


def _topic(rng: random.Random, held_out: bool) -> str:
    pick = rng.random()
    if pick < 0.55:
        return rng.choice(TOPICS_HELD_OUT if held_out else TOPICS)
    return phrase(rng, held_out, 3) if pick < 0.85 else invented(rng, held_out).capitalize()


def conversation(rng: random.Random, held_out: bool) -> list[tuple[str, str]]:
    """One to four turns of small talk."""
    weights = [3, 2, 4, 4, 4, 2, 1, 2, 12, 3, 1, 6]
    picked = rng.choices(KINDS, weights, k=rng.choice((1, 1, 2, 3, 4)))
    turns: list[tuple[str, str]] = []
    for kind in picked:
        question, answer = said(kind, rng, held_out)
        turns += [("user", question), ("assistant", answer)]
    if rng.random() < 0.15:
        turns.insert(0, ("system", rng.choice(SYSTEM)))
    return turns
