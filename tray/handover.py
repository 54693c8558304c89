"""Settings handed over to the layers, each in its own types."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from budget.clock import Clock
from pricing.power import Machinery, find
from pricing.table import PriceTable
from proxy.classify import Classifier, Restricted
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.services import ProxyOptions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local import LocalSetting, Registry
from proxy.upstream.local_model import ModelSetting
from tray.paths import Paths
from tray.settings import Local, OneModel, Settings


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
        shares=settings.shares,
    )


def classifier_of(settings: Settings) -> Classifier:
    """Make the classifier; it has seen no conversation yet."""
    return Classifier(Restricted(settings.restricted_paths), caution=settings.caution)


def registry_of(
    settings: Settings, environ: Mapping[str, str], clock: Clock, knowledge: Knowledge | None = None
) -> Registry:
    """Make the registry of local servers; it has asked none of them yet."""
    configured = tuple(_local(local, environ) for local in settings.locals)
    return Registry(configured, settings.discover, clock, knowledge=knowledge)


def local_costs_of(settings: Settings) -> LocalCosts:
    """Make what meters local requests; it has looked for no meter yet."""
    machinery = Machinery(time.monotonic)
    which, gpu = settings.machine.power, settings.machine.gpu
    return LocalCosts(settings.machine, Meter(lambda: find(which, machinery, gpu), time.monotonic), time.monotonic)


def prices_of(paths: Paths) -> PriceTable:
    """Load the prices: packaged, refreshed, a person's own."""
    return PriceTable.load(refreshed=paths.refreshed_prices, user=paths.user_prices)


def _local(local: Local, environ: Mapping[str, str]) -> LocalSetting:
    return LocalSetting(
        name=local.name,
        url=local.url,
        kind=local.kind,
        models=local.models,
        context=local.context,
        max_output=local.max_output,
        vision=local.vision,
        tools=local.tools,
        api_key=environ.get(local.api_key_env, "") if local.api_key_env else "",
        concurrency=local.concurrency,
        first_s=local.first_token_s,
        idle_s=local.idle_s,
        keep_alive=local.keep_alive,
        thinking=local.thinking,
        messages_api=local.messages_api,
        each=tuple(_one_model(model) for model in local.model),
    )


def _one_model(model: OneModel) -> ModelSetting:
    return ModelSetting(
        name=model.name,
        context=model.context,
        max_output=model.max_output,
        vision=model.vision,
        tools=model.tools,
        concurrency=model.concurrency,
        first_s=model.first_token_s,
        idle_s=model.idle_s,
        keep_alive=model.keep_alive,
        thinking=model.thinking,
    )


Load = Callable[[], Settings]
"""Reads the config file; raises SettingsError."""
