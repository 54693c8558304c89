"""What the Debian package says of itself, and the scripts that dpkg runs as root."""

import subprocess
from pathlib import Path

import debian
import licences
import pytest


def test_the_control_file_has_what_the_policy_wants_and_a_description_that_fits():
    control = debian.CONTROL.format(
        version="1.2.3", architecture="amd64", maintainer="A <a@b>", kilobytes=9, glibc="2.31"
    )
    fields = dict(line.split(": ", 1) for line in control.splitlines() if not line.startswith(" "))
    assert {"Package", "Version", "Architecture", "Maintainer", "Installed-Size", "Depends", "Description"} <= set(
        fields
    )
    assert fields["Depends"] == "libc6 (>= 2.31)"
    assert len(fields["Description"]) < 80
    assert not fields["Description"].endswith(".")
    assert all(len(line) <= 80 for line in control.splitlines())


def test_every_file_that_it_packs_is_there():
    for name in (*debian.TEXTS, *debian.SCRIPTS):
        assert (debian.FILES / name).is_file()


def test_everybody_may_read_and_only_programs_are_run(tmp_path: Path):
    program = tmp_path / "opt" / "bursar" / "bursar"
    program.parent.mkdir(parents=True, mode=0o700)
    for path in (program, program.with_name("LICENSE")):
        path.write_text("x")
        path.chmod(0o600)
    debian._set_rights(tmp_path)
    modes = [path.stat().st_mode & 0o777 for path in (program, program.with_name("LICENSE"), program.parent)]
    assert modes == [0o755, 0o644, 0o755]


@pytest.mark.parametrize("name", debian.SCRIPTS)
def test_its_scripts_are_shell_and_do_nothing_but_on_a_removal(name: str):
    script = debian.FILES / name
    subprocess.run(["sh", "-n", str(script)], check=True)
    for action in ("upgrade", "deconfigure", "failed-upgrade"):
        done = subprocess.run(["/bin/sh", str(script), action], capture_output=True, env={"PATH": ""}, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_package_without_a_licence_text_is_not_shipped(tmp_path: Path):
    with pytest.raises(licences.env.SetupError, match="brings no licence text"):
        licences._copy([tmp_path / "missing"], tmp_path / "target", "somebodys-library")
