"""The tab's end of the relay: programs on this machine ask, this tab's model answers.

`python3 build.py serve --vila` relays to the tab (py_app/relay, which owns the connections); here is who may ask
(keys.py), the form of OpenAI's API (openai.py), and the line to the relay (relay.py).
"""
