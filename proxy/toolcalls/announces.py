"""Whether a text promises a deed that nobody did: "I will now read the file.", in the languages that people ask in."""

from __future__ import annotations

import re

TAIL_CHARS = 400
"""How much of a text's end is read for what it announces."""


def announces(text: str, tools: tuple[str, ...]) -> bool:
    """Tell whether the last words of a text, without its code, promise a deed, or name a tool to use."""
    last = " ".join(_SENTENCE.split(text.strip()[-TAIL_CHARS:])[-2:]).strip()
    if not last or last.endswith(("?", "？")) or _OFFER.search(last):
        return False
    named = "|".join(re.escape(tool) for tool in tools)
    uses = re.search(rf"{_USES}[^.。\n]{{0,40}}(?<![\w])(?:{named})(?![A-Za-z0-9_])", last, re.IGNORECASE)
    return bool(_PROMISE.search(last)) or bool(uses) or last.endswith((":", "："))


def _promise(starts: str, deeds: str, *, between: int = 60) -> str:
    """Write a promise: how it starts and, in the same sentence, the deed; a file's name may hold a dot."""
    return rf"\b(?:{starts})\b(?:[^.!?\n]|\.(?=\w)){{0,{between}}}?\b(?:{deeds})\b"


_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_USES = (
    r"(?:\b(?:call|use|using|run|invoke|verwende|nutze|benutze|aufrufen|usar|usaré|utiliser|utilise|appeler|"
    r"вызову|использую|вызвать|использовать)\b|使用|调用)"
)

_ENGLISH = _promise(
    r"I will|I['’]ll|I am going to|I['’]m going to|let me|let['’]s|I would|I need to|I should|I can now",
    r"add|call|check|create|delete|edit|examine|execute|explore|fetch|find|fix|grep|inspect|install|invoke|list|look"
    r"|make|open|read|run|search|start|test|try|update|use|view|write",
)
_GERMAN_NOW = r"jetzt|nun|zuerst|zunächst|als nächstes"
_GERMAN_DO = (
    r"lese|öffne|prüfe|überprüfe|suche|starte|teste|schreibe|ändere|erstelle|lösche|untersuche|behebe|installiere"
    r"|aktualisiere|durchsuche|(?:führe|rufe|schaue|sehe|passe|füge)"
)
_GERMAN = (
    _promise(
        r"ich werde|ich möchte|ich muss|ich sollte|lass(?:en Sie)? mich|lass uns|ich würde",
        r"lesen|öffnen|prüfen|überprüfen|suchen|ausführen|starten|testen|schreiben|ändern|erstellen|löschen|anpassen"
        r"|ansehen|anschauen|untersuchen|aufrufen|beheben|installieren|hinzufügen|nachsehen|durchsuchen|aktualisieren",
        between=90,
    )
    + rf"|\b(?:{_GERMAN_NOW})\s+(?:{_GERMAN_DO})\s+ich\b|\bich\s+(?:{_GERMAN_DO})\s+(?:mir\s+)?(?:{_GERMAN_NOW})\b"
)
_SPANISH = _promise(
    r"voy a|vamos a|déjame|déjeme|permíteme|permítame|procederé a|necesito|debo|tengo que",
    r"leer|abrir|revisar|comprobar|buscar|ejecutar|probar|escribir|modificar|crear|eliminar|corregir|examinar|usar"
    r"|llamar|actualizar|instalar|añadir|ver|mirar|verificar|editar|arreglar",
)
_FRENCH = _promise(
    r"je vais|laisse[zs]?-moi|je dois|commençons par|je m['’]apprête à|il faut que je",
    r"lire|ouvrir|vérifier|chercher|rechercher|exécuter|lancer|tester|écrire|modifier|créer|supprimer|corriger"
    r"|examiner|utiliser|appeler|mettre à jour|installer|ajouter|regarder|consulter|inspecter|voir",
)
_RUSSIAN = (
    _promise(
        r"сейчас|теперь|сначала|затем|я|далее",
        r"прочитаю|открою|проверю|найду|поищу|запущу|выполню|протестирую|напишу|изменю|создам|удалю|исправлю|посмотрю"
        r"|вызову|обновлю|установлю|добавлю|изучу",
    )
    + "|"
    + _promise(
        r"буду|собираюсь|позвольте|мне нужно|мне надо|я должен|я хочу",
        r"прочитать|открыть|проверить|найти|поискать|запустить|выполнить|протестировать|написать|изменить|создать"
        r"|удалить|исправить|посмотреть|вызвать|обновить|установить|добавить|изучить",
    )
    + r"|\bдавай(?:те)?\s+(?:\w+\s+){0,2}(?:прочитаем|откроем|проверим|найдём|найдем|запустим|посмотрим|исправим)\b"
)
_CHINESE = (
    r"(?:我将|我会|我要|让我|我来|我先|我现在|现在我|接下来)[^。！？\n]{0,16}?"
    r"(?:读取|阅读|查看|检查|打开|搜索|查找|运行|执行|测试|编写|修改|创建|删除|修复|调用|使用|更新|安装|添加|编辑)"
)
_PROMISE = re.compile("|".join((_ENGLISH, _GERMAN, _SPANISH, _FRENCH, _RUSSIAN, _CHINESE)), re.IGNORECASE)
_OFFER = re.compile(
    r"\blet me know\b|\bif you\b|\bwould you\b|\bshall I\b"
    r"|\bwenn (?:du|Sie|ihr)\b|\bfalls\b|\bsoll ich\b|\bmöchtest du\b|\bmöchten Sie\b"
    r"|\bsag(?:en Sie)? (?:mir )?Bescheid\b|\blass(?:en Sie)? (?:es )?mich wissen\b"
    r"|\bsi (?:quieres|lo deseas|desea|quiere|necesitas|prefieres)\b|\bavísame\b|\bdéjame saber\b|\bquieres que\b"
    r"|\bsi (?:vous|tu)\b|\bvoulez-vous\b|\bveux-tu\b|\bdites-moi\b|\bn['’]hésite|\bfaites-moi savoir\b"
    r"|\bесли\b|\bхотите\b|\bхочешь\b|\bдай(?:те)? знать\b|\bсообщите\b"
    r"|如果|如需|需要我|要不要|是否|请告诉我",
    re.IGNORECASE,
)
