"""A model behind the endpoint's contract, in this process: what the hub asks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from chalicelib.errors import Unreadable


@dataclass
class Served:
    """Speaks HTTP with a server; `asked` holds the requests, the latest last."""

    client: TestClient
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, body: bytes) -> bytes:
        self.asked.append(json.loads(body))
        json_body = {"content-type": "application/json"}
        reply = self.client.post("/endpoints/m/invocations", content=body, headers=json_body)
        if reply.status_code != 200:
            raise Unreadable(f"the model answered {reply.status_code}")
        return reply.content
