"""Keyword rules as a developer writes them in an hour: what our classifier has to be better than."""

from __future__ import annotations

import re

from proxy.task import Tier

RESTRICTED = re.compile(
    r"\b(?:passwords?|secrets?|credentials?|api[ _-]?keys?|private keys?|access tokens?|auth|oauth|login|log in|jwt|"
    r"stripe|payments?|billing|invoices?|gdpr|privacy|licen[cs]e agreement|compliance|\.env|passwort|contraseña|"
    r"mot de passe)\b|密码|密钥|支付|пароль|パスワード",
    re.I,
)
COMPLEX = re.compile(
    r"\b(?:architecture|design|implement|migrat\w*|refactor\w*|root cause|investigate|performance|concurren\w*|"
    r"race condition|deadlock|security|production|distributed|review|plan|strategy|integrat\w*|optimi[sz]e\w*|"
    r"from scratch|end[- ]to[- ]end|entire|whole|all (?:the )?(?:files|services|pages)|architektur|entwirf|analysiere|"
    r"diseña|implementa|conçois)\b|架构|设计|实现|重构|архитектур|реализ",
    re.I,
)
SAFE = re.compile(
    r"^\W*(?:what|where|which|why|who|when|how (?:do|does|is|are)|explain|summari[sz]e|describe|list|show|translate|"
    r"is there|are there|can you explain|was|wo|warum|wie|erkläre|qué|dónde|por qué|qu'est|où|pourquoi)\b|"
    r"\b(?:readme|docstrings?|comments?|typos?|changelog|documentation)\b|什么|为什么|解释|что|почему|объясни",
    re.I,
)
LONG = 1200
"""Characters; who writes so much asks for much."""


def by_keywords(text: str) -> Tier:
    """Take the highest tier that a word speaks for; what no word speaks for is routine."""
    if RESTRICTED.search(text):
        return Tier.L3
    if COMPLEX.search(text) or len(text) > LONG:
        return Tier.L2
    return Tier.L0 if SAFE.search(text) else Tier.L1
