"""The language half of the starter model as TVM compiles it: llama with a paged key-value cache, in float32.

Owns the functions that carry weights, under the names that WebLLM looks for: `embed`, `prefill`, `decode` and
`create_tir_paged_kv_cache`. Weights and their names are weights.py, choosing the next token is sampling.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.webllm_model.attention import over_pages, over_prompt
from tvm import relax, tirx
from tvm.ir import IRModule, StringImm
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import op
from tvm.relax.frontend.nn.llm.kv_cache import (
    AttnKind,
    PagedKVCache,
    RopeMode,
    _compact_kv_copy,
    _copy_single_page,
    _kv_cache_debug_get_kv,
    _kv_cache_transpose_append,
    _kv_cache_transpose_append_mla,
    _merge_state_inplace,
    llama_rope_with_position_map,
)
from tvm.target import Target

PREFILL_CHUNK = 256
"""Tokens in one pass; longer prompts take several."""


@dataclass(frozen=True)
class Shape:
    """Sizes, as the starter's GGUF has them."""

    vocabulary: int = 1280
    width: int = 192
    layers: int = 6
    heads: int = 6
    hidden: int = 512
    rope_base: int = 1_000_000
    epsilon: float = 1e-5
    context: int = 2048

    @property
    def head(self) -> int:
        return self.width // self.heads


class Layer(nn.Module):
    """Attention and the gated feed-forward part, each on what came before it."""

    def __init__(self, shape: Shape, number: int) -> None:
        self.shape, self.number = shape, number
        self.attn_norm = nn.RMSNorm(shape.width, -1, shape.epsilon, bias=False)
        self.attn_qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = nn.RMSNorm(shape.width, -1, shape.epsilon, bias=False)
        self.ffn_gate_up = nn.Linear(shape.width, 2 * shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: nn.Tensor, cache: PagedKVCache) -> nn.Tensor:
        shape = self.shape
        batch, length, _ = x.shape
        qkv = op.reshape(self.attn_qkv(self.attn_norm(x)), (batch, length, 3 * shape.heads, shape.head))
        seen = cache.attention_with_fused_qkv(self.number, qkv, shape.heads, sm_scale=shape.head**-0.5)
        x = x + self.attn_output(op.reshape(seen, (batch, length, shape.width)))
        gate, up = op.split(self.ffn_gate_up(self.ffn_norm(x)), 2, axis=-1)
        return x + self.ffn_down(op.silu(gate) * up)


class Starter(nn.Module):
    """The model. The embedding's table is also the output's."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList([Layer(shape, number) for number in range(shape.layers)])
        self.output_norm = nn.RMSNorm(shape.width, -1, shape.epsilon, bias=False)

    def embed(self, input_ids: nn.Tensor) -> nn.Tensor:
        return self.token_embd(input_ids)

    def prefill(self, input_embed: nn.Tensor, cache: PagedKVCache) -> tuple[nn.Tensor, PagedKVCache]:
        x = self._layers(input_embed, cache)
        *_, width = x.shape
        last = nn.tensor_expr_op(_last_row, "last_row", [x])
        return self._logits(op.reshape(last, (1, 1, width))), cache

    def decode(self, input_embed: nn.Tensor, cache: PagedKVCache) -> tuple[nn.Tensor, PagedKVCache]:
        return self._logits(self._layers(input_embed, cache)), cache

    def _layers(self, x: nn.Tensor, cache: PagedKVCache) -> nn.Tensor:
        for layer in self.blk:
            x = layer(x, cache)
        return self.output_norm(x)

    def _logits(self, x: nn.Tensor) -> nn.Tensor:
        return op.matmul(x, op.permute_dims(self.token_embd.weight))


def _last_row(x):  # type: ignore[no-untyped-def]
    from tvm import te

    return te.compute((1, 1, x.shape[2]), lambda i, _, k: x[i, x.shape[1] - 1, k], name="last_row")


def export(shape: Shape, target: Target) -> tuple[IRModule, list[tuple[str, nn.Parameter]]]:
    """The module of these functions, and the names and shapes of its weights in the order that they are handed in."""
    model = Starter(shape)
    model.to("float32")
    options = {"param_mode": "packed", "effect_mode": "none"}
    cache = nn.spec.Object(object_type=PagedKVCache)
    module, parameters = model.export_tvm(
        spec={
            "embed": {"input_ids": nn.spec.Tensor(["n"], "int32"), "$": options},
            "prefill": {
                "input_embed": nn.spec.Tensor([1, "n", shape.width], "float32"),
                "cache": cache,
                "$": options,
            },
            "decode": {"input_embed": nn.spec.Tensor([1, 1, shape.width], "float32"), "cache": cache, "$": options},
        }
    )
    return _with_cache(module, shape, target), parameters


def _with_cache(module: IRModule, shape: Shape, target: Target) -> IRModule:
    """Adds the function that makes the cache; each parameter is a shape of one number.

    Sliding windows and trees of guesses are left out, and with them their kernels: WebLLM asks for neither here.
    """
    builder = relax.BlockBuilder(module)
    names = ["max_batch_size", "max_total_seq_len", "prefill_chunk_size", "page_size", "support_sliding_window"]
    sizes = {name: tirx.Var(name, "int64") for name in names}
    parameters = [relax.Var(f"{name}_", relax.ShapeType([size])) for name, size in sizes.items()]
    heads, head, dtype = shape.heads, shape.head, "float32"

    def add(kernel: tirx.PrimFunc, name: str) -> relax.GlobalVar:
        return builder.add_func(kernel, name)

    def attention(kernel: tirx.PrimFunc, name: str) -> relax.Tuple:
        return relax.Tuple([StringImm("tirx"), add(kernel, name)])

    none, number = relax.Tuple([]), relax.prim_value
    with builder.function("create_tir_paged_kv_cache", parameters):
        cache = relax.call_pure_packed(
            "vm.builtin.paged_attention_kv_cache_create",
            relax.ShapeExpr([*sizes.values(), 1024]),
            relax.ShapeExpr([0, shape.layers]),
            *(number(size) for size in (heads, heads, head, head)),
            relax.ShapeExpr([int(AttnKind.MHA)] * shape.layers),
            number(False),  # handing the cache to another machine
            *(number(int(RopeMode.NORMAL)), number(1), number(shape.rope_base)),
            number(0),  # no table of rotation factors
            relax.op.zeros((), dtype),
            add(_kv_cache_transpose_append(heads, head, dtype), "cache_append"),
            add(_kv_cache_transpose_append_mla(head, dtype), "cache_append_latent"),
            attention(over_prompt(heads, head), "attention_over_prompt"),
            attention(over_pages(heads, head, decode=False), "attention_of_prompt"),
            attention(over_pages(heads, head, decode=True), "attention_of_token"),
            *(none, none, none, none, none),  # sliding windows, trees, latent attention
            relax.Tuple([add(_merge_state_inplace(heads, head, dtype, target, "merge"), "merge_parts")]),
            add(llama_rope_with_position_map(shape.rope_base, 1, head, heads, heads, dtype, {}, head), "split_rotary"),
            add(_copy_single_page(heads, sizes["page_size"], head, dtype, target), "copy_page"),
            add(_kv_cache_debug_get_kv(shape.layers, heads, head, dtype), "read_cache"),
            add(_compact_kv_copy(heads, head, dtype, target), "compact_cache"),
            ty_args=relax.AnyType(),
        )
        builder.emit_func_output(builder.emit(cache))
    return builder.finalize()
