"""Choosing the next token on the GPU, as WebLLM asks for it: masks, penalties, softmax, sorting, top-p.

Owns these functions, for one sequence and without weights. The first dimension of every tensor of logits is 1. Those
whose name ends in `inplace` change the logits; all are small kernels written out, because the vocabulary is small.
"""

from __future__ import annotations

from typing import Any

from tvm import relax
from tvm.ir import IRModule
from tvm.script import tirx as T  # noqa: N812 - TVM's own name for it

THREADS = 64


def with_sampling(module: IRModule, vocabulary: int) -> IRModule:
    """The module with these functions for a vocabulary of this size, a multiple of 64."""
    builder = relax.BlockBuilder(module)
    for name, kernel in _kernels(vocabulary).items():
        builder.add_func(kernel.with_attr("global_symbol", name), name)
    _softmax(builder, vocabulary)
    _argsort(builder, vocabulary)
    _sample(builder, vocabulary)
    return builder.finalize()


def _tensor(name: str, shape: list[int], dtype: str = "float32") -> relax.Var:
    return relax.Var(name, relax.TensorType(shape, dtype))


def _softmax(builder: relax.BlockBuilder, vocabulary: int) -> None:
    logits, temperatures = _tensor("logits", [1, 1, vocabulary]), _tensor("temperatures", [1])
    with builder.function("softmax_with_temperature", [logits, temperatures]):
        scaled = relax.op.divide(logits, relax.op.reshape(temperatures, (1, 1, 1)))
        builder.emit_func_output(builder.emit(relax.op.nn.softmax(scaled, axis=-1)))


def _argsort(builder: relax.BlockBuilder, vocabulary: int) -> None:
    probabilities = _tensor("probabilities", [1, vocabulary])
    kernel = builder.add_func(_sorted_kernel(vocabulary), "sorted_by_rank")
    shape = [1, vocabulary]
    with builder.function("argsort_probs", [probabilities]):
        types = [relax.TensorType(shape, "float32"), relax.TensorType(shape, "int32")]
        builder.emit_func_output(builder.emit(relax.call_tir(kernel, [probabilities], types)))


def _sample(builder: relax.BlockBuilder, vocabulary: int) -> None:
    parameters = [
        _tensor("sorted_probabilities", [1, vocabulary]),
        _tensor("sorted_tokens", [1, vocabulary], "int32"),
        _tensor("uniform", [1]),
        _tensor("rows", [1], "int32"),
        _tensor("top_p", [1]),
    ]
    kernel = builder.add_func(_top_p_kernel(vocabulary), "chosen_by_top_p")
    with builder.function("sample_with_top_p", parameters):
        probabilities, tokens, uniform, _, top_p = parameters
        chosen = relax.call_tir(kernel, [probabilities, tokens, uniform, top_p], relax.TensorType([1], "int32"))
        builder.emit_func_output(builder.emit(chosen))


