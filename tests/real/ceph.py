"""A real S3 server for tests and benches: Ceph's RGW, one monitor, one disk in memory; on loopback, without root.

Danger: daemons that outlive the run, or two runs that meet on a port. Invariant: everything lies in one new temporary
directory on ports the system gave; one keeper process owns the daemons and ends them, and the directory, as soon as
nobody holds the place's lock any more. A lock dies with its process, so Ctrl-C, SIGTERM and SIGKILL all end it.

    with shared_ceph(folder) as ceph:                   # the first of several processes starts it, the last one ends it
        s3 = ceph.client("s3", ceph.user("writer"))

What it is not: a store to keep anything in. Ceph 16 differs from Amazon S3 where tests/storage says so; its KMS is a
list of test keys in its configuration file.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool", "openssl")
PACKAGES = "radosgw ceph-mon ceph-osd ceph-common openssl"
REGION = "us-east-1"
ACCOUNT = "123456789012"
RECORDS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5c1de4aa-0c2d-4a63-9f0e-3d2d5e0a9f11"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0b7a3c52-7a6e-4b8e-8a55-5d4a1f0c7e22"
"""Names of the server's two test keys, written as on AWS so that policies can be loaded as they are."""
START_SECONDS = 300.0
"""Twelve on a quiet machine."""
STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_ON_DISK = """
import base64, json, rados, sys
conf, *wanted = sys.argv[1:]
found = {}
with rados.Rados(conffile=conf) as cluster:
    for pool in cluster.list_pools():
        with cluster.open_ioctx(pool) as whole:
            whole.set_namespace(rados.LIBRADOS_ALL_NSPACES)
            names = [(one.nspace, one.key) for one in whole.list_objects()]
        with cluster.open_ioctx(pool) as place:
            for space, name in names:
                if not any(word in name for word in wanted):
                    continue
                place.set_namespace(space)
                parts = [name.encode(), place.read(name, 64 << 20)]
                for key, value in place.get_xattrs(name):
                    parts += [key.encode(), value]
                found[name] = base64.b64encode(b"\\n".join(parts)).decode()
print(json.dumps(found))
"""


class CephFailed(Exception):
    """The server did not come up, or a command to it failed; the message says which daemon and its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account of the server."""

    name: str
    access_key: str
    secret_key: str

    @property
    def arn(self) -> str:
        """As a bucket policy names it here."""
        return f"arn:aws:iam:::user/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceph:
    """A running server."""

    folder: Path
    http: str
    https: str
    authority: Path
    """The certificate to trust for `https` (self-signed, for 127.0.0.1 and localhost)."""
    token: str

    def user(self, name: str) -> User:
        """The user of this name, made when it is not there."""
        user = User(name=name, access_key=f"{name}-key", secret_key=f"{name}-{self.token}")
        keys = ("--access-key", user.access_key, "--secret-key", user.secret_key)
        try:
            self.admin("user", "create", "--uid", name, "--display-name", name, *keys)
        except CephFailed as failed:
            if f"user: {name} exists" not in str(failed):
                raise
        return user

    def client(self, service: str, user: User, *, tls: bool = False, **config: Any) -> Any:
        """A boto3 client of this user. `config`: more for botocore's Config."""
        import boto3
        from botocore.config import Config

        # over https boto3 would send checksum trailers, which Ceph 16 refuses (MissingContentLength)
        settings = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
        return boto3.client(
            service,
            endpoint_url=self.https if tls else self.http,
            verify=str(self.authority) if tls else None,
            region_name=REGION,
            aws_access_key_id=user.access_key,
            aws_secret_access_key=user.secret_key,
            config=Config(s3={"addressing_style": "path"}, **(settings | config)),
        )

    def admin(self, *arguments: str) -> str:
        """Run `radosgw-admin`; returns what it printed."""
        return run(self.folder, "radosgw-admin", *arguments)

    def on_disk(self, bucket: str) -> dict[str, bytes]:
        """What the server's disk holds of a bucket: every object of every pool that bears its name or id, by its name.

        Name and extended attributes are part of the content; the bucket's index is one more entry, `index`.
        """
        bucket_id = json.loads(self.admin("bucket", "stats", "--bucket", bucket))["id"]
        conf = str(self.folder / "ceph.conf")
        # Debian's python3-rados is built for Debian's Python, which need not be the one that runs this
        command = ["/usr/bin/python3", "-c", _ON_DISK, conf, bucket, bucket_id]
        done = subprocess.run(command, capture_output=True, timeout=START_SECONDS, check=False)
        if done.returncode:
            raise CephFailed(f"reading the disk: {done.stderr.decode(errors='replace')[-2000:]}")
        found = {name: b64decode(content) for name, content in json.loads(done.stdout).items()}
        return {**found, "index": self.admin("bi", "list", "--bucket", bucket).encode(errors="surrogateescape")}


