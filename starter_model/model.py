"""The network: a small Llama that reads 64 vectors a picture from a small SigLIP-style encoder.

Owns the shapes and the arithmetic, which must be llama.cpp's. Does not own files, data or the optimiser. Attention is
written out: on a CPU it is faster than `scaled_dot_product_attention` at these sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """Sizes of both halves. Every in-feature is a multiple of 32, so that Q8_0 works."""

    vocabulary: int = 1280
    width: int = 192
    layers: int = 6
    heads: int = 6
    hidden: int = 512
    context: int = 2048
    rope_base: float = 1e6
    image: int = 128
    patch: int = 16
    vision_layers: int = 6
    vision_heads: int = 4
    vision_hidden: int = 576
    projector_hidden: int = 256

    @property
    def image_tokens(self) -> int:
        return (self.image // self.patch) ** 2


class RmsNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        y = x.float()
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + 1e-5)
        normed: Tensor = y.to(x.dtype) * self.weight.to(x.dtype)
        return normed


@dataclass(frozen=True)
class Span:
    """Neighbouring tokens of a long row; each sees those before it, and all of an earlier span if one is named."""

    length: int
    after: int | None = None


Spans = Sequence[tuple[Span, Tensor]]
"""All spans of a row, each with what is added to its scores."""


def masks(spans: Sequence[Span]) -> list[Tensor]:
    """What is added to the scores of each span, [1, its tokens, tokens that they see]."""
    told = []
    for span in spans:
        own = torch.full((span.length, span.length), -1e9).triu(1)
        told.append(F.pad(own, (0 if span.after is None else spans[span.after].length, 0))[None])
    return told


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """Attention over [batch, tokens, width]; `mask` is added to the scores."""
    batch, tokens, width = q.shape
    size = width // heads
    q, k, v = (x.reshape(batch, -1, heads, size).transpose(1, 2).flatten(0, 1) for x in (q, k, v))
    if mask is None:
        scores = (q @ k.transpose(1, 2)).float() * size**-0.5
    else:
        scores = torch.baddbmm(mask.repeat_interleave(heads, 0), q * size**-0.5, k.transpose(1, 2))
    seen: Tensor = scores.softmax(-1).to(v.dtype) @ v
    return seen.unflatten(0, (batch, heads)).transpose(1, 2).reshape(batch, tokens, width)


def attend_in_spans(q: Tensor, k: Tensor, v: Tensor, heads: int, seen: Spans) -> Tensor:
    """Attention over [1, tokens, width] where only what sees each other is computed."""
    lengths = [span.length for span, _ in seen]
    queries, keys, values = (x.split(lengths, 1) for x in (q, k, v))
    told = []
    for index, (span, mask) in enumerate(seen):
        before = [] if span.after is None else [span.after]
        some_keys, some_values = (torch.cat([x[at] for at in (*before, index)], 1) for x in (keys, values))
        told.append(attend(queries[index], some_keys, some_values, heads, mask))
    return torch.cat(told, 1)


Mask = Tensor | Spans
"""Which tokens see which: what is added to the scores of all, or spans of one long row."""


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions over the pairs (0, 1), (2, 3), ...: the form GGUF's `llama` expects unpermuted."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


class Block(nn.Module):
    """One layer of the language half."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.attn_norm, self.ffn_norm = RmsNorm(width), RmsNorm(width)
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.ffn_gate = nn.Linear(width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, width, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Mask, past: list[Tensor] | None) -> Tensor:
        h = self.attn_norm(x)
        batch, tokens, width = h.shape
        q, k = (
            rotate(y.reshape(batch, tokens, self.heads, -1), *turn).reshape(batch, tokens, width)
            for y in (self.attn_q(h), self.attn_k(h))
        )
        v = self.attn_v(h)
        q, k = q.to(v.dtype), k.to(v.dtype)
        if past is not None:
            k, v = k.half().to(x.dtype), v.half().to(x.dtype)  # llama.cpp keeps them like this.
            k, v = (torch.cat((old, new), 1) for old, new in zip(past, (k, v), strict=True)) if past else (k, v)
            past[:] = [k, v]
        if isinstance(mask, Tensor):
            seen = attend(q, k, v, self.heads, mask)
        else:
            seen = attend_in_spans(q, k, v, self.heads, mask)
        x = x + self.attn_output(seen)
        h = self.ffn_norm(x)
        out: Tensor = x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))
        return out