def _sorted_kernel(vocabulary: int) -> Any:
    """Every probability goes to the place that its rank says; equal ones stay in the order of their tokens."""

    @T.prim_func(s_tir=True, private=True)
    def sorted_by_rank(
        p: T.Buffer((1, vocabulary), "float32"),
        values: T.Buffer((1, vocabulary), "float32"),
        tokens: T.Buffer((1, vocabulary), "int32"),
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        rank = T.sblock_alloc_buffer((1,), "int32", scope="local")
        for block in T.thread_binding(vocabulary // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("sorted"):
                    me = T.axis.spatial(vocabulary, block * THREADS + thread)
                    rank[0] = 0
                    for other in range(vocabulary):
                        if p[0, other] > p[0, me] or (p[0, other] == p[0, me] and other < me):
                            rank[0] = rank[0] + 1
                    values[0, rank[0]] = p[0, me]
                    tokens[0, rank[0]] = me

    return sorted_by_rank


def _top_p_kernel(vocabulary: int) -> Any:
    """Among the likeliest tokens that together have at least top_p, the one that the random number falls on."""

    @T.prim_func(s_tir=True, private=True)
    def chosen_by_top_p(
        p: T.Buffer((1, vocabulary), "float32"),
        tokens: T.Buffer((1, vocabulary), "int32"),
        uniform: T.Buffer((1,), "float32"),
        top_p: T.Buffer((1,), "float32"),
        chosen: T.Buffer((1,), "int32"),
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        total = T.sblock_alloc_buffer((1,), "float32", scope="local")
        sum_so_far = T.sblock_alloc_buffer((1,), "float32", scope="local")
        found = T.sblock_alloc_buffer((1,), "int32", scope="local")
        for _block in T.thread_binding(1, thread="blockIdx.x"):
            for _thread in T.thread_binding(1, thread="threadIdx.x"):
                with T.sblock("chosen"):
                    total[0] = T.float32(0)
                    for i in range(vocabulary):
                        if total[0] < top_p[0]:
                            total[0] = total[0] + p[0, i]
                    sum_so_far[0] = T.float32(0)
                    found[0] = 0
                    for i in range(vocabulary):
                        if sum_so_far[0] <= uniform[0] * total[0]:
                            if sum_so_far[0] < total[0]:
                                found[0] = tokens[0, i]
                            sum_so_far[0] = sum_so_far[0] + p[0, i]
                    chosen[0] = found[0]

    return chosen_by_top_p


def _kernels(vocabulary: int) -> dict[str, Any]:
    """What WebLLM calls on the logits as they are."""

    @T.prim_func(s_tir=True)
    def apply_bitmask_inplace(
        logits: T.Buffer((1, vocabulary), "float32"),
        rows: T.Buffer((1,), "int32"),
        mask: T.Buffer((1, vocabulary // 32), "int32"),
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        for block in T.thread_binding(vocabulary // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("masked"):
                    token = T.axis.spatial(vocabulary, block * THREADS + thread)
                    if T.bitwise_and(T.shift_right(mask[0, token // 32], token % 32), 1) == 0:
                        logits[rows[0], token] = T.float32(-3.4e38)

    @T.prim_func(s_tir=True)
    def apply_logit_bias_inplace(var_logits: T.handle, var_rows: T.handle, var_tokens: T.handle, var_bias: T.handle):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        count = T.int32()
        logits = T.match_buffer(var_logits, (1, vocabulary), "float32")
        rows = T.match_buffer(var_rows, (count,), "int32")
        tokens = T.match_buffer(var_tokens, (count,), "int32")
        bias = T.match_buffer(var_bias, (count,), "float32")
        for block in T.thread_binding((count + THREADS - 1) // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("biased"):
                    i = T.axis.spatial(count, block * THREADS + thread)
                    T.where(block * THREADS + thread < count)
                    logits[rows[i], tokens[i]] = logits[rows[i], tokens[i]] + bias[i]

    @T.prim_func(s_tir=True)
    def apply_penalty_inplace(
        var_logits: T.handle,
        var_sequences: T.handle,
        var_rows: T.handle,
        var_tokens: T.handle,
        var_counts: T.handle,
        var_penalties: T.handle,
    ):
        T.func_attr({"tirx.noalias": True, "tirx.is_scheduled": True})
        count = T.int32()
        logits = T.match_buffer(var_logits, (1, vocabulary), "float32")
        sequences = T.match_buffer(var_sequences, (1,), "int32")
        rows = T.match_buffer(var_rows, (count,), "int32")
        tokens = T.match_buffer(var_tokens, (count,), "int32")
        counts = T.match_buffer(var_counts, (count,), "int32")
        penalties = T.match_buffer(var_penalties, (1, 3), "float32")
        for block in T.thread_binding((count + THREADS - 1) // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("penalised"):
                    i = T.axis.spatial(count, block * THREADS + thread)
                    T.where(block * THREADS + thread < count)
                    logits[sequences[rows[i]], tokens[i]] = logits[sequences[rows[i]], tokens[i]] - (
                        penalties[rows[i], 0] + T.Cast("float32", counts[i]) * penalties[rows[i], 1]
                    )
                    logits[sequences[rows[i]], tokens[i]] = T.if_then_else(
                        logits[sequences[rows[i]], tokens[i]] > T.float32(0),
                        logits[sequences[rows[i]], tokens[i]] / penalties[rows[i], 2],
                        logits[sequences[rows[i]], tokens[i]] * penalties[rows[i], 2],
                    )

    return {
        "apply_bitmask_inplace": apply_bitmask_inplace,
        "apply_logit_bias_inplace": apply_logit_bias_inplace,
        "apply_penalty_inplace": apply_penalty_inplace,
    }