def absent() -> str | None:
    """How to install what is missing before a server can be started here; None when all is there."""
    gone = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    return f"apt-get install --no-install-recommends {PACKAGES} (no {', '.join(gone)})" if gone else None


@contextmanager
def shared_ceph(place: Path, *, lifecycle_day_seconds: int | None = None) -> Iterator[Ceph]:
    """The server of `place`, a directory for its locks alone: started by the first who comes, ended after the last.

    `lifecycle_day_seconds`: how long the server takes a day to be in lifecycle rules (for the first who comes).
    Raises CephFailed with the reason when it does not come up.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / "alive.lock").open("a") as alive:
        with (place / "start.lock").open("a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(alive, fcntl.LOCK_SH)  # waits while an earlier keeper clears up
            told = place / "up.json"
            if not told.exists():
                _start_keeper(place, lifecycle_day_seconds)
            ceph = json.loads(told.read_text())
        for name in ("folder", "authority"):
            ceph[name] = Path(ceph[name])
        yield Ceph(**ceph)


def run(folder: Path, program: str, *arguments: str) -> str:
    """One command to the cluster in `folder`; raises CephFailed with its last words."""
    try:
        done = subprocess.run(
            [program, "-c", str(folder / "ceph.conf"), *arguments],
            env={"PATH": _path(), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CephFailed(f"{program} {' '.join(arguments[:2])} did not answer") from None
    if done.returncode:
        raise CephFailed(f"{program} {' '.join(arguments[:2])}: {done.stderr[-2000:]}")
    return done.stdout


# ── the keeper ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _start_keeper(place: Path, lifecycle_day_seconds: int | None) -> None:
    """Start the keeper as a process that no signal to ours reaches; wait until it says that the server is up."""
    command = [sys.executable, __file__, str(place), str(lifecycle_day_seconds or -1)]
    with (place / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + START_SECONDS
    while not (place / "up.json").exists():
        if keeper.poll() is not None or time.monotonic() > until:
            keeper.terminate()
            raise CephFailed((place / "keeper.log").read_text(errors="replace")[-4000:] or "the keeper ended silently")
        time.sleep(0.05)
    keeper.returncode = 0  # it outlives us or not, as the lock says; nobody waits for it


def _keep(place: Path, lifecycle_day_seconds: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="confide-ceph-"))
    daemons: list[subprocess.Popen[bytes]] = []
    told = place / "up.json"
    with (place / "alive.lock").open("a") as alive:
        try:
            ceph = _bring_up(folder, daemons, lifecycle_day_seconds)
            written = told.with_suffix(".new")
            written.write_text(json.dumps({**asdict(ceph), "folder": str(folder), "authority": str(ceph.authority)}))
            written.rename(told)
            fcntl.flock(alive, fcntl.LOCK_EX)  # until the last holder has let go, or died
        finally:
            told.unlink(missing_ok=True)
            _end(daemons)
            shutil.rmtree(folder, ignore_errors=True)


def _bring_up(folder: Path, daemons: list[subprocess.Popen[bytes]], lifecycle_day_seconds: int) -> Ceph:
    for name in ("mon", "osd", "rgw", "log", "run"):
        (folder / name).mkdir()
    ports = _free_ports(4)
    cluster, disk = str(uuid.uuid4()), str(uuid.uuid4())
    _make_certificate(folder)
    (folder / "ceph.conf").write_text(_configuration(folder, cluster, ports, lifecycle_day_seconds))
    (folder / "keyring").touch()

    def spawn(name: str, *command: str) -> None:
        with (folder / "log" / f"{name}.out").open("wb") as log:
            full = [command[0], "-c", str(folder / "ceph.conf"), "-f", *command[1:]]
            daemons.append(
                subprocess.Popen(
                    full,
                    env={"PATH": _path(), "LC_ALL": "C.UTF-8"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=_die_with_parent,
                )
            )

    def until(reached: Any) -> None:
        end = time.monotonic() + START_SECONDS
        while not reached():
            for daemon in daemons:
                if daemon.poll() is not None or time.monotonic() > end:
                    raise CephFailed(f"{daemon.args!r} did not come up\n{_last_words(folder)}")
            time.sleep(0.1)

    monitors = f"[v2:127.0.0.1:{ports[0]},v1:127.0.0.1:{ports[1]}]"
    keyring, monmap = str(folder / "mon.keyring"), str(folder / "monmap")
    run(folder, "ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    run(folder, "monmaptool", "--create", "--clobber", "--fsid", cluster, "--addv", "a", monitors, monmap)
    run(folder, "ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
    spawn("mon", "ceph-mon", "-i", "a")
    until(lambda: _answers(folder, "-s"))
    run(folder, "ceph", "osd", "new", disk)
    run(folder, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
    spawn("osd", "ceph-osd", "-i", "0")
    until(lambda: "1 up" in (_answers(folder, "osd", "stat") or ""))
    spawn("rgw", "radosgw", "-n", "client.rgw.a")
    http = f"http://127.0.0.1:{ports[2]}"
    until(lambda: _serves(http))
    return Ceph(
        folder=folder,
        http=http,
        https=f"https://127.0.0.1:{ports[3]}",
        authority=folder / "tls.crt",
        token=secrets.token_hex(16),
    )


def _configuration(folder: Path, cluster: str, ports: Sequence[int], lifecycle_day_seconds: int) -> str:
    keys = " ".join(f"{name}={b64encode(secrets.token_bytes(32)).decode()}" for name in (RECORDS_KEY, OTHER_KEY))
    # crc: radosgw insists on "secure" towards the monitor, which is impossible without authentication;
    # no autoscaler and many placement groups: there is no manager daemon
    return f"""[global]
