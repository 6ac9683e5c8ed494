"""The Python console: a person's own code on the live app."""
