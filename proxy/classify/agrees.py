"""Agrees: tells whether a request says no more than yes, go on."""

from __future__ import annotations

import re

from proxy.words import words

_YES = frozenset(
    words(
        """y ya yes yep yeah yup ok okay k kk sure go ahead continue proceed please next good great perfect lgtm correct
        right agree agreed nice thanks approve approved confirm confirmed again retry both carry keep going do done yess
        a b c d 1 2 3 4 5 option sounds looks works resume finish
        sí si dale sigue continúa continua adelante vale sim pode prossiga segue ja weiter mach genau gerne los oui
        vas-y d'accord continue continuez да давай продолжай дальше ок хорошо
        是 是的 好 好的 继续 可以 行 嗯 对 はい 続けて 네 계속"""
    )
)
_FILLERS = frozenset(
    words(
        """and with to then it that this the now on for so let's lets me i we us all of them just one first second last
        @agent implement works fine is try go que por favor con das es bitte le la и пожалуйста um o"""
    )
)
_BLANKS = re.compile(r"[\s,.!;:&+…。，！、\"()-]+")


def only_agrees(text: str) -> bool:
    """Tell whether a request says no more than yes, go on, or which of the options."""
    said = [word for word in _BLANKS.split(text.lower()) if word]
    return 0 < len(said) <= 8 and all(word in _YES or word in _FILLERS for word in said) and not _YES.isdisjoint(said)
