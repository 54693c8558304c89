"""Traits: what a request's words and form tell, as names with values; what they weigh is the model's to say."""

from __future__ import annotations

import math
import re

from proxy.classify.lexicon import Found, Lexicon, words_of
from proxy.classify.plain import Plain
from proxy.classify.terms import TRAITS
from proxy.words import words as plain_words

Traits = dict[str, float]
"""Values from 0, which stands for a trait that is absent, to about 3."""

OPENING = 4
"""Words at the beginning of a request that tell whether it asks or orders."""

_LEXICON = Lexicon.of(TRAITS)
_STRENGTHS = (0.0, 1.0, 1.25, 1.4, 1.5)
_OPENS = ("explain", "change", "run", "git", "feature", "opinion", "please.do", "review", "autonomous", "wish", "tests")

_QUESTION = re.compile(r"[?？]\s{0,20}$")
_QUESTIONS = re.compile(r"[?？](?:\s|$|[\"')])", re.M)
_LIST = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d+[.)、])\s*\S", re.M)
_HEADING = re.compile(r"^#{1,4} \S|^\*\*[^*\n]{2,60}\*\*:?$", re.M)
_SENTENCE = re.compile(r"[.!?](?:\s|$)|[。！？；]|\n\s*\n")
_CODE_FILE = re.compile(
    r"(?<![\w-])[\w-]{1,64}\.(?:py|ts|tsx|js|jsx|mjs|go|rs|java|kt|rb|php|cs|c|cpp|cc|h|hpp|swift|sql|sh|vue|svelte|"
    r"css|scss|html|dart|lua|ex|scala|ipynb)\b",
    re.A | re.I,
)
_TEXT_FILE = re.compile(r"(?<![\w-])[\w-]{1,64}\.(?:mdx?|mdc|txt|rst|adoc|docx?)\b", re.A | re.I)
_POINTER = re.compile(
    r"\.\w{1,5}[:(]\d+|\b(?:lines?|zeile|l[ií]ne?a|linha|ligne) \d+|строк\w* \d+|\d+ ?行", re.A | re.I
)
_QUOTED = re.compile(r"[\"“«`「]([^\"”»`」\n]{12,300})[\"”»`」]")
_AND = re.compile(
    r"\b(?:and|also|then|plus|und|auch|dann|y|también|luego|et|aussi|puis|e|também|depois)\b|[，,、]|и |также|потом|"
    r"然后|并且|还要|それから|また",
    re.A,
)
_FILLERS = frozenset(
    plain_words("""ok okay great good nice cool perfect awesome thanks yes yep yeah sure hmm hm so now and well alright right oh ah hi
    hello hey also then actually but no nope gut danke also jetzt bien vale gracias ahora bom certo agora obrigado merci
    bon alors maintenant хорошо так теперь спасибо а и ок ладно""")
)


def traits_of(asked: Plain) -> Traits:
    """Find the traits of a request's words and form."""
    words = words_of(asked.low)
    found = _LEXICON.find(asked.low, words)
    traits = {name: _STRENGTHS[min(len(places), 4)] for name, places in found.items()}
    start = next((place for place, word in enumerate(words[:12]) if word not in _FILLERS), 0)
    if found.get("chat") and min(found["chat"]) > OPENING and len(words) > 12:
        del traits["chat"]
    opening = range(start, start + OPENING)
    traits.update({f"opens.{name}": 1.0 for name in _OPENS if any(at in opening for at in found.get(name, ()))})
    traits.update({name: value for name, value in _form(asked, words, found).items() if value})
    return traits


def _form(asked: Plain, words: list[str], found: Found) -> Traits:
    """Tell the form: how long it is, whether it asks, what it shows and points at."""
    text, size = asked.text, size_of(asked.text)
    asks = bool(_QUESTION.search(text))
    orders = bool(found.get("change") or found.get("feature") or found.get("please.do"))
    files, texts = len(set(_CODE_FILE.findall(text))), len(set(_TEXT_FILE.findall(text)))
    return {
        "size": max(0.0, math.log2(max(16, size)) - 4) / 3,
        "size.brief": float(size < 45),
        "size.long": float(size > 400),
        "size.very_long": float(asked.length > 1500),
        "asks": float(asks and not orders),
        "asks.for_work": float(asks and orders),
        "asks.often": float(len(_QUESTIONS.findall(text)) >= 3),
        "lists": min(3, len(_LIST.findall(text))) / 3,
        "headings": float(len(_HEADING.findall(text)) >= 2),
        "sentences": min(6, len(_SENTENCE.findall(text))) / 3,
        "joins": min(6, len(_AND.findall(asked.low))) / 3,
        "files.one": float(files == 1),
        "files.many": float(files >= 3),
        "files.text": float(texts > 0),
        "pointer": float(bool(_POINTER.search(text))),
        "quotes": float(bool(_QUOTED.search(text))),
        "shows.code": float(asked.has_code),
        "shows.trace": float(asked.has_trace),
        "shows.log": float(asked.log_lines > 6),
        "no.words": float(not found),
    }


def size_of(text: str) -> int:
    """Count characters as an alphabet would need them: a Chinese character says as much as two or three letters."""
    wide = sum(1 for character in text if character >= "\u2e80")
    return len(text) + 2 * wide
