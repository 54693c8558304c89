"""Classify: what a request asks for and how much it matters, from its bytes alone."""

from __future__ import annotations

from proxy.classify.classifier import Classifier, classify
from proxy.classify.paths import Restricted

__all__ = ["Classifier", "Restricted", "classify"]
