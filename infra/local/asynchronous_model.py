"""SageMaker's asynchronous endpoints: take questions from the bucket, ask the model, write the
answers to the bucket and tell of them.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
"""

from __future__ import annotations

import logging
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.adapters.clients import client

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 900  # what SageMaker gives a container for one asynchronous invocation
_HEADER = "X-Amzn-SageMaker-"

Publish = Callable[[Mapping[str, Any]], None]
#: (body, headers) -> what the container answers; raises where it fails.
Model = Callable[[bytes, Mapping[str, str]], bytes]


@dataclass(frozen=True)
class Served:
    """One endpoint. `answers` is where its answers lie in the bucket, such as "judged/".

    `publish` gets what SageMaker would send to the topics of success and of errors.
    """

    model: Model
    answers: str
    publish: Publish


def asynchronous_model(model_url: str, publish: Publish) -> AbstractContextManager[str]:
    """One model server, whatever its endpoint is called."""
    return asynchronous_models(lambda _: Served(at(model_url), "judged/", publish))


@contextmanager
def asynchronous_models(served: Callable[[str], Served]) -> Iterator[str]:
    """Serve asynchronous invocations of endpoints, by their names.

    Gives the URL for AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="asynchronous-model") as worker:

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                endpoint = served(self.path.split("/")[2])  # /endpoints/NAME/async-invocations
                question = self.headers[f"{_HEADER}InputLocation"]
                bucket = question.removeprefix("s3://").partition("/")[0]
                answer = f"s3://{bucket}/{endpoint.answers}{uuid.uuid4()}.out"
                headers = _passed_on(dict(self.headers))
                worker.submit(_answer, endpoint, question, answer, headers)
                self.send_response(202)
                self.send_header(f"{_HEADER}OutputLocation", answer)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        thread = threading.Thread(target=server.serve_forever, name="asynchronous-front")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """What the container gets of a request's headers."""
    passed = {"Content-Type": headers.get(f"{_HEADER}Content-Type") or "application/json"}
    attributes = headers.get(f"{_HEADER}Custom-Attributes")
    return passed | ({f"{_HEADER}Custom-Attributes": attributes} if attributes else {})


def _answer(served: Served, question: str, answer: str, headers: Mapping[str, str]) -> None:
    told: dict[str, Any] = {
        "eventName": "InferenceResult",
        "requestParameters": {"inputLocation": question},
    }
    try:
        _put(answer, served.model(_get(question), headers))
    except Exception as error:
        _LOG.warning("an asynchronous invocation failed: %s", type(error).__name__)
        served.publish(told | {"invocationStatus": "Failed", "failureReason": str(error)})
    else:
        output = {"responseParameters": {"outputLocation": answer}}
        served.publish(told | {"invocationStatus": "Completed"} | output)


def at(model_url: str) -> Model:
    """The model behind a server's /invocations."""
    return partial(_invoke, model_url)


def _invoke(model_url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    asked = urllib.request.Request(f"{model_url}/invocations", body, dict(headers))  # noqa: S310
    with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as reply:  # noqa: S310
        found: bytes = reply.read()
    return found


def _get(location: str) -> bytes:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _put(location: str, body: bytes) -> None:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    client("s3").put_object(Bucket=bucket, Key=key, Body=body)
