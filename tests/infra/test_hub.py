"""The local hub end to end: real HTTP, real handlers, the real model server, moto below."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.registry import Registry
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.interaction import Role
from infra.commands import samples
from infra.commands.demo import digest_moments
from infra.commands.serve import shown
from infra.local.hub import REGION, LocalHub
from infra.template.functions import FUNCTIONS
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.test_api_connect import ANALYSIS
from tests.infra import permissions
from tests.infra.vendors import next_monday, post, signed, text

DRAIN_S = 60


class Seen:
    """One hub's story, told once: every test of this module looks at it."""

    def __init__(self, hub: LocalHub) -> None:
        self.hub = hub
        self.sources = [
            name for name in samples.webhook_sources(hub.organisation) if name != "calls"
        ]
        keep_analysis()
        with permissions.watched() as self.calls:
            self.first = {source: post(signed(hub, source)) for source in self.sources}
            self.again = {source: post(signed(hub, source)) for source in self.sources}
            self.forged = post(signed(hub, "zendesk", CONNECTORS["zendesk"].new_secret()))
            self.large = post(large(hub))
            self.thin = post(analysed(hub, "havuvakka-connect"))
            self.lost = post(analysed(hub, "no-such-bucket"))
            hub.drain(DRAIN_S)
            hub.run_schedule("watch_sources")
            for moment in digest_moments(hub.organisation, next_monday()):
                for name in ("roll_up", "send_digests", "send_digests"):
                    hub.run_schedule(name, at=moment)
            self.unsubscribed = post(Request("POST", unsubscribe_url(hub), {}, b""))


#: A source whose deliveries are thin: what was said in a call lies in a bucket of the vendor's.
CALLS = """
  calls:
    connector: connect
"""
ANALYSED = load(FIXTURES / "connect" / "voice_analysis.http")


def with_calls() -> str:
    return text().replace("\nsources:\n", f"\nsources:{CALLS}", 1)


def keep_analysis() -> None:
    """The analysis that the delivery names, in the vendor's bucket."""
    where = {"LocationConstraint": REGION}
    client("s3").create_bucket(Bucket="havuvakka-connect", CreateBucketConfiguration=where)
    (event,) = CONNECTORS["connect"].events(ANALYSED.request, ANALYSED.source, ANALYSED.at)
    key = event.fetch.removeprefix("s3://havuvakka-connect/")
    client("s3").put_object(Bucket="havuvakka-connect", Key=key, Body=json_bytes(ANALYSIS))


def analysed(hub: LocalHub, bucket: str) -> Request:
    """The delivery that says where an analysis is."""
    body = ANALYSED.request.body.replace(b"havuvakka-connect", bucket.encode())
    headers = {"content-type": "application/json"}  # not the recorded length: the body changed
    unsigned = Request("POST", f"{hub.url}/webhooks/calls", headers, body)
    return CONNECTORS["connect"].sign(unsigned, hub.secret("calls"), datetime.now(UTC))


def large(hub: LocalHub) -> Request:
    """A delivery that no table item can hold, however compressed: its raw form is archived."""
    content = json.loads(samples.samples()["shop-feedback"].body)
    content["photo"] = secrets.token_hex(450_000)
    url = f"{hub.url}/webhooks/shop-feedback"
    unsigned = Request("POST", url, {"content-type": "application/json"}, json_bytes(content))
    secret = hub.secret("shop-feedback")
    return CONNECTORS["standard"].sign(unsigned, secret, datetime.now(UTC))


def json_bytes(content: object) -> bytes:
    return json.dumps(content).encode()


def unsubscribe_url(hub: LocalHub) -> str:
    """The one-click link of the first mail."""
    message = message_from_bytes(hub.mails()[0].content, policy=policy.default)
    return str(message["List-Unsubscribe"]).strip("<>")


@pytest.fixture(scope="module")
def seen(model_url: str) -> Iterator[Seen]:
    with LocalHub(with_calls(), model_url=model_url) as hub:
        yield Seen(hub)


