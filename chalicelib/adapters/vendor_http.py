"""Calls to vendors' APIs: https and S3, to public addresses alone, bounded in time and size.

A call's address may come from a vendor's delivery or from organisation.yaml, so it is not trusted:
a name is resolved once, every address of it must be public, and the connection goes to the
address that was checked (a second look-up could tell another). Nothing of a call is logged.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Misconfigured, Retryable, Unreadable

#: The largest answer that is read: a page of a list, a transcript; never a recording.
MAX_BYTES = 20 * 1024 * 1024
CONNECT_S = 3.0
READ_S = 20.0  # between two parts of an answer
CALL_S = 30.0  # for the whole answer
REDIRECTS = 3  # on one host; what leads elsewhere is the dialogue's to follow

#: A recording: two hours of 16-bit telephone sound in two channels, and how long that may take.
MAX_SOUND_BYTES = 256 * 1024 * 1024
SOUND_S = 100.0

_MAX_KEY_BYTES = 64 * 1024
_KEY_S = 5.0  # a vendor waits for our answer meanwhile
_KEY_CACHE_S = 3600.0
_NO_KEY_CACHE_S = 30.0  # so that forgers cannot make us ask for each forgery
_KEYS = 32  # cached in one container

_LOOPBACK = "127.0.0.1"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: What Python 3.11 takes for global and IANA's registries of special addresses do not, or no more.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20", "64:ff9b:1::/48"),
    )
)


@dataclass(frozen=True)
class VendorHttp:
    """Sends calls; caches public keys.

    `local` allows http to 127.0.0.1: for the local hub and tests. On AWS never: Lambda's own
    interface listens there.
    """

    local: bool = False
    _keys: dict[str, tuple[float, str | None]] = field(default_factory=dict)

    def send(self, call: Call, *, within_s: float = CALL_S, max_bytes: int = MAX_BYTES) -> Answer:
        """The vendor's answer, whatever its status.

        Redirects are followed on the same host alone; another is answered as it came. Raises
        Misconfigured for an address that may not be called or a bucket that may not be read,
        Retryable when nobody answers in time, Unreadable for an answer over `max_bytes`.
        """
        if call.url.startswith("s3://"):
            return _read_object(call, max_bytes)
        deadline = time.monotonic() + within_s
        for _ in range(REDIRECTS + 1):
            answer = self._once(call, deadline, max_bytes)
            onward = _redirected(call, answer)
            if onward is None:
                break
            call = onward
        return answer

    def download(
        self,
        call: Call,
        hosts: Sequence[str],
        into: IO[bytes],
        *,
        within_s: float = SOUND_S,
        max_bytes: int = MAX_SOUND_BYTES,
    ) -> Answer:
        """As `send`, but what a success holds is written to `into` as it comes.

        Redirects are followed to `hosts` alone (".example" stands for every host below it);
        on another host than the first without the call's headers, which are for that one.
        """
        if call.url.startswith("s3://"):
            return _read_object(call, max_bytes, into)
        deadline = time.monotonic() + within_s
        for _ in range(REDIRECTS + 1):
            if not _among(self._checked(call).hostname or "", hosts):
                raise Misconfigured(f"{call.place}: no recording of this vendor lies there")
            answer = self._once(call, deadline, max_bytes, into)
            onward = _redirected(call, answer, anywhere=True)
            if onward is None:
                break
            call = onward
        return answer

    def public_key(self, url: str) -> str:
        """The key or certificate that a vendor publishes at an address, cached for an hour.

        Raises Retryable when it is not to be had now, Misconfigured as `send`.
        """
        cached = self._keys.get(url)
        if cached is None or cached[0] < time.monotonic():
            if len(self._keys) >= _KEYS:
                del self._keys[next(iter(self._keys))]
            found = self._published(url)
            keep = _KEY_CACHE_S if found else _NO_KEY_CACHE_S
            cached = self._keys[url] = (time.monotonic() + keep, found)
        if cached[1] is None:
            raise Retryable(f"the vendor's public key at {Call(url).place} cannot be read for now")
        return cached[1]

    def _published(self, url: str) -> str | None:
        try:
            answer = self.send(Call(url), within_s=_KEY_S, max_bytes=_MAX_KEY_BYTES)
            return answer.body.decode("ascii") if answer.status == 200 else None
        except (Retryable, Unreadable, UnicodeDecodeError):
            return None

    def _once(
        self, call: Call, deadline: float, max_bytes: int, into: IO[bytes] | None = None
    ) -> Answer:
        url = self._checked(call)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = self._addresses(url, port)
        for place, address in enumerate(addresses):
            try:
                sink = _Sink(call, max_bytes, into)
                return _exchange(call, url, address, port, deadline, sink)
            except _NotConnected:
                if place + 1 == len(addresses):
                    break
        raise Retryable(f"{call.method} {call.place}: nobody answers there")

    def _checked(self, call: Call) -> SplitResult:
        try:
            url = urlsplit(call.url)
            port = url.port
        except ValueError:
            raise Misconfigured("an address of a vendor's API is not a URL") from None
        if not url.hostname or url.username is not None or url.password is not None:
            # Not named: what stands before the @ is a secret.
            raise Misconfigured("an address of a vendor's API has no host, or a password in it")
        here = self.local and url.hostname == _LOOPBACK
        if url.scheme != "https" and not (url.scheme == "http" and here):
            raise Misconfigured(f"{call.place}: credentials travel by https alone")
        if port == 0:
            raise Misconfigured(f"{call.place}: port 0 is nobody's")
        if not {".", ".."}.isdisjoint(url.path.split("/")):
            raise Misconfigured(f"{call.place}: an id in it leads to another of its addresses")
        return url

    def _addresses(self, url: SplitResult, port: int) -> Sequence[str]:
        """The addresses of a host, IPv4 first. Raises Misconfigured where one is not public."""
        host = url.hostname or ""
        if self.local and host == _LOOPBACK:
            return [host]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Retryable(f"the name {host} of a vendor's API cannot be resolved") from None
        # Lambda has no IPv6 outside a VPC: what surely works comes first.
        found.sort(key=lambda one: one[0] != socket.AF_INET)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not all(map(is_public, addresses)):
            raise Misconfigured(
                f"{host} leads into a private network, where no vendor's API is; correct the "
                "address in organisation.yaml"
            )
        return addresses[:3]


def is_public(address: str) -> bool:
    """True for an address that the whole internet reaches; what embeds an IPv4 one is that one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = embedded or ip
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _NotConnected(Exception):
    """Nothing was sent yet: another address may do."""


