"""Byte-level BPE as llama.cpp reads it, and the conversation's marks.

Owns training the merges, text to numbers and back, and the chat template. Any UTF-8 passes: what no merge knows goes
through as bytes. Does not own what is said.

A space stays a token of its own. Then a word is made of the same tokens wherever it stands, after a space or after a
quotation mark, and can be copied from a message into a tool's arguments though no text of training had it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CALL, CALL_END = "<tool_call>", "</tool_call>"
SPECIALS = (END_OF_TEXT, START, END, CALL, CALL_END)
CONTROL, USER_DEFINED, NORMAL = 3, 4, 1
"""GGUF's token types. Tool marks stay visible, so that the parser of tool calls sees them."""

_WORDS = re.compile(r"\d|'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
"""The pieces of GGUF's pre-tokenizer "smollm": digits alone, words with the space before them."""


def _alphabet() -> dict[int, str]:
    """GPT-2's printable stand-in for every byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = (byte for byte in range(256) if byte not in plain)
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + i) for i, byte in enumerate(rest)}}


LETTERS = _alphabet()
SPACE = LETTERS[0x20]
BYTES = {letter: byte for byte, letter in LETTERS.items()}


class Tokenizer:
    """Vocabulary and merges. Token numbers are the order of `tokens`."""

    def __init__(self, tokens: list[str], merges: list[tuple[str, str]]) -> None:
        self.tokens, self.merges = tokens, merges
        self.numbers = {token: number for number, token in enumerate(tokens)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._specials = re.compile("(" + "|".join(map(re.escape, SPECIALS)) + ")")
        self._word = lru_cache(100_000)(self._split_word)
        self.end = self.numbers[END]

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> Tokenizer:
        """The most frequent pairs of the texts, until the vocabulary is full."""
        counts = Counter(piece for text in texts for piece in _pieces(text))
        words = [([LETTERS[byte] for byte in word.encode()], count) for word, count in counts.items()]
        tokens, merges = [*SPECIALS, *LETTERS.values()], []
        while len(tokens) < size:
            pairs: Counter[tuple[str, str]] = Counter()
            for word, count in words:
                for pair in pairwise(word):
                    if pair[0] != SPACE or not pair[1].isalpha():
                        pairs[pair] += count
            if not pairs:
                break
            best = max(pairs, key=lambda pair: (pairs[pair], pair))
            merges.append(best)
            tokens.append("".join(best))
            words = [(_merged(word, best), count) for word, count in words]
        tokens += [f"<|spare_{number}|>" for number in range(size - len(tokens))]
        return cls(tokens, merges)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        data = json.loads(path.read_text())
        return cls(data["tokens"], [(first, second) for first, second in data["merges"]])

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"tokens": self.tokens, "merges": self.merges}))

    def encode(self, text: str) -> list[int]:
        """Numbers of a text; the marks of the conversation count as one each."""
        numbers: list[int] = []
        for part in self._specials.split(text):
            if part in SPECIALS:
                numbers.append(self.numbers[part])
            else:
                for piece in _pieces(part):
                    numbers.extend(self._word(piece))
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """The text; a broken end of UTF-8 becomes a replacement mark."""
        data = bytearray()
        for number in numbers:
            token = self.tokens[number]
            data += token.encode() if token in SPECIALS else bytes(BYTES.get(letter, 0x3F) for letter in token)
        return data.decode(errors="replace")

    def types(self) -> list[int]:
        """GGUF's type of every token."""
        kinds = dict.fromkeys((END_OF_TEXT, START, END), CONTROL) | dict.fromkeys((CALL, CALL_END), USER_DEFINED)
        return [kinds.get(token, NORMAL) for token in self.tokens]

    def _split_word(self, piece: str) -> tuple[int, ...]:
        word = [LETTERS[byte] for byte in piece.encode()]
        while len(word) > 1:
            ranked = [(self._ranks[pair], pair) for pair in pairwise(word) if pair in self._ranks]
            if not ranked:
                break
            word = _merged(word, min(ranked)[1])
        return tuple(self.numbers[part] for part in word)


def _pieces(text: str) -> list[str]:
    return [piece for piece in _WORDS.findall(text) if piece]


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    if pair[0] not in word:
        return word
    out: list[str] = []
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            out.append(pair[0] + pair[1])
            at += 2
        else:
            out.append(word[at])
            at += 1
    return out
