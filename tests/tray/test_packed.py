"""What the packaged program owes to the programs that it starts."""

from __future__ import annotations

from tray.packed import put_back


def test_other_programs_get_the_libraries_that_they_had_before():
    environ = {"LD_LIBRARY_PATH": "/opt/bursar/_internal:/mine", "LD_LIBRARY_PATH_ORIG": "/mine", "HOME": "/home/a"}
    put_back(environ)
    assert environ == {"LD_LIBRARY_PATH": "/mine", "HOME": "/home/a"}


def test_where_there_were_none_there_are_none():
    environ = {"LD_LIBRARY_PATH": "/opt/bursar/_internal", "PATH": "/bin"}
    put_back(environ)
    assert environ == {"PATH": "/bin"}


def test_a_bursar_that_is_started_from_here_begins_afresh():
    environ = {"_PYI_ARCHIVE_FILE": "/opt/bursar/bursar", "_PYI_PARENT_PROCESS_LEVEL": "1", "LANG": "C"}
    put_back(environ)
    assert environ == {"LANG": "C"}
