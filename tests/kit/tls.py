"""A throwaway certificate authority, made with the `openssl` command when a test needs one."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY_KIND = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
IS_THERE = shutil.which("openssl") is not None


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and its private key."""

    cert: Path
    private_key: Path


class Authority:
    """Signs certificates; trust `cert` to trust them all."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.cert, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", *KEY_KIND, "-subj", "/CN=bursar test CA", "-days", "2", *_out(self.cert, self._key))

    def issue(self, name: str = "IP:127.0.0.1", *, days: int = 2) -> Certificate:
        """Sign a certificate for `name`, as OpenSSL spells them; of 0 days, it has expired a second later."""
        stem = f"{len(list(self._folder.iterdir()))}"
        made = Certificate(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        asked, extra = self._folder / f"{stem}.csr", self._folder / f"{stem}.ext"
        extra.write_text(f"subjectAltName={name}\n", encoding="utf-8")
        _openssl("req", *KEY_KIND, "-subj", "/CN=test", *_out(asked, made.private_key))
        signer = ("-CA", str(self.cert), "-CAkey", str(self._key), "-CAcreateserial", "-extfile", str(extra))
        _openssl("x509", "-req", "-in", str(asked), "-out", str(made.cert), "-days", str(days), *signer)
        return made


def _out(out: Path, key: Path) -> tuple[str, ...]:
    return ("-out", str(out), "-keyout", str(key))


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
