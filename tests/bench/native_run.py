"""llama.cpp as it is compiled for this machine, asked line by line; runs in an environment of its own.

A request is a line of JSON on standard input, its answer one on standard output:

    {"load": {"weights": path, "projector": path or "", "threads": n, "context": tokens}}
    {"ask": {"messages": [...], "tools": [...] or null, "images": [base64 of a file], "tokens": n, "logits": bool}}

The answer to a question has the keys of the benchmark's pages, `tokens` and `text`; with `logits` those of the first.
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
import time
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np
from llama_cpp import mtmd_cpp as mtmd
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

BATCH = 512
Quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
quiet = Quiet(lambda _level, _text, _data: None)


class Native:
    """A loaded model."""

    def __init__(self, weights: str, projector: str, threads: int, context: int) -> None:
        self.model = llama.llama_model_load_from_file(weights.encode(), llama.llama_model_default_params())
        wanted = llama.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = context, BATCH, BATCH
        wanted.n_threads = wanted.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, wanted)
        self.vocabulary = llama.llama_model_get_vocab(self.model)
        seeing = mtmd.mtmd_context_params_default()
        seeing.use_gpu, seeing.n_threads, seeing.warmup = False, threads, False
        self.eyes = mtmd.mtmd_init_from_file(projector.encode(), self.model, seeing) if projector else None
        template = llama.llama_model_chat_template(self.model, None).decode()
        self.template = Jinja2ChatFormatter(template, eos_token="", bos_token="")

    def ask(self, messages: list[dict[str, Any]], tools: Any, images: list[str], tokens: int, logits: bool) -> Any:
        """A greedy answer from nothing."""
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        prompt = self.template(messages=messages, tools=tools).prompt
        began, spent = time.perf_counter(), time.process_time()
        past, image_seconds = self._read_pictures(prompt, images) if images else (self._read(prompt), 0.0)
        read = time.perf_counter()
        first = self._logits()
        written = []
        token = int(first.argmax())
        began_writing = time.perf_counter()
        while not llama.llama_vocab_is_eog(self.vocabulary, token):
            written.append(token)
            if len(written) >= tokens:
                break
            self._decode([token])
            token = int(self._logits().argmax())
        ended = time.perf_counter()
        return {
            "prompt_tokens": past,
            "prompt_ms": (read - began - image_seconds) * 1000,
            "image_ms": image_seconds * 1000,
            "tokens_per_second": (len(written) - 1) / (ended - began_writing) if len(written) > 1 else 0,
            "total_ms": (ended - began) * 1000,
            "processor_ms": (time.process_time() - spent) * 1000,
            "tokens": written,
            "text": b"".join(self._piece(token) for token in written).decode("utf-8", "replace"),
            **({"logits": [float(each) for each in first]} if logits else {}),
        }

    def _logits(self) -> Any:
        size = llama.llama_vocab_n_tokens(self.vocabulary)
        return np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, -1), (size,)).copy()

    def _read(self, prompt: str) -> int:
        text = prompt.encode()
        found = (llama.llama_token * (len(text) + 8))()
        count = llama.llama_tokenize(self.vocabulary, text, len(text), found, len(found), True, True)
        tokens = list(found[:count])
        for start in range(0, count, BATCH):
            self._decode(tokens[start : start + BATCH])
        return count

    def _decode(self, tokens: list[int]) -> None:
        given = (llama.llama_token * len(tokens))(*tokens)  # the batch only points to it
        failed = llama.llama_decode(self.context, llama.llama_batch_get_one(given, len(given)))
        if failed:
            raise RuntimeError(f"llama_decode: {failed}")

    def _read_pictures(self, prompt: str, images: list[str]) -> tuple[int, float]:
        """Reads text and pictures in their order; tokens, and seconds in which the encoder worked."""
        pictures = []
        for image in images:
            data = base64.b64decode(image)
            file = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
            pictures.append(mtmd.mtmd_helper_bitmap_init_from_buf(self.eyes, file, len(data), False))
        text = prompt.encode()
        given = mtmd.mtmd_input_text(text=text, text_len=len(text), add_special=True, parse_special=True)
        chunks = mtmd.mtmd_input_chunks_init()
        bitmaps = (mtmd.mtmd_bitmap_p_ctypes * len(pictures))(*pictures)
        failed = mtmd.mtmd_tokenize(self.eyes, chunks, ctypes.byref(given), bitmaps, len(pictures))
        past, seconds = llama.llama_pos(0), 0.0
        count = mtmd.mtmd_input_chunks_size(chunks)
        for index in range(count):
            chunk, last = mtmd.mtmd_input_chunks_get(chunks, index), index == count - 1
            if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE:
                began = time.perf_counter()
                failed = failed or mtmd.mtmd_encode_chunk(self.eyes, chunk)
                seconds += time.perf_counter() - began
                seen = mtmd.mtmd_get_output_embd(self.eyes)
                failed = failed or mtmd.mtmd_helper_decode_image_chunk(
                    self.eyes, self.context, chunk, seen, past, 0, BATCH, ctypes.byref(past),
                    mtmd.mtmd_helper_post_decode_callback(), None,
                )  # fmt: skip
            else:
                failed = failed or mtmd.mtmd_helper_eval_chunk_single(
                    self.eyes, self.context, chunk, past, 0, BATCH, last, ctypes.byref(past)
                )
            if failed:
                raise RuntimeError(f"the picture could not be read: {failed}")
        mtmd.mtmd_input_chunks_free(chunks)
        for picture in pictures:
            mtmd.mtmd_bitmap_free(picture)
        return past.value, seconds

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_token_to_piece(self.vocabulary, token, buffer, len(buffer), 0, True)
        return buffer.raw[:length]


def main() -> None:
    llama.llama_log_set(quiet, None)
    mtmd.mtmd_helper_log_set(quiet, None)
    native: Native | None = None
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            native = Native(**request["load"])
            answer: Any = {}
        else:
            assert native is not None, "no model is loaded"
            answer = native.ask(**request["ask"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
