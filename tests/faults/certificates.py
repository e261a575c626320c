"""A private authority and certificates of it, made with the program openssl."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only a client which names its `file` trusts."""

    file: Path
    key: Path
    folder: Path

    def context(self, names: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """Return a server's TLS settings with a certificate for `names` (subjectAltName)."""
        place = self.folder / names.replace(":", "-").replace(".", "-")
        key, request, made = (place.with_suffix(end) for end in (".key", ".csr", ".pem"))
        subject = ("-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gitlab")
        _openssl("req", *subject, "-keyout", key, "-out", request)
        place.write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        signed_by = ("-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2")
        _openssl("x509", "-req", "-in", request, *signed_by, "-extfile", place, "-out", made)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        return context


def make_authority(folder: Path, name: str = "Private CA") -> Authority:
    """Make an authority; skip the test where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no program openssl to make certificates with")
    folder.mkdir(exist_ok=True)
    key, made = folder / "ca.key", folder / "ca.pem"
    usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-config", _empty_config(folder), *usage, "-keyout", key, "-out", made),
    )
    return Authority(made, key, folder)


def _empty_config(folder: Path) -> Path:
    """Keep the extensions of the machine's own configuration out."""
    path = folder / "openssl.cnf"
    path.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    return path


def _openssl(*arguments: object) -> None:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
