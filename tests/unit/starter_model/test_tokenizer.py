"""Any UTF-8 passes, and a word is the same wherever it stands."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from starter_model import corpus
from starter_model.tensor_names import vision_tensor
from starter_model.tokenizer import CALL, SPECIALS, Tokenizer

TOKENIZER = Tokenizer.train(corpus.texts(120), 700)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_marks_are_one_token_each() -> None:
    for mark in SPECIALS:
        assert len(TOKENIZER.encode(f"a{mark}b")) == 3
    assert TOKENIZER.types()[TOKENIZER.numbers[CALL]] == 4


def test_a_word_has_the_same_tokens_after_a_space_and_after_a_quotation_mark() -> None:
    for word in ("circle", "milk", "glornax"):
        alone, spaced = TOKENIZER.encode(f'"{word}'), TOKENIZER.encode(f"a {word}")
        assert alone[1:] == spaced[2:]
    assert len(TOKENIZER.tokens) == len(set(TOKENIZER.tokens)) == 700


def test_a_saved_tokenizer_is_the_same(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "tokenizer.json")
    text = 'How many red circles? {"a": 12}'
    assert Tokenizer.load(tmp_path / "tokenizer.json").encode(text) == TOKENIZER.encode(text)


def test_encoder_names_are_those_llamacpp_reads() -> None:
    names = {
        "patch_embd.weight": "v.patch_embd.weight",
        "position_embd": "v.position_embd.weight",
        "blk.3.attn_out.bias": "v.blk.3.attn_out.bias",
        "blk.0.ln1.weight": "v.blk.0.ln1.weight",
        "post_ln.bias": "v.post_ln.bias",
        "mm0.weight": "mm.0.weight",
        "mm1.bias": "mm.1.bias",
    }
    assert {name: vision_tensor(name) for name in names} == names