fsid = {cluster}
mon_host = [v2:127.0.0.1:{ports[0]},v1:127.0.0.1:{ports[1]}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
keyring = {folder}/keyring
run_dir = {folder}/run
admin_socket = {folder}/run/$name.$pid.asok
log_file = {folder}/log/$name.log
log_to_stderr = false
err_to_stderr = true
mon_cluster_log_file = {folder}/log/cluster.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
rgw_rados_pool_pg_num_min = 4
mon_max_pg_per_osd = 1000
ms_bind_ipv6 = false
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc
[mon]
mon_data = {folder}/mon
mon_data_avail_crit = 1
mon_data_avail_warn = 1
auth_allow_insecure_global_id_reclaim = true
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_max_object_name_len = 1024
osd_crush_update_on_start = true
osd_class_update_on_start = false
[client]
rgw_data = {folder}/rgw
rgw_frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:{ports[2]} ssl_endpoint=127.0.0.1:{ports[3]} \
ssl_certificate={folder}/tls.crt ssl_private_key={folder}/tls.key
rgw_thread_pool_size = 64
rgw_enable_ops_log = false
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 10
rgw_lc_debug_interval = {lifecycle_day_seconds}
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = {keys}
"""


def _make_certificate(folder: Path) -> None:
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"]
    command += ["-addext", names, "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise CephFailed(f"openssl req: {done.stderr[-1000:]}")


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def _answers(folder: Path, *question: str) -> str | None:
    try:
        return run(folder, "ceph", "--connect-timeout", "5", *question)
    except CephFailed:
        return None


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # loopback
            return True
    except (OSError, urllib.error.URLError):
        return False


def _last_words(folder: Path) -> str:
    logs = [*(folder / "log").glob("*.out"), *(folder / "log").glob("*.log")]
    return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in logs)


def _end(daemons: Sequence[subprocess.Popen[bytes]]) -> None:
    """Gateway, disk, monitor, in this order; who does not listen is killed."""
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _path() -> str:
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), int(sys.argv[2]))
