"""Carries conversations out of the app and into it: export, import, fork."""
