"""Promises of a deed at the end of an answer, in six languages, and good ends of answers that are none."""

import pytest

from proxy.toolcalls.announces import announces

TOOLS = ("Read", "Bash", "get_weather")

PROMISES = [
    "Ich werde jetzt die Datei lesen.",
    "Der Fehler ist klar. Lass mich zuerst die Tests prüfen.",
    "Als Nächstes führe ich die Tests aus.",
    "Ich öffne jetzt die Konfiguration.",
    "Ich verwende dafür das Werkzeug Read.",
    "Ich muss zuerst die Datei config.toml öffnen.",
    "Voy a leer el archivo.",
    "El problema está claro. Déjame revisar las pruebas primero.",
    "Ahora voy a ejecutar los tests.",
    "Necesito ver el contenido de la carpeta.",
    "Je vais lire le fichier.",
    "Laissez-moi d'abord vérifier les tests.",
    "Je dois ouvrir la configuration.",
    "Я сейчас прочитаю файл.",
    "Теперь проверю тесты.",
    "Мне нужно открыть файл настроек.",
    "Давайте сначала посмотрим на код.",
    "我将读取这个文件。",
    "问题很清楚。让我先检查一下测试。",
    "接下来我会运行测试。",
    "现在我来修改配置文件：",
    "我使用 Read 工具。",
]

GOOD_ENDS = [
    "Ich habe die Datei gelesen und den Fehler behoben. Alle Tests laufen.",
    "Die Funktion prüft jetzt die Eingabe und schreibt ins Protokoll.",
    "Soll ich die Tests auch ausführen?",
    "Wenn du möchtest, kann ich die Dateien noch löschen.",
    "Sag Bescheid, falls ich noch etwas prüfen soll.",
    "Das Programm liest zuerst die Konfiguration und öffnet dann die Datenbank.",
    "Fertig: Mit Bash ausgeführt, alles grün.",
    "Du solltest die Datei jetzt lesen können.",
    "He leído el archivo y he corregido el error. Todas las pruebas pasan.",
    "La función ahora comprueba la entrada.",
    "¿Quieres que ejecute las pruebas?",
    "Si quieres, puedo revisar los demás archivos.",
    "Para usar el programa debes ejecutar `make` y luego abrir el navegador. Listo.",
    "El servidor va a leer la configuración al arrancar.",
    "J'ai lu le fichier et corrigé l'erreur. Tous les tests passent.",
    "La fonction vérifie maintenant l'entrée.",
    "Voulez-vous que je lance les tests ?",
    "N'hésitez pas à me dire si je dois modifier autre chose.",
    "Le serveur va lire la configuration au démarrage.",
    "Я прочитал файл и исправил ошибку. Все тесты проходят.",
    "Теперь функция проверяет ввод и пишет в журнал.",
    "Запустить тесты?",
    "Если хотите, я проверю остальные файлы.",
    "Готово: теперь исправлено, всё работает.",
    "我已经读取了文件并修复了错误。所有测试都通过了。",
    "现在函数会检查输入。",
    "需要我运行测试吗？",
    "如果需要，我会继续检查其他文件。",
    "程序会先读取配置，然后打开数据库。",
    "I have read the file and fixed the bug. All tests pass.",
    "The server will read the configuration at start.",
    "You can now run the tests.",
    "It should work now; the parser checks its input first.",
    "Done. I used Read on the file, and nothing else is needed.",
]


@pytest.mark.parametrize("text", PROMISES)
def test_a_promise_is_seen_in_the_language_of_the_user(text: str) -> None:
    assert announces(text, TOOLS)
    assert announces(f"Longer words before it come first.\n\n{text}\n", TOOLS)


@pytest.mark.parametrize("text", GOOD_ENDS)
def test_a_good_end_is_not_taken_for_a_promise(text: str) -> None:
    assert not announces(text, TOOLS)
