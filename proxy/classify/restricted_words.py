"""Restricted words: the vocabulary of secrets, sign-in, payments, personal data and law, in several languages.

Boundaries are ASCII ones, so that a word next to Chinese or Cyrillic letters is still a word.
"""

from __future__ import annotations

import re
from itertools import islice

ENDS = 250
"""Characters at the beginning and the end of a long text that say what it is about."""

OFTEN = 3

_SECRETS = (
    r"\bapi[ _-]?keys?\b|\b(?:access|auth|refresh|bearer|id|csrf|session|github|gitlab|gh|npm|"
    r"slack|bot|deploy|service|"
    r"personal access|grant|secret)[ _-]tokens?\b|\b(?:secret|private|signing|encryption|service|"
    r"ssh|gpg|deploy|license)[ _-]keys?\b|"
    r"\bcredentials?\b|\bpassw(?:or)?ds?\b|\bpassphrase\b|\b[a-z0-9_]*_(?:api_key|secret|"
    r"(?:secret|private|publishable|access|auth)_key|token|password)\b|\b(?:github|"
    r"secrets)\.\w*token\b|"
    r"\b(?:github|repository|environment|env|ci|actions?|k8s|kubernetes|docker|vault|app|client|"
    r"my|our|the|these|those|what|which|"
    r"need|store|rotate|manage|add|set|about|more|some|a) secrets?\b(?! (?:sauce|santa|weapon))|"
    r"\bsecrets (?:manag|file|store|scan)|"
    r"\b(?:this|the|my|a|new|which|your) token\b(?! (?:count|limit|usage|budget|window|stream|per|estimat|cost))|"
    r"\btokens? (?:validation|permission|scope|expir|rotat|refresh|exchange|leak)|"
    r"\benv(?:ironment)? (?:files?|secrets?)\b|\bmy key\b|\bssh\b.{0,12}\b(?:key|auth|login)|"
    r"\bleaked?\b.{0,20}\b(?:key|secret)|"
    r"\bcertificates?\b|\bkeychain\b|\bkeystore\b"
)
_AUTH = (
    r"\bauth\b(?!or)|\bauthn\b|\bauthz\b|\bauthenticat(?:e|es|ed|ing|ion|or)\b|\bauthoriz(?:e|es|ed|ing|ation)\b|"
    r"\bauthoris(?:e|ation)\b|\bo-?auth ?2?\b|\boidc\b|\bopenid\b|\bjwts?\b|\bsso\b|\bsaml\b|"
    r"\bldap\b|\brbac\b|\bacls?\b|"
    r"\brow[ -]level security\b|\brls\b|\b2fa\b|\bmfa\b|\btotp\b|\bpasskeys?\b|\bwebauthn\b|\bmagic links?\b|"
    r"\b(?:user |admin )?log[ -]?ins?\b|\blogging (?:in|out)\b|\blog ?outs?\b|\bsign[ -]?(?:ups?|"
    r"ins?|outs?)\b|\bpassword reset\b|"
    r"\bsession (?:cookies?|hijack|fixation|management)\b|\bcsrf\b|\buser roles?\b|\brole[- ]based\b|\bimpersonat|"
    r"\bwebhook (?:signatures?|secret|verification)\b|\buser registration\b"
)
_MONEY = (
    r"\bpayments?\b|\bpayment_\w+|\bstripe\b(?!-cli)|\bpaypal\b|\bbraintree\b|\badyen\b|"
    r"\bcredit cards?\b|\bpci(?:[- ]dss)?\b|"
    r"\bcheckout (?:flow|page|session|process)\b|\brefunds?\b|\bchargebacks?\b|\bbilling\b|\bpayouts?\b|\biban\b|"
    r"\bbank (?:account|transfer|details)\b|\bpayroll\b|\bsubscription (?:billing|payment|plan)s?\b"
)
_PERSONAL = (
    r"\bgdpr\b|\bhipaa\b|\bccpa\b|\blgpd\b|\bkyc\b|\bphi\b(?! \d)|\bpii\b|"
    r"\bpersonal(?:ly identif\w+)? (?:data|information)\b|"
    r"\b(?:patient|medical|health) (?:records?|data|information)\b|\bsocial security number\b|"
    r"\bssn\b|\bright to be forgotten\b|"
    r"\bdata (?:protection|retention|subject)\b|\bcookie consent\b"
)
_LEGAL = (
    r"\bprivacy (?:policy|notice)\b|\bterms of (?:service|use)\b|\bterms and conditions\b|"
    r"\beula\b|\bnda\b|\bliabilit(?:y|ies)\b|"
    r"\b(?:choose|choice of|which|change|switch|pick|re)[- ]?(?:the |a |our |to )?licen[cs](?:e|"
    r"ing)\b|\b(?:mit|apache|a?gpl|bsd) licen[cs]e\b|"
    r"\blicen[cs]e (?:agreement|compatib|terms|violation|header)|\blegal (?:text|advice|notice|"
    r"team|review|terms|document|page)s?\b|"
    r"\bcompliance\b|\b(?:employment|customer|vendor|legal) contracts?\b|\bcopyright\b|"
    r"\btrademark\b|\bindemnif|\bsoc ?2\b|\bdpa\b"
)
_OTHER_LANGUAGES = (
    # Chinese and Japanese.
    ("auth", r"登录|登入|注册|认证|鉴权|授权|权限控制|单点登录|認証|ログイン|認可|サインイン|会员注册|로그인|인증"),
    ("secret", r"密码|口令|密钥|私钥|秘钥|令牌|凭证|凭据|证书|パスワード|秘密鍵|環境変数ファイル|비밀번호"),
    ("payment", r"支付|付款|退款|账单|微信支付|支付宝|決済|支払い|결제"),
    ("personal", r"隐私|个人信息|个人数据|個人情報|身份证"),
    ("legal", r"合规|法律|条款|合同|许可证|版权|利用規約"),
    # Spanish and Portuguese.
    (
        "auth",
        r"\b(?:inici(?:o|ar) (?:de )?sesi\u00f3n|autenticaci\u00f3n|autorizaci\u00f3n|"
        r"autentica(?:\u00e7\u00e3o|r)|autoriza\u00e7\u00e3o|registro de usuarios?|fazer login|"
        r"tela de login)",
    ),
    (
        "secret",
        r"\b(?:contrase\u00f1as?|credenciales|credenciais|senhas?\b|claves? (?:secreta|privada|de api|"
        r"api)|chaves? (?:secreta|privada|de api|da api|api)|certificados?\b)",
    ),
    (
        "payment",
        r"\b(?:pagos?\b|pagamentos?\b|reembolsos?\b|facturaci\u00f3n|faturamento|"
        r"tarjetas? de cr\u00e9dito|cart\u00e3o de cr\u00e9dito|pasarela)",
    ),
    ("personal", r"\b(?:datos personales|dados pessoais|protecci\u00f3n de datos|prote\u00e7\u00e3o de dados)"),
    (
        "legal",
        r"\b(?:pol\u00edtica de privacidad|pol\u00edtica de privacidade|"
        r"t\u00e9rminos (?:y condiciones|de servicio)|termos de (?:uso|servi\u00e7o)|aviso legal|"
        r"cumplimiento normativo|licencia mit|contratos? legal)",
    ),
    # German.
    (
        "auth",
        r"\b(?:anmeld(?:ung|en|eseite|eformular)|einlogg|authentifizier|autorisier|registrierung|"
        r"berechtigung|zugriffsrechte)",
    ),
    (
        "secret",
        r"\b(?:passw(?:ort|\u00f6rter)|zugangsdaten|geheim(?:nis|schl\u00fcssel)|(?:privat|api|"
        r"geheim)\w*[- ]?schl\u00fcssel|zertifikat|kennw(?:ort|\u00f6rter))",
    ),
    ("payment", r"\b(?:zahlung|bezahl(?:ung|en|vorgang)|r\u00fcckerstattung|abrechnung|kreditkarte|kasse\b)"),
    ("personal", r"\b(?:dsgvo|datenschutz|personenbezogen|patientendaten|gesundheitsdaten)"),
    (
        "legal",
        r"\b(?:agb|impressum|nutzungsbedingungen|rechtlich|haftung|vertrag\b|vertr\u00e4ge|"
        r"urheberrecht|lizenz(?:vertrag|wahl|text))",
    ),
    # French.
    (
        "auth",
        r"\b(?:authentification|autorisation|(?:page|formulaire|\u00e9cran) de connexion|se connecter|"
        r"inscription|droits d.acc\u00e8s)",
    ),
    (
        "secret",
        r"\b(?:mots? de passe|identifiants de connexion|cl\u00e9s? (?:secr\u00e8te|priv\u00e9e|d.api|"
        r"api)|certificats?\b|jetons? d)",
    ),
    ("payment", r"\b(?:paiements?|remboursements?|facturation|carte (?:bancaire|de cr\u00e9dit))"),
    ("personal", r"\b(?:rgpd|donn\u00e9es (?:personnelles|de sant\u00e9))"),
    (
        "legal",
        r"(?:politique de confidentialit\u00e9|mentions l\u00e9gales|"
        r"conditions (?:g\u00e9n\u00e9rales|d.utilisation)|\bjuridique|\bconformit\u00e9)",
    ),
    # Russian.
    ("auth", r"авториз|аутентиф|логин|регистраци|вход в систему|страниц\w* входа|прав\w* доступа|войти"),
    (
        "secret",
        r"парол|секретн|приватн\w* ключ|закрыт\w* ключ|ключ\w* api|api[ -]ключ|учетн\w* данн|"
        r"учётн\w* данн|сертификат",
    ),
    ("payment", r"оплат|плат[её]ж|возврат\w* средств|банковск\w* карт|биллинг"),
    ("personal", r"персональн\w* данн|личн\w* данн|конфиденциальн"),
    ("legal", r"юридическ|лицензи|договор|соглашени|авторск\w* прав"),
)

