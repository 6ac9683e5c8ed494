# Answers of a form: an object, a choice, a grammar
from pydantic import BaseModel


class Shape(BaseModel):
    name: str
    corners: int


shape = await ask("Name a shape and count its corners.", schema=Shape)
print(shape.name, "has", shape.corners, "corners")

print(await ask("How do you feel?", schema=["happy", "sad"]))

print(await ask("Is 2 less than 3?", schema='root ::= "yes" | "no"'))
