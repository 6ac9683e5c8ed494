"""Answers in a form that programs can read: a JSON schema, a pydantic model, or one of several choices."""
