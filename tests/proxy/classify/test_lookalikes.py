"""Restricted work and what only looks like it, in many languages: none is missed, and few others are taken for it."""

from __future__ import annotations

import pytest

from proxy.classify.weigh import by_words
from proxy.task import Tier

LOOKALIKES = """
count the tokens of each answer and show them in the footer
the tokenizer drops the last token, fix the loop
max_tokens should be 400
use the design tokens for the colours of the buttons
unexpected token at line 12
die Anzahl der Tokens pro Antwort stimmt nicht
muestra el número de tokens por respuesta
显示每次回答的 token 数量
покажи количество токенов в ответе
add the author to the list of posts
sort by author name
l'auteur doit être affiché sous le titre
el autor sale dos veces en la lista
поле автор не отображается
文章作者要显示在标题下面
use the dict key instead of the index
the primary key should be a uuid
la clave del diccionario tiene que ser minúscula
der Schlüssel des Dicts soll klein geschrieben sein
rename the cache key
arrow keys should move the cursor
the chat session list is empty
rename the tmux session
close the database session after the loop
checkout the branch and run it
git checkout main please
the zebra stripes of the table are gone
remove the WHERE clause
no function clause matching in Emoji.render/1
log in json format
the sign in the formula is wrong
be patient, it takes a minute
the keyframe at 2 s is missing
add the keywords to the page header
illegal argument exception in the parser
subscribe to the topic and print the messages
move the search terms to the left
the dialog in the corner does not close
file permissions of the script: make it executable
show the role attribute of the button to screen readers
""".strip().split("\n")

RESTRICTED = """
users stay logged in for ever, let the session cookie expire after a day
the reset link is valid for a week, it should be 30 minutes
nur Admins sollen die Einstellungen sehen
jeder darf nur seine eigenen Rechnungen sehen
die Patientendaten müssen nach zehn Jahren gelöscht werden
der API-Schlüssel steht im Repo, wie werde ich ihn los
solo los administradores pueden borrar
el cliente quiere pagar con tarjeta
guarda la contraseña cifrada
где лежит токен бота
только админ может удалять
клиенты хотят платить картой, подключи оплату
согласие на обработку персональных данных
只有管理员可以删除
用户只能看到自己的订单
接入微信支付
密钥泄露了怎么办
seuls les administrateurs peuvent supprimer
le client veut payer par carte bancaire
rédige la politique de confidentialité
o usuário só pode ver os seus próprios pedidos
quero receber pagamento por pix
troca a senha do banco
管理者だけが削除できるようにして
パスワードの再設定メールが届かない
決済でエラーになる
관리자만 삭제할 수 있게 해줘
결제가 두 번 됐어
şifre sıfırlama ekranı
ödeme sayfası hata veriyor
least privilege for the deploy role: write the iam policy
can we use this font commercially?
is the code of that GPL project compatible with our license
delete everything we store about a member who leaves
rotate the signing key of the firmware
where should VSCE_PAT go
the webhook signature check fails
any user can open the invoices of other users
""".strip().split("\n")

GOES_ON = [
    ("Add a login page with password reset", "the link says expired right away. clocks?"),
    ("Add a login page with password reset", "still the same error"),
    ("pago con tarjeta por Redsys", "sigue dando error en la firma"),
    ("where do I put the token of the bot? it is in the repo now", "ok take it out of the history"),
    ("Implement the Stripe checkout flow", "the webhook comes twice"),
    ("Mach den Passwort-Reset fertig", "Link ist nach einer Minute schon ungültig"),
]

STANDS_BY_ITSELF = [
    ("Add a login page with password reset", "how many tests do we have?"),
    ("Implement the Stripe checkout flow", "what does a monad do?"),
    ("rotate the signing key", "rename the variable in utils.py"),
    ("Sign in with Apple please", "commit"),
]


@pytest.mark.parametrize("text", RESTRICTED)
def test_restricted_work_is_seen_however_it_is_said(text: str) -> None:
    assert by_words(text).tier is Tier.L3


@pytest.mark.parametrize("text", LOOKALIKES)
def test_words_that_mean_something_else_do_not_restrict(text: str) -> None:
    assert by_words(text).tier < Tier.L3


@pytest.mark.parametrize(("before", "text"), GOES_ON)
def test_what_goes_on_with_restricted_work_is_restricted(before: str, text: str) -> None:
    found = by_words(text, before)
    assert found.tier is Tier.L3
    assert found.reasons[-1].where == "previous prompt"


@pytest.mark.parametrize(("before", "text"), STANDS_BY_ITSELF)
def test_what_has_nothing_to_do_with_the_restricted_work_before_it_is_not(before: str, text: str) -> None:
    assert by_words(text, before).tier < Tier.L3


@pytest.mark.parametrize("text", LOOKALIKES[::5])
def test_a_look_alike_beside_restricted_work_does_not_hide_it(text: str) -> None:
    assert by_words(f"{text}. And rotate the API keys.").tier is Tier.L3
