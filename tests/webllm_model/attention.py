"""Attention over the paged key-value cache, one thread for each query and head.

Owns the three kernels that TVM's cache calls: over the prompt's own keys, over the pages of earlier turns for a
prompt, and over the pages for one new token. TVM's own kernels share memory between hundreds of threads, which is
what a graphics card wants; the software GPU of the tests spends seconds on their barriers. Positions are already
turned into queries and keys, and one sequence is all there is, so what the calls say about both goes unused.
"""

from __future__ import annotations

import math
from typing import Any

from tvm.script import tirx as T  # noqa: N812 - TVM's own name for it

THREADS = 8
LOWEST = -5e4
LOG2_E = math.log2(math.e)


@T.macro
def _start(best: Any, total: Any, out: Any, head: Any) -> None:
    """Nothing seen yet."""
    best[0] = T.float32(LOWEST)
    total[0] = T.float32(0)
    for d in range(head):
        out[d] = T.float32(0)


@T.macro
def _see(score: Any, best: Any, total: Any, factor: Any) -> None:
    """Makes room for a score (a power of two): `factor[0]` scales what was seen, `factor[1]` is the new weight."""
    factor[2] = T.max(best[0], score[0])
    factor[0] = T.exp2(best[0] - factor[2])
    factor[1] = T.exp2(score[0] - factor[2])
    best[0] = factor[2]
    total[0] = total[0] * factor[0] + factor[1]


