"""The model endpoint: SageMaker's runtime, in the cloud and against the local container alike."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clients import client
from chalicelib.errors import Misconfigured, Retryable, Unreadable


@dataclass(frozen=True)
class Endpoint:
    """One real-time endpoint. SageMaker ends a call after 60 s."""

    name: str

    def invoke(self, body: bytes) -> bytes:
        """The container's reply to one request.

        Raises Retryable when it is down, slow or busy, Unreadable when it refuses the request
        itself (so that a caller can find the text that it refuses), Misconfigured when there is
        no such endpoint.
        """
        try:
            reply = client("sagemaker-runtime", 60).invoke_endpoint(
                EndpointName=self.name, ContentType="application/json", Body=body
            )
            answer: bytes = reply["Body"].read()
        except ClientError as error:
            raise _named(self.name, error) from error
        except (BotoCoreError, OSError) as error:
            raise Retryable(f"model endpoint {self.name}: {type(error).__name__}") from error
        return answer


def _named(name: str, error: ClientError) -> Retryable | Unreadable | Misconfigured:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(
        error.response.get("OriginalStatusCode")
        or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    )
    if code in ("ValidationError", "AccessDeniedException"):
        return Misconfigured(f"model endpoint {name}: {code}; check MODEL_ENDPOINT and its role")
    if status >= 500 or status in (408, 424, 429) or code == "ThrottlingException":
        return Retryable(f"model endpoint {name} answered {status}")
    return Unreadable(f"model endpoint {name} refused a request with {status}")
