"""The tab's end of the relay: programs on this machine ask, this tab's model answers.

`python3 build.py serve --vila` relays to the tab (py_app/relay, which owns the connections); here is who may ask
(keys.py), whose turn it is (hub.py, which the server's end uses, too, like the VILA protocol, vila.py), the form of
OpenAI's API (openai.py), the line to the relay (relay.py), and pages of this origin that need no relay (ports.py).
"""
