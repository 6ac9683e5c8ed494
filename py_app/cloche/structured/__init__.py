"""Answers in a form that programs can read: a JSON schema, a pydantic model, one of several choices, or a grammar."""