@dataclass(frozen=True)
class _Sink:
    """Where an answer goes: into memory, or a success into a file."""

    call: Call
    max_bytes: int
    into: IO[bytes] | None = None

    def take(self, parts: Iterable[bytes], success: bool) -> bytes:
        """Keep the parts; what is in memory. Raises Unreadable when they are too many."""
        held: list[bytes] = []
        size = 0
        for part in parts:
            size += len(part)
            if size > self.max_bytes:
                raise _too_large(self.call, self.max_bytes)
            if self.into is not None and success:
                self.into.write(part)
            else:
                held.append(part)
        return b"".join(held)


def _exchange(
    call: Call, url: SplitResult, address: str, port: int, deadline: float, sink: _Sink
) -> Answer:
    """One request on a connection of its own. Errors are not chained: they quote the query."""
    import urllib3

    left = max(0.1, deadline - time.monotonic())
    timeout = urllib3.Timeout(connect=min(CONNECT_S, left), read=min(READ_S, left))
    with _pool(url, address, port, timeout) as pool:
        try:
            response = pool.urlopen(
                call.method,
                f"{url.path or '/'}{'?' + url.query if url.query else ''}",
                body=call.body or None,
                headers={"user-agent": "oivallus", **call.headers, "host": url.netloc},
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            body = sink.take(_parts(response, call, deadline), 200 <= response.status < 300)
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
            raise _NotConnected from None
        except urllib3.exceptions.SSLError:
            raise Retryable(f"{call.method} {call.place}: no trusted connection") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            name = type(error).__name__
            raise Retryable(f"{call.method} {call.place}: no answer ({name})") from None
        except ValueError:
            raise Misconfigured(
                f"{call.method} {call.place}: the call cannot be sent; a credential or an option "
                "holds a line break or another character that HTTP forbids"
            ) from None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, body, headers)


def _pool(url: SplitResult, address: str, port: int, timeout: Any) -> Any:
    import urllib3
    from botocore.httpsession import get_cert_path

    # Its debug lines quote the query, which may hold a token.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    if url.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        address,
        port,
        timeout=timeout,
        cert_reqs="CERT_REQUIRED",
        ca_certs=get_cert_path(True),
        assert_hostname=url.hostname,
        server_hostname=url.hostname,
    )


def _parts(response: Any, call: Call, deadline: float) -> Iterator[bytes]:
    for part in response.stream(64 * 1024, decode_content=True):
        yield part
        if time.monotonic() > deadline:
            raise Retryable(f"{call.method} {call.place}: the answer took too long")


def _among(host: str, hosts: Sequence[str]) -> bool:
    """Whether a host is one of these; '.example' stands for every host below example."""
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)


def _redirected(call: Call, answer: Answer, *, anywhere: bool = False) -> Call | None:
    """The call to follow a redirect with; None where there is none, or it leaves the host.

    `anywhere` may leave it, and then without the headers, which hold that host's credentials.
    """
    place = answer.headers.get("location")
    if answer.status not in (301, 302, 303, 307, 308) or not place or call.method != "GET":
        return None
    onward = urljoin(call.url, place)
    try:
        same = urlsplit(onward)[:2] == urlsplit(call.url)[:2]
    except ValueError:
        return None
    if same:
        return Call(onward, call.method, call.headers)
    return Call(onward, call.method) if anywhere else None


def _read_object(call: Call, max_bytes: int, into: IO[bytes] | None = None) -> Answer:
    """An object on S3, as an answer: 404 where it is not there."""
    from botocore.exceptions import ClientError

    from chalicelib.adapters.clients import calling, client

    bucket, _, key = call.url.removeprefix("s3://").partition("/")
    if call.method != "GET" or not bucket or not key:
        raise Misconfigured("an object on S3 is read by GET s3://bucket/key")
    try:
        with calling(f"read {call.place}"):
            found = client("s3").get_object(Bucket=bucket, Key=key)
            if found["ContentLength"] > max_bytes:
                raise _too_large(call, max_bytes)
            parts = found["Body"].iter_chunks(1024 * 1024)
            body = _Sink(call, max_bytes, into).take(parts, success=True)
    except (Misconfigured, Retryable) as error:
        cause = error.__cause__
        code = cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else ""
        if code in ("NoSuchKey", "404"):
            return Answer(404)
        if code in ("AccessDenied", "403", "NoSuchBucket", "AllAccessDisabled"):
            raise Misconfigured(
                f"the hub may not read bucket {bucket} ({code}): name it in the parameter "
                "VendorBuckets of the stack, and let its policy and key allow Fetch and Transcribe"
            ) from error
        raise
    return Answer(200, body)


def _too_large(call: Call, max_bytes: int) -> Unreadable:
    return Unreadable(
        f"{call.method} {call.place}: the answer is larger than {max_bytes // 1024} KiB"
    )
