"""Settings handed over to the layers, each in its own types."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from budget.clock import Clock, Elapsed
from pricing.power import Machinery, find
from pricing.table import PriceTable
from proxy.classify import Classifier, Restricted
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.services import ProxyOptions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local import LocalSetting, Registry
from tray.alerts.courier import Wishes
from tray.paths import Paths
from tray.settings import Local, Settings


def cloud_of(settings: Settings) -> Cloud:
    """Say where Claude is."""
    return Cloud(settings.cloud.url, settings.cloud.ca_file, settings.cloud.proxy or "")


def options_of(settings: Settings) -> ProxyOptions:
    """Say how requests are carried."""
    return ProxyOptions(
        restricted=settings.restricted,
        drain=settings.on_disconnect == "drain",
        is_strict=settings.strict,
        queue_wait_s=float(settings.queue_wait_s),
        lower_max_tokens=settings.allow_lower_max_tokens,
        rules=settings.rules,
        cloud_models=settings.cloud_models,
        cache_gate=settings.cache_gate,
        patience_s=float(settings.patience_s) or None,
        shares=settings.shares,
        keeper=settings.keeper,
        workday=settings.workday,
    )


def wishes_of(settings: Settings) -> Wishes:
    """Say where alerts go, which kinds do not, and by which clock they tell the time."""
    return Wishes(settings.notify.to, settings.notify.mute, settings.zone)


def classifier_of(settings: Settings) -> Classifier:
    """Make the classifier; it has seen no conversation yet."""
    return Classifier(Restricted(settings.restricted_paths), caution=settings.caution)


def registry_of(
    settings: Settings, environ: Mapping[str, str], clock: Clock, knowledge: Knowledge | None = None
) -> Registry:
    """Make the registry of local servers; it has asked none of them yet."""
    configured = tuple(_with_key(local, environ) for local in settings.locals)
    return Registry(configured, settings.discover, clock, knowledge=knowledge)


def local_costs_of(settings: Settings, elapsed: Elapsed = time.monotonic) -> LocalCosts:
    """Make what meters local requests; it has looked for no meter yet."""
    machinery = Machinery(time.monotonic)
    which, gpu = settings.machine.power, settings.machine.gpu
    return LocalCosts(settings.machine, Meter(lambda: find(which, machinery, gpu), time.monotonic), elapsed)


def prices_of(paths: Paths) -> PriceTable:
    """Load the prices: packaged, refreshed, a person's own."""
    return PriceTable.load(refreshed=paths.refreshed_prices, user=paths.user_prices)


def _with_key(local: Local, environ: Mapping[str, str]) -> LocalSetting:
    return replace(local, api_key=environ.get(local.api_key_env, "")) if local.api_key_env else local


Load = Callable[[], Settings]
"""Reads the config file; raises SettingsError."""
