"""The composition root: builds everything once from the settings, hands it down, runs it, takes it down in order."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from budget.archive import Archive
from budget.clock import Clock, Elapsed, elapsed
from budget.events import ClockJumped, Event, LimitsChanged, Stopped
from budget.instance import InstanceLock, Owner
from budget.ledger import Ledger
from proxy.app import create_app, shortcuts
from proxy.baseline import Recorder
from proxy.baselinekept import KeptRatios
from proxy.control import create_control
from proxy.keeper.keeper import Keeper as CacheKeeper
from proxy.keeper.past import learn
from proxy.restrictions import Restrictions
from proxy.server import Server
from proxy.services import Services
from proxy.sessions import Sessions
from proxy.statusjson import status_json
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.prober import Prober
from proxy.wire.crowd import MOST_ON_CONTROL, most_agents
from proxy.wire.wsgi import WsgiApp
from tray.alerts.courier import Courier, Wishes
from tray.alerts.desktop import Everywhere
from tray.alerts.post import Post
from tray.alerts.watch import Watch
from tray.control import Control
from tray.coredump import write_none
from tray.desk import InForce, Prices, SettingsDesk
from tray.files import private_folder, write_private
from tray.garbage import aside_from_what_stays
from tray.handover import Load, classifier_of, cloud_of, local_costs_of, options_of, registry_of, wishes_of
from tray.jobs import DAY, HEALTH, OFFER, Report, jobs_of
from tray.journal import form_on_screen
from tray.listener import Listener, tell_log
from tray.logs import configure
from tray.memory import take_sparingly
from tray.modelnames import unknown_models
from tray.onecore import OneCore, this_machine
from tray.paths import Paths
from tray.projectfile import ProjectFiles
from tray.renewal import renewal_jobs
from tray.reports import Keeper
from tray.scheduler import Scheduler
from tray.settings import Settings
from tray.signals import Signals
from tray.wake import Wake

if TYPE_CHECKING:
    from tray.desktop import Desktop

DRAIN_S = 30.0

log = logging.getLogger(__name__)


class App:
    """A bursar that is ready to serve; `run` serves until a signal, `close` takes it down.

    `control` is what a tray in this process orders through, as our own commands do from theirs; `everywhere` is what
    delivers alerts, and wants a notifier before the start.
    """

    def __init__(
        self,
        services: Services,
        proxy: Server,
        control_server: Server,
        end: ExitStack,
        beside: tuple[Callable[[], None], ...],
        desk: SettingsDesk,
        control: Control,
        everywhere: Everywhere,
        signals: Signals,
    ) -> None:
        """Take what was built; `beside` starts what works beside the servers, and `end` ends all of it."""
        self.services, self.desk, self.control, self.everywhere = services, desk, control, everywhere
        self.signals = signals
        self._proxy, self._control, self._end, self._beside = proxy, control_server, end, beside
        self._leaving = threading.Event()

    @property
    def proxy_url(self) -> str:
        """Where agents connect."""
        return self._proxy.url

    @property
    def control_url(self) -> str:
        """Where our own commands connect."""
        return self._control.url

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.desk.settings_in_force

    def status(self) -> dict[str, Any]:
        """Tell what the control server would; raises LedgerUnavailable or TimeoutError."""
        return status_json(self.services, self.desk)

    def run(self, desktop: Desktop) -> bool:
        """Serve until SIGTERM, SIGINT or SIGHUP; a second one ends the answers under way at once.

        The desktop has the main thread meanwhile, and until the last answer has ended. Tells whether bursar is to begin
        anew, because its program was replaced, and nobody has asked it to leave for good.
        """
        self.signals.listen()
        self.start()
        aside_from_what_stays()
        leaving = threading.Thread(target=self._leave_when_asked, args=(desktop,), name="leaving")
        leaving.start()
        desktop.run()
        leaving.join()
        return self.signals.is_coming_back

    def start(self) -> None:
        """Begin to serve; returns at once."""
        for server in (self._control, self._proxy):
            server.start()
            self._end.callback(server.stop)
        for start in self._beside:
            start()
        services = self.services
        prober = Prober(
            lambda: services.locals,
            clock=services.clock,
            leaving=self._leaving,
            busy=services.slots.is_busy,
        )
        threading.Thread(target=prober.run, name="prober", daemon=True).start()
        if services.keeper:
            threading.Thread(target=services.keeper.run, args=(self._leaving,), name="keeper", daemon=True).start()
        log.info("serving agents at %s, control at %s", self.proxy_url, self.control_url)

    def close(self, drain_s: float = DRAIN_S) -> None:
        """Take no new connections, let answers end, settle every hold, and let go of everything."""
        self._drain(drain_s)
        self._let_go()

    def _leave_when_asked(self, desktop: Desktop) -> None:
        try:
            self.signals.wait()
            threading.Thread(target=self._hurry, name="hurry", daemon=True).start()
            desktop.leaving()
            self._drain(DRAIN_S)
        finally:
            try:
                desktop.stop()
            finally:  # Not left to the main thread: a desktop that hangs must keep no next start from the lock.
                self._let_go()

    def _drain(self, drain_s: float) -> None:
        self._leaving.set()
        log.info("leaving: answers under way may end, for up to %.0f s", drain_s)
        self._proxy.drain(drain_s)
        self._control.drain(1.0)

    def _let_go(self) -> None:
        self._end.close()
        log.info("ended")

    def _hurry(self) -> None:
        self.signals.wait()
        self.signals.is_coming_back = False
        self._proxy.cut(lambda _: True)


def build(
    load: Load,
    paths: Paths,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    on_screen: bool = True,
    elapsed: Elapsed = elapsed,
) -> App:
    """Build all of bursar, holding its lock and its ports; `on_screen`: warnings go to stderr as well.

    `clock` and `elapsed` are the two clocks of the ledger, which have to move together.

    Raises AlreadyRunning, PortTakenError, SettingsError, UnsafeFileError, PriceTableError; then nothing is left behind.
    """
    take_sparingly()
    write_none()
    with ExitStack() as end:
        settings = load()
        lock = end.enter_context(InstanceLock(private_folder(paths.state)))
        configure(paths.log_file, paths.crash_file, on_screen=form_on_screen(environ) if on_screen else None)
        ledger = Ledger.open(paths.ledger, clock=clock, limits=settings.limits(), zone=settings.zone, monotonic=elapsed)
        end.callback(ledger.close)
        in_force, prices = InForce(settings), Prices(paths)
        for line in unknown_models(settings, prices.table):
            log.warning("config file: %s It is not used.", line)
        services = _services(in_force, prices, ledger, paths, environ, clock)
        services.baselines = _recorder(ledger, prices, clock, paths, end)
        ports: dict[str, int] = {}
        desk = SettingsDesk(in_force, load, paths, services, prices, environ=environ, ports=ports)
        token, archive = secrets.token_urlsafe(32), Archive(paths.reports)
        proxy, control_server = _servers(services, settings, create_control(services, token, desk, archive))
        everywhere, courier, watch = _alerts(ledger, in_force, prices, clock)
        report = Keeper(archive, ledger, clock, services.zone, paths.simulated_mark).keep
        signals = Signals()
        desk.leave = signals.leave
        end.callback(courier.stop)
        timer = _timer(services, watch, report, signals, elapsed, end)
        wake = Wake(lambda: begin_anew(proxy, timer), clock, elapsed)
        end.callback(wake.stop)
        listener = Listener(lambda event: act_on(event, proxy, watch, timer))
        end.callback(listener.stop)
        for hear in (watch.note_spend, listener.take, services.log.hear, services.tally.hear):
            end.callback(ledger.subscribe(hear))
        services.cut = proxy.cut
        services.keeper = CacheKeeper(services, elapsed, proxy.carry, lambda: learn(ledger.file, clock()))
        end.callback(lambda: paths.token_file.unlink(missing_ok=True))
        write_private(paths.token_file, token.encode())
        ports.update(proxy=proxy.port, control=control_server.port)
        lock.announce(ports)
        control = Control(Owner(os.getpid(), ports), token)
        one_core = OneCore(this_machine())
        end.callback(one_core.stop)
        beside = (courier.start, timer.start, wake.start, one_core.start)
        return App(services, proxy, control_server, end.pop_all(), beside, desk, control, everywhere, signals)


def _servers(services: Services, settings: Settings, control_app: WsgiApp) -> tuple[Server, Server]:
    """Give the agents' server and the person's: the second answers even when every worker of the first streams."""
    agents, most = create_app(services), most_agents()
    proxy = Server(agents, settings.port, name="proxy", most=most, shortcuts=shortcuts(services))
    port = settings.control_port
    return proxy, Server(control_app, port, name="control", workers=4, most=MOST_ON_CONTROL, has_forms=True)


def _alerts(ledger: Ledger, in_force: InForce, prices: Prices, clock: Clock) -> tuple[Everywhere, Courier, Watch]:
    """Give where alerts go, who carries them there, and who finds a reason for one."""
    everywhere = Everywhere(Post())
    courier = Courier(ledger.outbox, everywhere, lambda: _wishes(in_force.settings, everywhere), clock)
    watch = Watch(ledger, courier, lambda: prices.table, clock, lambda: in_force.settings.keep_details_days)
    return everywhere, courier, watch


def _timer(
    services: Services, watch: Watch, report: Report, signals: Signals, elapsed: Elapsed, end: ExitStack
) -> Scheduler:
    """Give what does the jobs that come due; a server that fails is looked at soon."""
    leaving = threading.Event()
    jobs = jobs_of(services, watch, lambda name: timer.soon(name), report)
    renewal = renewal_jobs(lambda: services.ledger.today().open_holds > 0, signals.begin_anew, elapsed, leaving)
    timer = Scheduler((*jobs, *renewal))
    services.locals.on_failure = lambda: timer.soon(HEALTH)
    services.offers.hurry = lambda: timer.soon(OFFER)
    # What ends last-in first-out: a job that waits hears that bursar leaves before the timer waits for it.
    for stop in (timer.stop, leaving.set):
        end.callback(stop)
    return timer


def _recorder(ledger: Ledger, prices: Prices, clock: Clock, paths: Paths, end: ExitStack) -> Recorder:
    recorder = Recorder(ledger, lambda: prices.table, clock, KeptRatios(paths.token_ratios))
    recorder.start()
    end.callback(recorder.end)
    return recorder


def _wishes(settings: Settings, everywhere: Everywhere) -> Wishes:
    return everywhere.wishes(wishes_of(settings), is_desktop_wanted=settings.notify.desktop)


def _services(
    in_force: InForce,
    prices: Prices,
    ledger: Ledger,
    paths: Paths,
    environ: Mapping[str, str],
    clock: Clock,
) -> Services:
    settings = in_force.settings
    return Services(
        ledger=ledger,
        prices=lambda: prices.table,
        locals=registry_of(settings, environ, clock, Knowledge(paths.knowledge)),
        cloud=cloud_of(settings),
        classifier=classifier_of(settings),
        sessions=Sessions(clock, restrictions=Restrictions(paths.restrictions)),
        clock=clock,
        zone=lambda: in_force.settings.zone,
        options=options_of(settings),
        local_costs=local_costs_of(settings),
        project=ProjectFiles(time.monotonic).project,
        is_simulated=paths.simulated_mark.exists(),
    )


def begin_anew(proxy: Server, timer: Scheduler) -> None:
    """Trust nothing that was open or planned before the clock jumped, or the machine slept."""
    proxy.drop_idle_upstreams()
    timer.all_soon()


def act_on(event: Event, proxy: Server, watch: Watch, timer: Scheduler) -> None:
    """Do what an event calls for."""
    tell_log(event)
    match event:
        case Stopped():
            proxy.cut(lambda forward: forward.is_cloud)
        case ClockJumped():
            begin_anew(proxy, timer)
        case LimitsChanged():
            timer.retime(DAY)  # The zone may be another.
        case _:
            pass
    watch.hear(event)
