"""GBNF: which texts follow a grammar, and what is wrong with one."""

from __future__ import annotations

import time

import pytest

from cloche.structured.grammar import Grammar
from cloche.structured.schema import BadSchema

JSON = r"""
# JSON, as llama.cpp's own example has it
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
"""


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        ('root ::= "yes" | "no"', ["yes", "no"], ["", "y", "yess", "maybe"]),
        ("root ::= [a-c]+ [^0-9]?", ["a", "abcx", "cab"], ["", "x", "ab1", "abxx"]),
        ("root ::= [0-9]{2} [a]{0,2} [-]{1,}", ["12-", "12aa--"], ["1-", "12aaa-", "12"]),
        ('root ::= item (", " item)*\nitem ::= [a-z]+\n', ["a", "ab, c, def"], ["a,b", "a, "]),
        ('root ::= pair\npair ::= "(" pair* ")"', ["()", "(()())"], ["(", "())", "(]"]),
        ('root ::= root "a" | "b"', ["b", "baaa"], ["a", "bab"]),
        ('root ::= ""', [""], ["a"]),
        ('root ::= a a\na ::= "x"?', ["", "x", "xx"], ["xxx"]),
        ('root ::= "\\u00e9\\x41\\"" .', ['éA"🙂'], ['éA"']),
        (
            JSON,
            ['{"a": [1, -2.5e3, {"b": null}], "c": "\\u00e9"}', "{}"],
            ["[]", '{"a": 1,}', "{'a': 1}"],
        ),
    ],
)
def test_a_text_follows_a_grammar_or_does_not(grammar: str, good: list[str], bad: list[str]) -> None:
    read = Grammar(grammar)
    assert [text for text in good if read.fault_of(text)] == []
    assert [text for text in bad if not read.fault_of(text)] == []


def test_the_fault_says_where() -> None:
    grammar = Grammar('root ::= "yes" | "no"')
    assert grammar.fault_of("yap") == "the answer leaves the grammar at character 2 ('a')"
    assert grammar.fault_of("ye") == "the answer ends before the grammar does"


@pytest.mark.parametrize(
    ("grammar", "problem"),
    [
        ("", "no rule “root”"),
        ('start ::= "a"', "no rule “root”"),
        ("root ::= other", "a rule “other” that it does not have"),
        ('root ::= "a', "Line 1 of the grammar: a text or a class is not closed"),
        ('root ::= ("a"', "a bracket is not closed"),
        ('root ::= "a"\n!', "Line 2 of the grammar"),
        ("root ::= " + "(" * 99, "nested too deeply"),
        (f'root ::= "{"a" * 999}"{{1000}}', "too long to be repeated"),
        ('root ::= "a"{3,1}', "a repetition looks like"),
        ('root ::= "a"{99999}', "a number up to 1000"),
        ('root ::= "\\q"', "stands for nothing"),
        ('root ::= "a"\nroot ::= "b"', "two rules “root”"),
        ("root = 1", "a rule looks like"),
        ('root ::= "a" )', "a rule looks like"),
    ],
)
def test_a_mistake_is_named(grammar: str, problem: str) -> None:
    with pytest.raises(BadSchema, match="grammar") as raised:
        Grammar(grammar)
    assert problem in raised.value.message


def test_long_texts_are_checked_in_bearable_time() -> None:
    started = time.process_time()
    text = '{"a": [' + ", ".join(str(number) for number in range(100, 600)) + "]}"
    assert not Grammar(JSON).fault_of(text)
    assert not Grammar("root ::= [^\\n]*").fault_of("word " * 1000)
    assert time.process_time() - started < 8
