"""The German catalogue: whole, in step with the templates, and compiled."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', re.M)
TRANSLATE = re.compile(r"""\{%\s*translate\s+(?P<quote>["'])(?P<text>.*?)(?P=quote)""")
PLACEHOLDER = re.compile(r"%\(\w+\)\w|\{\w+\}")


def entries() -> dict[str, str]:
    """The catalogue's texts, without its head."""
    found = {unquote(key): unquote(value) for key, value in ENTRY.findall(CATALOGUE.read_text())}
    found.pop("")
    return found


def unquote(lines: str) -> str:
    """The text that quoted lines of a catalogue stand for."""
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def template_texts() -> Iterator[tuple[str, str]]:
    """Every text that a template gives to be translated, with the template."""
    for template in (ROOT / "templates").rglob("*.*"):
        for match in TRANSLATE.finditer(template.read_text()):
            # Django looks for a text of a template with its per cent signs doubled.
            yield template.name, match["text"].replace("%", "%%")


def test_every_text_of_the_templates_has_a_translation() -> None:
    known = entries()
    assert [(name, text) for name, text in template_texts() if not known.get(text)] == []


def test_no_translation_is_empty_or_loses_a_placeholder() -> None:
    for text, translation in entries().items():
        assert translation, text
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translation)), text


def test_the_compiled_catalogue_is_in_step() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
        translations = gettext.GNUTranslations(compiled)
    assert {text: translations.gettext(text) for text in entries()} == entries()
