"""The starter model for WebLLM: how tests run that engine, unmodified, on a software GPU.

`build.py webllm` makes the library (tests/data/webllm/starter.wasm, kept in the repository) out of PyPI's apache-tvm,
which generates the code and brings the sources of its runtime for the web, and ziglang, which compiles them. Headers
that are missing from the wheels are in runtime/. weights.py makes the other files from the shipped starter model.
"""