def test_every_source_is_received(seen: Seen) -> None:
    assert len(seen.first) == 6
    assert {status // 100 for status in seen.first.values()} == {2}
    # And the large one: the same feedback, in another delivery; and two about one call.
    assert seen.hub.metrics().total("deliveries", outcome="accepted") == 9


def test_a_second_delivery_is_known(seen: Seen) -> None:
    assert {status // 100 for status in seen.again.values()} == {2}
    assert seen.hub.metrics().total("deliveries", outcome="duplicate") == 6


def test_a_forged_delivery_is_refused(seen: Seen) -> None:
    assert seen.forged == 401
    assert seen.hub.metrics().total("deliveries", source="zendesk", outcome="rejected") == 1


def test_each_is_understood_once(seen: Seen) -> None:
    assert seen.hub.count("INTERACTIONS_TABLE") == 7
    assert seen.hub.queued() == 0


def test_what_a_delivery_only_named_is_fetched(seen: Seen) -> None:
    assert (seen.thin, seen.lost) == (200, 200)
    key = f"calls#{ANALYSIS['CustomerMetadata']['ContactId']}"
    state = seen.hub.world.interactions.read([key])[key]
    said = [event.text for event in state.events if event.role is Role.CUSTOMER]
    assert any("haluan perua koko tilauksen" in text for text in said)
    assert seen.hub.metrics().total("fetches", source="calls", outcome="fetched") == 1


def test_what_cannot_be_fetched_is_a_dead_letter(seen: Seen) -> None:
    assert seen.hub.dead_letters() == 1
    assert seen.hub.metrics().total("fetches", source="calls", outcome="dead") == 1
    queue = seen.hub.stack.queues["FetchDeadLetterQueue"]
    (letter,) = client("sqs").receive_message(
        QueueUrl=queue, MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"]
    assert "VendorBuckets" in letter["MessageAttributes"]["reason"]["StringValue"]


def test_each_digest_leaves_once_and_the_ledger_hears_of_it(seen: Seen) -> None:
    mails = seen.hub.mails()
    readers = [reader for of in seen.hub.organisation.departments for reader in of.recipients]
    assert sorted(mail.recipient for mail in mails) == sorted(readers)
    told = [log for log in seen.hub.cloudwatch.logs if log["function"] == "MailEvents"]
    assert told == []  # nothing to warn of
    for mail in mails:
        tag = mail.content.split(b"digest=")[1].split()[0].decode()
        assert Registry().digest_state(tag, seen.hub.clock()) == "sent"


#: Without work here: test_asynchronous_hub has it.
IDLE = {"Judge", "AskAgain", "Transcribe"}


def test_no_function_does_what_its_role_forbids(seen: Seen) -> None:
    functions = {call.function for call in seen.calls}
    assert functions | IDLE == FUNCTIONS.keys()
    refused = permissions.refused(seen.hub, seen.calls)
    # The bucket that nobody named in VendorBuckets is refused on AWS too.
    assert [call for call in refused if "no-such-bucket" not in call.resource] == []
    assert len(refused) == 1


#: What a policy allows and this story does not need.
UNEXERCISED = {
    # Lambda's own poller asks for these; here the dispatcher polls.
    ("Understand", "sqs:ReceiveMessage oivallus-local-events"),
    ("Understand", "sqs:DeleteMessage oivallus-local-events"),
    ("Understand", "sqs:GetQueueAttributes oivallus-local-events"),
    ("Fetch", "sqs:ReceiveMessage oivallus-local-fetch"),
    ("Fetch", "sqs:DeleteMessage oivallus-local-fetch"),
    ("Fetch", "sqs:GetQueueAttributes oivallus-local-fetch"),
    # No vendor put us off, and a bucket of the company's own asks for no credentials.
    ("Fetch", "sqs:SendMessage oivallus-local-fetch"),
    ("Fetch", "secretsmanager:GetSecretValue oivallus/dev/sources/*"),
    # One process plays every function, and has read these for all of them.
    ("APIHandler", "secretsmanager:GetSecretValue oivallus/dev/link-key*"),
    ("Understand", "dynamodb:GetItem table/oivallus-local-registry"),
    ("RollUp", "dynamodb:GetItem table/oivallus-local-registry"),
    # Quotes need more customers than these; a refused mail frees its claim.
    ("SendDigests", "dynamodb:BatchGetItem table/oivallus-local-interactions"),
    ("SendDigests", "dynamodb:Query table/oivallus-local-interactions/index/samples"),
    ("SendDigests", "dynamodb:DeleteItem table/oivallus-local-registry"),
    # The endpoint of this story answers at once, and nobody was called.
    ("Understand", "sagemaker:InvokeEndpointAsync endpoint/oivallus-local-model"),
    ("Understand", "s3:PutObject oivallus-local-archive/asked/*"),
    ("APIHandler", "sqs:SendMessage oivallus-local-recordings"),
    ("Fetch", "sqs:SendMessage oivallus-local-recordings"),
    ("Fetch", "s3:GetObject oivallus-local-inbound-123456789012-eu-north-1/*"),
    ("Fetch", "s3:DeleteObject oivallus-local-inbound-123456789012-eu-north-1/*"),
    ("Fetch", "s3:ListBucket oivallus-local-inbound-123456789012-eu-north-1"),
    # Nobody corrected anything, erased anybody or taught the model.
    ("Understand", "dynamodb:Query table/oivallus-local-registry"),
    ("Understand", "dynamodb:DeleteItem table/oivallus-local-registry"),
    ("Understand", "s3:GetObject oivallus-local-archive/heads/*"),
    ("SendDigests", "secretsmanager:GetSecretValue oivallus/dev/pseudonym-key*"),
    # SES asks for this one for a raw message, under the API's name for the other.
    ("SendDigests", "ses:SendRawEmail identity/havuvakka.example"),
    ("SendDigests", "ses:SendRawEmail configuration-set/oivallus-local"),
    # No source needs a word to its integrator.
    ("WatchSources", "dynamodb:DeleteItem table/oivallus-local-registry"),
    ("WatchSources", "ses:SendEmail identity/havuvakka.example"),
    ("WatchSources", "ses:SendEmail configuration-set/oivallus-local"),
    ("WatchSources", "ses:SendRawEmail identity/havuvakka.example"),
    ("WatchSources", "ses:SendRawEmail configuration-set/oivallus-local"),
    ("WatchSources", "sqs:SendMessage oivallus-local-failed-calls"),
    # Lambda sets failed asynchronous calls aside in the function's name.
    ("MailEvents", "sqs:SendMessage oivallus-local-failed-calls"),
    ("SendDigests", "sqs:SendMessage oivallus-local-failed-calls"),
    ("RollUp", "sqs:SendMessage oivallus-local-failed-calls"),
}


def test_no_role_allows_more_than_its_function_does(seen: Seen) -> None:
    unused = permissions.unused(seen.hub, seen.calls) - UNEXERCISED
    assert {one for one in unused if one[0] not in IDLE} == set()


def test_a_large_delivery_is_archived_and_a_reader_may_leave(seen: Seen) -> None:
    assert seen.large == seen.first["shop-feedback"]
    assert seen.unsubscribed == 200
    assert seen.hub.metrics().total("opt_outs") == 1


def test_a_second_hub_in_the_process_is_refused(seen: Seen) -> None:
    with pytest.raises(RuntimeError, match="already"), LocalHub(text()):
        pass
    assert post(Request("HEAD", f"{seen.hub.url}/webhooks/chat", {}, b"")) == 200  # it lives on


def test_a_route_that_does_not_exist(seen: Seen) -> None:
    url = seen.hub.url
    assert post(Request("POST", f"{url}/elsewhere", {}, b"{}")) == 403  # as API Gateway says it
    assert post(Request("PUT", f"{url}/webhooks/zendesk", {}, b"{}")) == 405


def test_a_body_beyond_the_limits_is_refused_before_the_handler(seen: Seen) -> None:
    url = f"{seen.hub.url}/webhooks/zendesk"
    json_type = {"content-type": "application/json"}
    assert post(Request("POST", url, json_type, b"x" * 5_000_000)) == 413  # 6.7 MB in base64
    assert post(Request("POST", url, json_type, b"x" * 4_000_000)) == 401
    assert post(Request("POST", url, {}, b"x" * 10_500_000)) == 413


def test_a_chunked_body_is_read_whole(seen: Seen) -> None:
    request = signed(seen.hub, "survey")
    connection = http.client.HTTPConnection(urlsplit(seen.hub.url).netloc, timeout=30)
    parts = (request.body[start : start + 100] for start in range(0, len(request.body), 100))
    path = urlsplit(request.url).path
    connection.request("POST", path, parts, dict(request.headers), encode_chunked=True)
    assert connection.getresponse().status == seen.first["survey"]
    connection.close()


def test_a_kept_connection_is_answered_at_once(seen: Seen) -> None:
    connection = http.client.HTTPConnection(urlsplit(seen.hub.url).netloc, timeout=30)
    took = []
    for _ in range(5):
        started = time.perf_counter()
        connection.request("POST", "/nothing", b"{}")
        connection.getresponse().read()
        took.append(time.perf_counter() - started)
    connection.close()
    assert min(took) < 0.030  # Nagle and delayed acknowledgement would add 40 ms to each


def test_the_live_view_shows_a_delivery(seen: Seen) -> None:
    lines = [line.plain for log in seen.hub.cloudwatch.logs if (line := shown(log))]
    accepted = [line for line in lines if "accepted" in line]
    assert any("zendesk" in line and "200" in line and " ms" in line for line in accepted)
    assert any("rejected" in line and "401" in line for line in lines)
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)


def test_a_curl_line_is_signed_and_complete(seen: Seen, tmp_path: Path) -> None:
    hub = seen.hub
    for source in seen.sources:
        line = samples.curl(hub.organisation, source, hub.url, hub.secret(source), tmp_path)
        assert line
        assert line.startswith("curl -i -H ")
        assert f"{hub.url}/webhooks/{source}" in line
    assert len(list(tmp_path.iterdir())) == len(seen.sources)
