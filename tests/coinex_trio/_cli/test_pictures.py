"""The pictures of the docs are what the code draws."""

import pytest

from tests.coinex_trio._cli import pictures


def test_the_pictures_in_the_docs_show_what_is_drawn_now() -> None:
    if not pictures.is_comparable():
        pytest.skip(f"this rich is not {pictures.DRAWN_BY}, whose export stands in the docs")
    for name, drawn in pictures.drawn().items():
        assert (pictures.PICTURES / name).read_text() == drawn, f"{name}: `make pictures` draws it anew"
        assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")