class Text(nn.Module):
    """The language half: tied embeddings, causal by the mask it is given."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RmsNorm(shape.width)

    def forward(self, x: Tensor, positions: Tensor, mask: Mask, past: list[list[Tensor]] | None = None) -> Tensor:
        """Hidden states for embeddings [batch, tokens, width]; `past` collects keys and values while generating."""
        size = self.shape.width // self.shape.heads
        rates = self.shape.rope_base ** (-torch.arange(0, size, 2, device=x.device).float() / size)
        angles = positions[..., None, None].float() * rates
        turn = (angles.cos().to(x.dtype), angles.sin().to(x.dtype))
        for index, block in enumerate(self.blk):
            x = block(x, turn, mask, None if past is None else past[index])
        hidden: Tensor = self.output_norm(x)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.token_embd.weight.to(hidden.dtype)).float()


class VisionBlock(nn.Module):
    """One layer of the encoder: every patch sees every patch."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.vision_heads
        self.ln1, self.ln2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn_q, self.attn_k, self.attn_v, self.attn_out = (nn.Linear(width, width) for _ in range(4))
        self.ffn_up = nn.Linear(width, shape.vision_hidden)
        self.ffn_down = nn.Linear(shape.vision_hidden, width)
        self.gelu = nn.GELU("tanh")

    def forward(self, x: Tensor) -> Tensor:
        h = self.ln1(x)
        x = x + self.attn_out(attend(self.attn_q(h), self.attn_k(h), self.attn_v(h), self.heads, None))
        out: Tensor = x + self.ffn_down(self.gelu(self.ffn_up(self.ln2(x))))
        return out


def waves(where: Tensor, octaves: Iterable[int]) -> list[Tensor]:
    """Places from 0 to 1, [count, 2], as sines and cosines of each octave."""
    return [f(2**octave * torch.pi * where) for octave in octaves for f in (torch.sin, torch.cos)]


