"""Real panels, as people run them, on a screen that nobody sees: each with little more on it than the tray."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from PIL import Image

from tests.kit.screen import WIDTH, Box, Screen
from tray.backends.choose import SYSTEM_PYTHON

STRIP: Box = (640, 0, WIDTH, 36)
"""The part of the panel where the tray is, at the top."""

EXTENSIONS = Path("/usr/share/gnome-shell/extensions")
XFCONFD = Path("/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd")

XFCE = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/><value type="int" value="2"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray"/>
  </property>
</channel>
"""
TINT2 = """rounded = 0
border_width = 0
background_color = #30343c 100
panel_items = FS
panel_size = 100% 32
panel_position = top center horizontal
panel_background_id = 1
systray_icon_size = 22
"""
GNOME = """[org/gnome/shell]
enabled-extensions=['ubuntu-appindicators@ubuntu.com', 'appindicatorsupport@rgcjonas.gmail.com']
welcome-dialog-last-shown-version='999'

[org/gnome/desktop/interface]
enable-animations=false

[org/gnome/desktop/notifications]
show-banners=false
"""
LXQT = """[General]
__userfile__=true
panels=panel1

[panel1]
alignment=-1
panelSize=32
iconSize=22
position=Top
plugins=spacer, statusnotifier
width=100
width-percent=true

[spacer]
type=spacer
size=800

[statusnotifier]
type=statusnotifier
"""


class XfcePanel:
    """The panel of XFCE, with nothing on it but the tray."""

    desktop = "XFCE"
    commands = ("xfce4-panel", "xdotool", "Xvfb", "dbus-daemon")
    height = 29

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        folder = screen.folder / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        folder.mkdir(parents=True)
        (folder / "xfce4-panel.xml").write_text(XFCE, encoding="utf-8")
        screen.start(str(XFCONFD))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Image.Image:
        """Show it; gives the picture of its strip once it is drawn."""
        empty = self._screen.picture(STRIP)
        self._process = self._screen.start("xfce4-panel", "--disable-wm-check")
        self._screen.change(empty, STRIP)
        return self._screen.still(STRIP)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


class LxqtPanel:
    """The panel of LXQt, with nothing on it but the tray."""

    desktop = "LXQt"
    commands = ("lxqt-panel", "openbox", "xdotool", "Xvfb", "dbus-daemon")
    height = 32

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        (screen.folder / "lxqt").mkdir()
        (screen.folder / "lxqt" / "panel.conf").write_text(LXQT, encoding="utf-8")
        screen.start("openbox")  # Without a window manager it shows nothing.
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Image.Image:
        """Show it; gives the picture of its strip once it is drawn."""
        empty = self._screen.picture(STRIP)
        self._process = self._screen.start("lxqt-panel")
        self._screen.change(empty, STRIP)
        return self._screen.still(STRIP)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


class Tint2:
    """A panel that shows icons of the old kind only, by XEmbed."""

    desktop = ""
    commands = ("tint2", "openbox", "xdotool", "Xvfb", "dbus-daemon")
    height = 32

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        (screen.folder / "tint2").mkdir()
        (screen.folder / "tint2" / "tint2rc").write_text(TINT2, encoding="utf-8")
        screen.start("openbox")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Image.Image:
        """Show it; gives the picture of its strip once it is drawn."""
        empty = self._screen.picture(STRIP)
        self._process = self._screen.start("tint2")
        self._screen.change(empty, STRIP)
        return self._screen.still(STRIP)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


class GnomeShell:
    """GNOME with the AppIndicator extension, whose panel cannot be had without all of it."""

    desktop = "GNOME"
    commands = ("gnome-shell", "xdotool", "Xvfb", "dbus-daemon")
    height = 32

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        (screen.folder / "glib-2.0" / "settings").mkdir(parents=True)
        (screen.folder / "glib-2.0" / "settings" / "keyfile").write_text(GNOME, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Image.Image:
        """Show it without its overview of windows; gives the picture of its strip once it is drawn."""
        own = {
            "GSETTINGS_BACKEND": "keyfile",
            "XDG_SESSION_TYPE": "x11",
            "XDG_CURRENT_DESKTOP": "GNOME",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "DBUS_SYSTEM_BUS_ADDRESS": self._screen.bus.address,
        }
        empty = self._screen.picture()
        self._process = self._screen.start("gnome-shell", "--x11", environ=self._screen.environ | own)
        self._screen.change(empty)
        overview = self._screen.still()
        self._screen.press("Escape")
        self._screen.change(overview)
        return self._screen.still(STRIP)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


PANELS: dict[str, type[XfcePanel] | type[LxqtPanel] | type[GnomeShell] | type[Tint2]] = {
    "xfce": XfcePanel,
    "lxqt": LxqtPanel,
    "gnome": GnomeShell,
    "tint2": Tint2,
}


def missing(name: str) -> list[str]:
    """List what is not there of what a panel needs."""
    lacks = [command for command in PANELS[name].commands if shutil.which(command) is None]
    lacks += [XFCONFD.name] if name == "xfce" and not XFCONFD.exists() else []
    lacks += ["an AppIndicator extension"] if name == "gnome" and not list(EXTENSIONS.glob("*indicator*")) else []
    return lacks + ([f"GTK 3 for {SYSTEM_PYTHON}"] if name == "tint2" and not _has_gtk() else [])


def _has_gtk() -> bool:
    asked = "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk"
    if not Path(SYSTEM_PYTHON).exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", asked], capture_output=True, check=False).returncode == 0
