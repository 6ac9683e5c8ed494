"""Makes tests/data/webllm/starter.wasm: run by `build.py webllm`, in an environment with apache-tvm and ziglang."""

from pathlib import Path

from tests.webllm_model.library import compile_model
from tests.webllm_model.linking import Linker

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "data" / "webllm" / "starter.wasm"

linker = Linker(ROOT / ".build" / "webllm")
OUT.parent.mkdir(parents=True, exist_ok=True)
linker.link([*linker.runtime(), *compile_model(linker.folder)], OUT)
print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")
