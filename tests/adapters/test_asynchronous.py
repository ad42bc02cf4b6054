"""What the asynchronous endpoint is asked, by the service's own shapes."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.stub import Stubber

from chalicelib.adapters import asynchronous
from chalicelib.adapters.asynchronous import LONGEST_S, AsynchronousEndpoint


@pytest.mark.parametrize(
    ("endpoint", "seconds"),
    [
        pytest.param(AsynchronousEndpoint("model", "bucket"), 900, id="texts"),
        pytest.param(
            AsynchronousEndpoint("speech", "bucket", answer_s=LONGEST_S), 3600, id="calls"
        ),
    ],
)
def test_the_time_to_answer_is_told(
    endpoint: AsynchronousEndpoint, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = botocore.session.get_session().create_client(
        "sagemaker-runtime",
        region_name="eu-north-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    monkeypatch.setattr(asynchronous, "client", lambda *_: runtime)
    with Stubber(runtime) as stub:
        stub.add_response(
            "invoke_endpoint_async",
            {"OutputLocation": "s3://bucket/transcripts/1.out"},
            {
                "EndpointName": endpoint.name,
                "InputLocation": "s3://bucket/recordings/1",
                "ContentType": "audio/wav",
                "InvocationTimeoutSeconds": seconds,
                "CustomAttributes": "customer=0",
            },
        )
        answer = endpoint.hand_over("recordings/1", "audio/wav", "customer=0")
    assert answer == "transcripts/1.out"
