"""Python packages that a person has added: pure-Python wheels, kept with the conversations."""
