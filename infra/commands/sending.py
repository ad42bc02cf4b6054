"""Send signed requests to a hub over HTTP, as vendors do: a few clients that keep connections."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from chalicelib.connectors.base import Request
from infra.local.gateway import NOW_HEADER

CLIENTS = 4
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Delivery:
    """One signed request, the moment at which the vendor sent it, and the answer it is due."""

    request: Request
    at: datetime
    status: int


@dataclass
class Sent:
    """What became of the deliveries: how many got another answer, and the milliseconds of each."""

    unexpected: int = 0
    ms: list[float] = field(default_factory=list)


def send(deliveries: Iterable[Delivery], each: Callable[[], None]) -> Sent:
    """Send all, CLIENTS at a time, in about their order; `each` is called after every answer.

    Raises OSError when the hub cannot be reached.
    """
    sent = Sent()
    waiting = iter(deliveries)
    lock = threading.Lock()

    def one_at_a_time() -> Iterator[Delivery]:
        while True:
            with lock:
                delivery = next(waiting, None)
            if delivery is None:
                return
            yield delivery

    def client() -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        for delivery in one_at_a_time():
            started = time.perf_counter()
            status = _post(connections, delivery)
            with lock:
                sent.unexpected += status != delivery.status
                sent.ms.append(1000 * (time.perf_counter() - started))
            each()
        for connection in connections.values():
            connection.close()

    with ThreadPoolExecutor(CLIENTS, thread_name_prefix="vendor") as pool:
        for done in [pool.submit(client) for _ in range(CLIENTS)]:
            done.result()
    return sent


def _post(connections: dict[str, http.client.HTTPConnection], delivery: Delivery) -> int:
    url = urlsplit(delivery.request.url)
    connection = connections.get(url.netloc)
    if connection is None:
        connection = http.client.HTTPConnection(url.netloc, timeout=_TIMEOUT_S)
        connections[url.netloc] = connection
    target = f"{url.path}?{url.query}" if url.query else url.path
    headers: Mapping[str, str] = {
        **delivery.request.headers,
        NOW_HEADER: delivery.at.isoformat(),
    }
    connection.request(delivery.request.method, target, delivery.request.body, dict(headers))
    with connection.getresponse() as answer:
        answer.read()
        return answer.status
