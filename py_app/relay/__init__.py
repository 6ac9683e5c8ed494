"""The relay of `build.py serve --vila`: programs on this machine ask, the open tab's model answers.

Runs under CPython in .venv, in the process of the web server and on its port; needs the package `websockets`. It owns
connections and what is refused; it understands no question and keeps nothing on disk. What is asked goes to the tab
(py_app/cloche/relay/, which also has whose turn it is and the VILA protocol: it serves MessageChannels by itself). The
tab decides who may ask: it sends the hashes of the keys.

    GET  /relay                        the secret with which the page proves that it is ours
    WS   /relay                        the tab
    WS   /?api_key=...                 a client of the VILA streaming protocol
    *    /v1/...                       a client of OpenAI's API, the key as Bearer token
"""
