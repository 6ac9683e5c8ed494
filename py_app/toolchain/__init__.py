"""What build.py does, in modules: standard library only, runs on a bare Python 3.11 or newer.

Nothing in here is imported by the app, and nothing of it is shipped to the browser.
"""
