"""Form: what the shape of a request tells, whatever its words: its length, what it shows, lists and points at."""

from __future__ import annotations

import math
import re

from proxy.classify.plain import Plain

_LIST = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d+[.)、])\s*\S", re.M)
_HEADING = re.compile(r"^#{1,4} \S|^\*\*[^*\n]{2,60}\*\*:?$", re.M)
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
# "40 s", "3 GB", "95 %": whoever measures looks for a cause or has a goal.
_MEASURE = re.compile(
    r"(?<![\w.])\d[\d.,]{0,9} ?(?:%|(?:ms|s|secs?|seconds?|sekunden?|segundos?|secondes?|сек\w*|min|minut\w*|минут\w*|"
    r"h|hours?|hrs?|stunden?|horas?|heures?|час\w*|days?|tage?n?|días?|dias?|jours?|дн\w*|weeks?|percent|prozent|"
    r"процент\w*|[kmgt]b|k|mio|million\w*|rows?|users?|files?|zeilen|líneas|linhas|lignes|строк\w*|x|fps|hz)(?!\w))",
    re.I,
)
_NAME = re.compile(r"\b(?:[a-z]+[A-Z]\w{0,60}|[A-Z][a-z]+[A-Z]\w{0,60}|[A-Za-z0-9]+_\w{1,60}|\w{1,60}\(\))", re.A)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+){0,3}(?![\w%])", re.A)
_PERSON = re.compile(
    r"\b(?:i|im|id|we|you|your|me|my|our|us|please|pls|can|could|lets?|ich|wir|du|mir|mein\w*|unser\w*|bitte|yo|"
    r"nos|quiero|puedes|favor|eu|meu|minha|você|nós|je|nous|tu|mon|ma|notre|я|мы|ты|мне|нам|наш\w*|пожалуйста)\b|[我们你请私僕]|"
    r"ください|して"
)
# A remark that a reviewer or a program made about code, pasted as it was.
_FINDING = re.compile(
    r"\b(?:(?:low|medium|high|critical|minor|major) (?:severity|priority)|severity:|nits?:|suggestion:|p[0-3]\b|"
    r"reviewer|copilot|coderabbit|bugbot)",
    re.A | re.I,
)
_ANSWER = re.compile(r"^ *(?:q?\d{1,2}|[a-e]) ?[.):-]? +\S.{0,60}$|^ *\d{1,2} (?:question|:)", re.M | re.I)
_PICK = re.compile(
    r"\b(?:option|variante?|opción|opção|opcion|вариант|choice|approach|plan|step|phase|fase|этап|schritt|paso|étape|"
    r"milestone|task|item) ?#?(?:\d|[a-e]\b)|\bgo with\b|选项|方案[一二三123abc]|第[一二三四1-4]|フェーズ",
    re.I,
)
_PICTURE = re.compile(
    r"\[image|screen ?shot|captura de|bildschirmfoto|скриншот|截图|スクショ|スクリーンショット|capture d", re.I
)


def form_of(asked: Plain, words: int) -> dict[str, float]:
    """Tell the form of a request of that many words; values from 0 to about 4."""
    return {**_size(asked, words), **_shows(asked, words), **_points(asked), **_speaks(asked, words)}


def size_of(text: str) -> int:
    """Count characters as an alphabet would need them: a Chinese character says as much as two or three letters."""
    return len(text) if text.isascii() else len(text) + 2 * sum(1 for character in text if character >= "\u2e80")


def _size(asked: Plain, words: int) -> dict[str, float]:
    size = size_of(asked.text)
    return {
        "size": max(0.0, math.log2(max(16, size)) - 4) / 3,
        "size.brief": float(size < 45),
        "size.long": float(size > 400),
        "size.very_long": float(asked.length > 1500),
        "words": math.log2(1 + words) / 3,
        "lines": math.log2(1 + min(200, asked.text.count("\n"))) / 3,
        "lists": min(3, len(_LIST.findall(asked.text))) / 3,
        "headings": float(len(_HEADING.findall(asked.text)) >= 2),
        "joins": min(6, len(_AND.findall(asked.low))) / 3,
    }


def _shows(asked: Plain, words: int) -> dict[str, float]:
    shown = max(0, asked.length - len(asked.text))
    return {
        "shows.code": float(asked.has_code),
        "shows.trace": float(asked.has_trace),
        "shows.log": float(asked.log_lines > 6),
        "shows.share": shown / max(1, asked.length),
        "shows.only": float(words < 6 and (asked.has_code or asked.log_lines > 0)),
        "shows.picture": float(bool(_PICTURE.search(asked.text))),
    }


def _points(asked: Plain) -> dict[str, float]:
    text = asked.text
    files, texts, names = len(set(_CODE_FILE.findall(text))), len(set(_TEXT_FILE.findall(text))), _NAME.findall(text)
    return {
        "files.one": float(files == 1),
        "files.many": float(files >= 3),
        "files.text": float(texts > 0),
        "pointer": float(bool(_POINTER.search(text))),
        "quotes": float(bool(_QUOTED.search(text))),
        "names": min(6, len(set(names))) / 3,
        "numbers": min(6, len(_NUMBER.findall(text))) / 3,
        "measures": min(4, len(_MEASURE.findall(text))) / 2,
        "picks": float(bool(_PICK.search(text))),
        "answers": min(5, len(_ANSWER.findall(text))) / 2,
    }


def _speaks(asked: Plain, words: int) -> dict[str, float]:
    nobody, finding = words >= 12 and not _PERSON.search(asked.low), bool(_FINDING.search(asked.text))
    return {
        "nobody": float(nobody),
        "nobody.long": float(nobody and words >= 30),
        "finding": float(finding),
        "finding.nobody": float(finding and nobody),
        "asks": min(4, asked.text.count("?") + asked.text.count("？")) / 2,
        "hesitates": float(".." in asked.text or "…" in asked.text),
        "shouts": float("!" in asked.text),
        "begins.small": float(asked.text[:1].islower()),
    }