def over_prompt(heads: int, head: int) -> Any:
    """The queries of a prompt over its own keys."""

    @T.prim_func(s_tir=True)
    def attention_over_prompt(
        var_q: T.handle,
        _q_starts: T.handle,
        var_k: T.handle,
        var_v: T.handle,
        _k_starts: T.handle,
        _q_positions: T.handle,
        _k_positions: T.handle,
        var_output: T.handle,
        var_lse: T.handle,
        causal: T.int32,
        _rotary_mode: T.int32,
        _rope_scale: T.float32,
        _rope_theta: T.float32,
        scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True})
        queries, keys = T.int32(), T.int32()
        q = T.match_buffer(var_q, (queries, heads, head), "float32")
        k = T.match_buffer(var_k, (keys, heads, head), "float32")
        v = T.match_buffer(var_v, (keys, heads, head), "float32")
        output = T.match_buffer(var_output, (queries, heads, head), "float32")
        lse = T.match_buffer(var_lse, (queries, heads), "float32")
        out = T.sblock_alloc_buffer((head,), "float32", scope="local")
        best = T.sblock_alloc_buffer((1,), "float32", scope="local")
        total = T.sblock_alloc_buffer((1,), "float32", scope="local")
        score = T.sblock_alloc_buffer((1,), "float32", scope="local")
        factor = T.sblock_alloc_buffer((3,), "float32", scope="local")
        for block in T.thread_binding((queries * heads + THREADS - 1) // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("attention"):
                    T.reads()
                    T.writes()
                    row: T.let[T.int32] = (block * THREADS + thread) // heads
                    h: T.let[T.int32] = (block * THREADS + thread) % heads
                    if row < queries:
                        _start(best, total, out, head)
                        for other in range(T.if_then_else(causal > 0, keys - queries + row + 1, keys)):
                            score[0] = T.float32(0)
                            for d in range(head):
                                score[0] = score[0] + q[row, h, d] * k[other, h, d]
                            score[0] = score[0] * scale * T.float32(LOG2_E)
                            _see(score, best, total, factor)
                            for d in range(head):
                                out[d] = out[d] * factor[0] + v[other, h, d] * factor[1]
                        for d in range(head):
                            output[row, h, d] = out[d] / total[0]
                        lse[row, h] = best[0] + T.log2(total[0])

    return attention_over_prompt


def over_pages(heads: int, head: int, *, decode: bool, page: int = 16) -> Any:
    """A prompt's queries, or one new token's, over the keys in the cache. Pages hold 16 tokens, as WebLLM asks."""

    @T.macro
    def attend(
        var_q: Any,
        var_pages: Any,
        var_starts: Any,
        var_numbers: Any,
        var_last: Any,
        var_output: Any,
        var_lse: Any,
        scale: Any,
    ) -> None:
        queries, pages_used, pages_there = T.int32(), T.int32(), T.int32()
        pages_offset, starts_offset = T.int64(), T.int32()
        numbers_offset, last_offset, sequences = T.int32(), T.int32(), T.int32()
        q = T.match_buffer(var_q, (queries, heads, head), "float32")
        pages = T.match_buffer(var_pages, (pages_there, 2, heads, page, head), "float32", elem_offset=pages_offset)
        starts = T.match_buffer(var_starts, (sequences + 1,), "int32", elem_offset=starts_offset)
        numbers = T.match_buffer(var_numbers, (pages_used,), "int32", elem_offset=numbers_offset)
        last = T.match_buffer(var_last, (sequences,), "int32", elem_offset=last_offset)
        output = T.match_buffer(var_output, (queries, heads, head), "float32")
        lse = T.match_buffer(var_lse, (queries, heads), "float32")
        out = T.sblock_alloc_buffer((head,), "float32", scope="local")
        best = T.sblock_alloc_buffer((1,), "float32", scope="local")
        total = T.sblock_alloc_buffer((1,), "float32", scope="local")
        score = T.sblock_alloc_buffer((1,), "float32", scope="local")
        factor = T.sblock_alloc_buffer((3,), "float32", scope="local")
        for block in T.thread_binding((queries * heads + THREADS - 1) // THREADS, thread="blockIdx.x"):
            for thread in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("attention"):
                    T.reads()
                    T.writes()
                    row: T.let[T.int32] = (block * THREADS + thread) // heads
                    h: T.let[T.int32] = (block * THREADS + thread) % heads
                    if row < queries:
                        _start(best, total, out, head)
                        for other in range(T.max((starts[1] - starts[0] - 1) * page + last[0], 0)):
                            number: T.let[T.int32] = numbers[starts[0] + other // page]
                            score[0] = T.float32(0)
                            for d in range(head):
                                score[0] = score[0] + q[row, h, d] * pages[number, 0, h, other % page, d]
                            score[0] = score[0] * scale * T.float32(LOG2_E)
                            _see(score, best, total, factor)
                            for d in range(head):
                                out[d] = out[d] * factor[0] + pages[number, 1, h, other % page, d] * factor[1]
                        for d in range(head):
                            output[row, h, d] = T.if_then_else(total[0] > T.float32(0), out[d] / total[0], T.float32(0))
                        lse[row, h] = T.if_then_else(
                            total[0] > T.float32(0), best[0] + T.log2(total[0]), T.float32(LOWEST)
                        )

    @T.prim_func(s_tir=True)
    def attention_of_prompt(
        var_q: T.handle,
        _q_starts: T.handle,
        var_pages: T.handle,
        var_starts: T.handle,
        var_numbers: T.handle,
        var_last: T.handle,
        _k_positions: T.handle,
        _q_positions: T.handle,
        var_output: T.handle,
        var_lse: T.handle,
        _causal: T.int32,
        _rotary_mode: T.int32,
        _rope_scale: T.float32,
        _rope_theta: T.float32,
        scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True})
        attend(var_q, var_pages, var_starts, var_numbers, var_last, var_output, var_lse, scale)

    @T.prim_func(s_tir=True)
    def attention_of_token(
        var_q: T.handle,
        var_pages: T.handle,
        var_starts: T.handle,
        var_numbers: T.handle,
        var_last: T.handle,
        _k_positions: T.handle,
        _q_positions: T.handle,
        var_output: T.handle,
        var_lse: T.handle,
        _rotary_mode: T.int32,
        _rope_scale: T.float32,
        _rope_theta: T.float32,
        scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True})
        attend(var_q, var_pages, var_starts, var_numbers, var_last, var_output, var_lse, scale)

    return attention_of_token if decode else attention_of_prompt