class Vision(nn.Module):
    """The encoder and its projector into the language half's width."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.patch_embd = nn.Linear(3 * shape.patch**2, shape.width)
        self.position_embd = nn.Parameter(torch.randn(shape.image_tokens, shape.width) * 0.02 + self._places())
        self.blk = nn.ModuleList(VisionBlock(shape) for _ in range(shape.vision_layers))
        self.post_ln = nn.LayerNorm(shape.width, eps=1e-6)
        self.mm0 = nn.Linear(shape.width, shape.projector_hidden)
        self.mm1 = nn.Linear(shape.projector_hidden, shape.width)
        self.gelu = nn.GELU("tanh")

    def _places(self) -> Tensor:
        """Where each patch is, [patches, width], as waves across the picture: to begin with a place is easy to read."""
        rows = self.shape.image // self.shape.patch
        at = (torch.arange(rows) + 0.5) / rows
        where = torch.stack(torch.meshgrid(at, at, indexing="ij"), -1).flatten(0, 1)
        code = torch.cat((2 * where - 1, *waves(where, range(3))), 1)
        return F.pad(code, (0, self.shape.width - code.shape[1]))

    def features(self, images: Tensor) -> Tensor:
        """[batch, side, side, 3] bytes to [batch, patches, width]."""
        batch, patch, rows = images.shape[0], self.shape.patch, self.shape.image // self.shape.patch
        x = images.float() / 127.5 - 1
        x = x.reshape(batch, rows, patch, rows, patch, 3).permute(0, 1, 3, 5, 2, 4).reshape(batch, rows * rows, -1)
        x = self.patch_embd(x) + self.position_embd
        for block in self.blk:
            x = block(x)
        features: Tensor = self.post_ln(x)
        return features

    def project(self, features: Tensor) -> Tensor:
        """Features as vectors for the language half."""
        projected: Tensor = self.mm1(self.gelu(self.mm0(features)))
        return projected


class Starter(nn.Module):
    """Both halves.

    Vectors begin with a spread of 1, so that no step of Muon's, whose size is fixed, undoes what a layer has learnt.
    The last norm makes logits of them that begin with one, too.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.text = Text(self.shape)
        self.vision = Vision(self.shape)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=1 if weight is self.text.token_embd.weight else weight.shape[1] ** -0.5)
        nn.init.constant_(self.text.output_norm.weight, self.shape.width**-0.5)
        for block in (*self.text.blk, *self.vision.blk):
            out = block.attn_output if isinstance(block, Block) else block.attn_out
            with torch.no_grad():
                for layer in (out, block.ffn_down):
                    layer.weight.mul_(0.0 if isinstance(block, Block) else 0.3)

    def embed(self, tokens: Tensor, seen: Tensor | None, where: Tensor | None) -> Tensor:
        """Word vectors; where `where` is i and not negative, vector i of the pictures [..., width] instead."""
        x: Tensor = self.text.token_embd(tokens)
        if seen is None or where is None:
            return x
        seen = seen.to(x.dtype).reshape(-1, x.shape[-1])
        return torch.where((where >= 0)[..., None], seen[where.clamp_min(0)], x)

    def see(self, images: Tensor) -> Tensor:
        """[pictures, side, side, 3] bytes to [pictures, patches, width]."""
        return self.vision.project(self.vision.features(images))

    @torch.no_grad()
    def answer(self, prompts: list[list[int]], images: list[Tensor], most: int, end: int) -> list[list[int]]:
        """Greedy answers to prompts of one batch; -1 in a prompt stands for the next of 64 places of its pictures."""
        device = self.text.token_embd.weight.device
        longest = max(map(len, prompts))
        tokens = torch.zeros(len(prompts), longest, dtype=torch.long)
        where = torch.full_like(tokens, -1)
        valid = torch.zeros_like(tokens, dtype=torch.bool)
        seen = 0
        for row, prompt in enumerate(prompts):
            line = torch.tensor(prompt)
            start = longest - len(prompt)
            tokens[row, start:] = line.clamp_min(0)
            valid[row, start:] = True
            holes = (line < 0).nonzero()[:, 0] + start
            where[row, holes] = torch.arange(seen, seen + len(holes))
            seen += len(holes)
        tokens, where, valid = tokens.to(device), where.to(device), valid.to(device)
        x = self.embed(tokens, self.see(torch.stack(images).to(device)) if images else None, where)
        positions = (valid.cumsum(1) - 1).clamp_min(0)
        causal = torch.ones(longest, longest, dtype=torch.bool, device=device).tril()
        allowed = causal[None] & valid[:, None, :]
        allowed |= torch.eye(longest, dtype=torch.bool, device=device)[None]
        past: list[list[Tensor]] = [[] for _ in self.text.blk]
        answers: list[list[int]] = [[] for _ in prompts]
        done = [False] * len(prompts)
        for _ in range(most):
            mask = torch.where(allowed, 0.0, -1e9)
            best = self.text.logits(self.text(x, positions, mask, past)[:, -1]).argmax(-1)
            for row, token in enumerate(best.tolist()):
                done[row] = done[row] or token == end
                if not done[row]:
                    answers[row].append(token)
            if all(done):
                break
            x = self.text.token_embd(best[:, None])
            positions = positions[:, -1:] + 1
            valid = torch.cat((valid, torch.ones_like(valid[:, :1])), 1)
            allowed = valid[:, None, :]
        return answers
