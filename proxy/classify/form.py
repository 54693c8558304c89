"""Form: what the shape of a request tells, whatever its words: its length, what it shows, lists and points at."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from proxy.classify.plain import Plain
from proxy.words import words as plain_words

_WIDE = re.compile("[\u2e80-\U0010ffff]")
_LIST = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d+[.)、])\s*\S", re.M)
_HEADING = re.compile(r"^#{1,4} \S|^\*\*[^*\n]{2,60}\*\*:?$", re.M)
_CODE_FILE = re.compile(
    r"(?<![\w-])[\w-]{1,64}\.(?:py|ts|tsx|js|jsx|mjs|go|rs|java|kt|rb|php|cs|c|cpp|cc|h|hpp|swift|sql|sh|vue|svelte|"
    r"css|scss|html|dart|lua|ex|scala|ipynb)\b",
    re.A,
)
_TEXT_FILE = re.compile(r"(?<![\w-])[\w-]{1,64}\.(?:mdx?|mdc|txt|rst|adoc|docx?)\b", re.A)
_POINTER = re.compile(r"\.\w{1,5}[:(]\d|\d ?行", re.A)
_LINE = frozenset(
    plain_words("line lines zeile línea líneas linea linha linhas ligne lignes строка строке строки satır")
)
_QUOTED = re.compile(r"[\"“«`「]([^\"”»`」\n]{12,300})[\"”»`」]")
_AND = frozenset(
    plain_words(
        "and also then plus und auch dann y también luego et aussi puis e também depois и также потом ve ayrıca sonra"
    )
)
_AND_SPACELESS = re.compile(r"[，、]|然后|并且|还要|それから|また")
# "40 s", "3 GB", "95 %": whoever measures looks for a cause or has a goal.
_MEASURE = re.compile(
    r"(?<![\w.])\d[\d.,]{0,9} ?(?:%|(?:ms|s|secs?|seconds?|sekunden?|segundos?|secondes?|сек\w*|min|minut\w*|минут\w*|"
    r"h|hours?|hrs?|stunden?|horas?|heures?|час\w*|days?|tage?n?|días?|dias?|jours?|дн\w*|weeks?|percent|prozent|"
    r"процент\w*|[kmgt]b|k|mio|million\w*|rows?|users?|files?|zeilen|líneas|linhas|lignes|строк\w*|x|fps|hz)(?!\w))",
)
_NAME = re.compile(r"\b(?:[a-z]+[A-Z]\w{0,60}|[A-Z][a-z]+[A-Z]\w{0,60}|[A-Za-z0-9]+_\w{1,60}|\w{1,60}\(\))", re.A)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+){0,3}(?![\w%])", re.A)
_PERSON = frozenset(
    plain_words(
        """i im id we you your me my our us please pls can could let lets ich wir du mir mein meine meinen meiner unser
        unsere unseren bitte yo nos quiero puedes favor eu meu minha você nós je nous tu mon ma notre я мы ты мне нам
        наш наша наши пожалуйста"""
    )
)
_PERSON_SPACELESS = re.compile(r"[我们你请私僕]|ください|して")
# What a reviewer or a program says about code; pasted as it was it is one small thing to mend.
_FINDING = frozenset(
    plain_words("severity nit nits reviewer copilot coderabbit bugbot p0 p1 p2 p3 priority nitpick lint warning")
)
_ANSWER = re.compile(r"^ *(?:q?\d{1,2}|[a-e]) ?[.):-]? +\S.{0,60}$|^ *\d{1,2} (?:question|:)", re.M)
_PICKED = frozenset(
    plain_words(
        """option variant variante opción opção opcion вариант choice approach plan step phase fase этап schritt paso
        étape milestone task item number nummer número"""
    )
)
_PICK_SPACELESS = re.compile(r"选项|方案[一二三123abc]|第[一二三四1-4]|フェーズ")
_PICTURES = ("[image", "screenshot", "screen shot", "captura de", "bildschirmfoto", "скриншот", "截图", "スクショ")


def form_of(asked: Plain, words: list[str]) -> dict[str, float]:
    """Tell the form of a request of these words; values from 0 to about 4."""
    return {**_size(asked, words), **_shows(asked, len(words)), **_points(asked, words), **_speaks(asked, words)}


def size_of(text: str) -> int:
    """Count characters as an alphabet would need them: a Chinese character says as much as two or three letters."""
    return len(text) if text.isascii() else len(text) + 2 * len(_WIDE.findall(text))


def _size(asked: Plain, words: list[str]) -> dict[str, float]:
    size = size_of(asked.text)
    return {
        "size": max(0.0, math.log2(max(16, size)) - 4) / 3,
        "size.brief": float(size < 45),
        "size.long": float(size > 400),
        "size.very_long": float(asked.length > 1500),
        "words": math.log2(1 + len(words)) / 3,
        "lines": math.log2(1 + min(200, asked.text.count("\n"))) / 3,
        "lists": min(3, len(_LIST.findall(asked.text))) / 3,
        "headings": float(len(_HEADING.findall(asked.text)) >= 2),
        "joins": min(6, _joins(asked.low, words)) / 3,
    }


def _shows(asked: Plain, words: int) -> dict[str, float]:
    shown = max(0, asked.length - len(asked.text))
    return {
        "shows.code": float(asked.has_code),
        "shows.trace": float(asked.has_trace),
        "shows.log": float(asked.log_lines > 6),
        "shows.share": shown / max(1, asked.length),
        "shows.only": float(words < 6 and (asked.has_code or asked.log_lines > 0)),
        "shows.picture": float(any(sign in asked.low for sign in _PICTURES)),
    }


def _points(asked: Plain, words: list[str]) -> dict[str, float]:
    text, low = asked.text, asked.low
    files, texts, names = len(set(_CODE_FILE.findall(low))), len(set(_TEXT_FILE.findall(low))), _NAME.findall(text)
    return {
        "files.one": float(files == 1),
        "files.many": float(files >= 3),
        "files.text": float(texts > 0),
        "pointer": float(bool(_POINTER.search(low)) or _line_named(words)),
        "quotes": float(bool(_QUOTED.search(text))),
        "names": min(6, len(set(names))) / 3,
        "numbers": min(6, len(_NUMBER.findall(text))) / 3,
        "measures": min(4, len(_MEASURE.findall(low))) / 2,
        "picks": float(_picks(low, words)),
        "answers": min(5, len(_ANSWER.findall(low))) / 2,
    }


def _joins(low: str, words: list[str]) -> int:
    """Count what joins one thing that is asked for to the next."""
    spaceless = 0 if low.isascii() else len(_AND_SPACELESS.findall(low))
    return sum(word in _AND for word in words) + low.count(",") + spaceless


def _line_named(words: list[str]) -> bool:
    return any(one in _LINE and two.isdigit() for one, two in pairwise(words))


def _picks(low: str, words: list[str]) -> bool:
    """Tell whether a request names one of several: option 2, variant b, phase three of the plan."""
    following = pairwise(words)
    return any(one in _PICKED and (two.isdigit() or two in "abcde") for one, two in following) or (
        not low.isascii() and bool(_PICK_SPACELESS.search(low))
    )


def _speaks(asked: Plain, words: list[str]) -> dict[str, float]:
    said, count = frozenset(words), len(words)
    person = not _PERSON.isdisjoint(said) or (not asked.low.isascii() and bool(_PERSON_SPACELESS.search(asked.low)))
    nobody, finding = count >= 12 and not person, not _FINDING.isdisjoint(said)
    return {
        "nobody": float(nobody),
        "nobody.long": float(nobody and count >= 30),
        "finding": float(finding),
        "finding.nobody": float(finding and nobody),
        "asks": min(4, asked.text.count("?") + asked.text.count("？")) / 2,
        "hesitates": float(".." in asked.text or "…" in asked.text),
        "shouts": float("!" in asked.text),
        "begins.small": float(asked.text[:1].islower()),
    }