_RULES = tuple(
    (f"words.{rule}", re.compile(pattern, flags))
    for rule, pattern, flags in (
        ("secret", _SECRETS, re.A),
        ("auth", _AUTH, re.A),
        ("payment", _MONEY, re.A),
        ("personal", _PERSONAL, re.A),
        ("legal", _LEGAL, re.A),
        *((rule, pattern, 0 if re.search("[а-я]", pattern) else re.A) for rule, pattern in _OTHER_LANGUAGES),
    )
)

# Phrases in which such a word means something harmless.
_HARMLESS = re.compile(
    r"\b(?:token|tokens) (?:count|limit|usage|budget|window|stream|per|estimat|cost)\w*|"
    r"\bjson tokens?\b|\bcss tokens?\b|"
    r"\bdesign tokens?\b|\bmax[ _]tokens\b|\b(?:input|output|prompt|completion|thinking|context|cached?) tokens?\b|"
    r"\bauthors?(?:ed|ing|ship)?\b|\b(?:dict|primary|foreign|sort|cache|map|partition|arrow|hot)[ _-]keys?\b|"
    r"\b(?:api|data|interface|type|smart|schema) contracts?\b|\b(?:stripe|gh|vercel)[- ]cli\b|"
    r"\bsecret sauce\b|\bno secret\b|\bopen the door\b|\bcommit sign-?off\b",
    re.A,
)
_CONCEPT = re.compile(
    r"^\W*(?:(?:can|could|please|briefly|kindly|you|me)\W+){0,4}(?:explain|what(?:'s| is| are|"
    r" does)|how (?:do|does|is)|"
    r"describe|tell me about|define|teach|compare|difference between|qué es|explica|was ist|"
    r"erkläre?|qu'est-ce|explique|"
    r"что такое|объясни|什么是|解释|o que é)",
    re.I,
)
_OF_PROJECT = re.compile(
    r"\b(?:my|our|this|these|that|we|us|here|i|it|mine|above|below|repo|codebase|project|code|"
    r"file|implement\w*|app)\b|[@/]\w|"
    r"\b\w+\.\w{1,4}\b|mi\b|nuestro|mein|unser|notre|mon\b|наш|我们|我的|这个|项目|meu|nosso",
    re.A,
)


def restricted_words(low: str) -> str | None:
    """Name the rule of the first restricted word in a text of small letters; questions about concepts are free.

    A long text is about what its ends say, or about what it says again and again: one word in passing is not enough.
    """
    text = _HARMLESS.sub(" ", low)
    ends = f"{text[:ENDS]} {text[-ENDS:]}" if len(text) > 2 * ENDS else text
    found = _first(ends)
    if found:
        return None if is_concept(low) else found
    return _first(text) if ends is not text and _mentions(text) >= OFTEN else None


def _first(text: str) -> str | None:
    return next((rule for rule, pattern in _RULES if pattern.search(text)), None)


def _mentions(text: str) -> int:
    return sum(1 for _, pattern in _RULES for _ in islice(pattern.finditer(text), OFTEN))


def is_concept(low: str) -> bool:
    """Tell whether a short question is about a concept, and not about anything in the project."""
    return len(low) < 240 and bool(_CONCEPT.match(low)) and not _OF_PROJECT.search(low)
