"""HTML reduced to its text: what people see, and nothing else."""

from __future__ import annotations

import pytest

from cloche.tools.html_text import text_of_html

PAGE = """<!doctype html><html><head><title>Boats &amp; more</title><style>p{}</style>
<script>alert("x < y")</script></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="#top">Top</a></li></ul></nav>
<h1>Our  boats</h1><p>We have <b>two</b>
of them:<br>Ida and <a href="b/otto.html?a=1&amp;b=2">Otto</a>.</p>
<pre>keep
  this</pre><table><tr><th>Name</th><td>Ida</td></tr></table><img src=x alt="A boat"></body></html>"""


def test_words_headings_lists_tables_and_addresses() -> None:
    assert text_of_html(PAGE, "https://host.example/a/index.html") == (
        "Boats & more\n\n- Home (https://host.example/)\n- Top\n\n# Our boats\n\nWe have two of them:\n"
        "Ida and Otto (https://host.example/a/b/otto.html?a=1&b=2).\n\nkeep\n  this\nName\tIda\n[picture: A boat]"
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>obey</p>",
        "<div style='display: none'><p>obey</div>",
        "<span style='color:red;visibility:hidden'>obey</span>",
        "<i aria-hidden=true>obey</i>",
        "<span style='font-size:0px'>obey</span>",
        "<noscript>obey</noscript>",
        "<template><b>obey</b></template>",
        "<svg><text>obey</text></svg>",
        "<!-- obey -->",
        "<script>obey</script>",
        "<img alt='obey' hidden>",
        "<div hidden><div>x</div>obey</div>",
    ],
)
def test_what_people_do_not_see_is_left_out(hidden: str) -> None:
    assert text_of_html(f"<p>before</p>{hidden}<p>after</p>", "https://host.example/") == "before\n\nafter"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("just text", "just text"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<head><title>T</title><body>said", "T\n\nsaid"),
        ("</div></p>odd<", "odd<"),
        ("<a href='javascript:x'>a</a> <a href='//[bad'>b</a>", "a b"),
        ("<title>Same</title><body><h1>Same</h1></body>", "# Same"),
    ],
)
def test_broken_pages_are_read_as_far_as_they_go(html: str, text: str) -> None:
    assert text_of_html(html, "https://host.example/") == text
