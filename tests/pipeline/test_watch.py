"""Whoever configures a source is told what is wrong with it: once a day, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from moto.ses.models import ses_backends

from chalicelib.adapters.deliveries import Deliveries
from chalicelib.adapters.mail import Mail
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.telemetry import count
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.watch import SETTLED, look, watch
from chalicelib.source_tally import Cause
from chalicelib.sources_health import AGAIN, REFUSED_FROM
from infra.local.delivery_log import DeliveryLog
from infra.local.references import ACCOUNT
from tests.conftest import NOW, ORGANISATION, SECRET
from tests.pipeline.test_receive import MESSAGE, UNKNOWN
from tests.pipeline.test_receive import signed as signed_now
from tests.twins import JudgingEndpoint

WRONG = "whsec_" + "B" * 32
LATER = SETTLED + timedelta(minutes=1)


@dataclass
class Hub:
    """A world whose deliveries are logged, as in AWS, and whose clock can be set."""

    world: World
    log: DeliveryLog
    capsys: pytest.CaptureFixture[str]

    def at(self, now: datetime) -> World:
        return replace(self.world, clock=lambda: now)

    def deliver(self, now: datetime, message: Mapping[str, object], secret: str = SECRET) -> int:
        from chalicelib.connectors import CONNECTORS

        unsigned = signed_now(dict(message), secret)
        status = receive(
            self.at(now), "shop", CONNECTORS["standard"].sign(unsigned, secret, now)
        ).status
        for line in self.capsys.readouterr().out.splitlines():
            self.log.take(json.loads(line))
        return status

    def refuse(self, n: int, since: datetime = NOW) -> None:
        for minute in range(n):
            assert self.deliver(since + timedelta(minutes=minute), MESSAGE, WRONG) == 401

    def watch(self, now: datetime) -> int:
        return watch(self.at(now))

    def mails(self) -> list[EmailMessage]:
        sent = ses_backends[ACCOUNT]["eu-north-1"].sent_messages
        return [message_from_bytes(mail.raw_data.encode(), policy=policy.default) for mail in sent]


@pytest.fixture
def hub(
    world: World,
    aws: Settings,
    endpoint: JudgingEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> Hub:
    log = DeliveryLog("/aws/lambda/test-APIHandler", aws.region)
    made = replace(world, deliveries=Deliveries("/aws/lambda/test-APIHandler"), count=count)
    return Hub(made, log, capsys)


def test_a_secret_that_does_not_fit_is_told_to_the_contact(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    assert hub.watch(NOW + timedelta(hours=1)) == 1
    (mail,) = hub.mails()
    assert mail["To"] == "palaute@esimerkki.example"
    assert mail["Content-Language"] == "fi"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "salaisuus ei täsmää" in mail["Subject"]
    text = mail.get_content()
    assert "5 lähetystä" in text
    assert "klo 14.00" in text  # since when, by the organisation's clock
    assert "hub tail --source shop --stage test" in text
    assert "oivallus/test/sources/shop" in text
    assert SECRET not in text
    assert str(MESSAGE["text"]) not in text


def test_one_fewer_is_a_stranger(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM - 1)
    assert hub.watch(NOW + timedelta(hours=1)) == 0


def test_the_same_cause_is_told_once_in_a_day(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    first = NOW + timedelta(hours=1)
    assert hub.watch(first) == 1
    assert hub.watch(first + timedelta(minutes=15)) == 0
    hub.refuse(3, NOW + timedelta(hours=23))
    assert hub.watch(first + AGAIN - timedelta(seconds=1)) == 0
    assert hub.watch(first + AGAIN) == 1


def test_another_cause_is_told_beside_it(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    assert hub.watch(NOW + timedelta(hours=1)) == 1
    hub.deliver(NOW + timedelta(hours=1), UNKNOWN)
    assert hub.watch(NOW + timedelta(hours=2)) == 1
    assert "rakenne on vieras" in hub.mails()[1]["Subject"]


def test_it_is_over_once_the_secret_fits(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    assert hub.deliver(NOW + timedelta(minutes=30), MESSAGE) == 200
    assert hub.watch(NOW + timedelta(hours=1)) == 0


def test_every_integrator_gets_it(hub: Hub) -> None:
    text = ORGANISATION + "integrators: [it@esimerkki.example, kumppani@toinen.example]\n"
    text += "languages: [en, fi]\n"
    publish_organisation(hub.world, text)
    hub.world._published.clear()
    hub.refuse(REFUSED_FROM)
    assert hub.watch(NOW + timedelta(hours=1)) == 2
    assert [mail["To"] for mail in hub.mails()] == [
        "it@esimerkki.example",
        "kumppani@toinen.example",
    ]
    assert "the secret does not fit" in hub.mails()[0]["Subject"]


def test_a_letter_that_did_not_leave_is_tried_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Retryable("SES is down")

    hub.refuse(REFUSED_FROM)
    with monkeypatch.context() as broken:
        broken.setattr(Mail, "send_note", down)
        assert hub.watch(NOW + timedelta(hours=1)) == 0
    assert hub.watch(NOW + timedelta(hours=1, minutes=15)) == 1


def test_watching_in_steps_counts_each_delivery_once(hub: Hub) -> None:
    for minute in range(6):
        hub.deliver(NOW + timedelta(minutes=10 * minute), {**MESSAGE, "id": f"ev-{minute}"})
        hub.watch(NOW + timedelta(minutes=10 * minute + 5))
    hub.watch(NOW + timedelta(hours=2))
    (shop,) = look(hub.at(NOW + timedelta(hours=2)))
    assert shop.tally.counts(NOW - timedelta(days=1)) == {"accepted": 6}
    assert shop.tally.last_verified == NOW + timedelta(minutes=50)


def test_looking_tells_nobody_and_keeps_nothing(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    now = NOW + timedelta(hours=1)
    (shop,) = look(hub.at(now))
    assert [finding.cause for finding in shop.findings] == [Cause.SECRET]
    assert hub.world.sources.tally("shop") is None
    assert hub.mails() == []
    assert hub.watch(now) == 1


def test_what_is_not_settled_in_the_log_waits(hub: Hub) -> None:
    hub.refuse(REFUSED_FROM)
    soon = NOW + timedelta(minutes=REFUSED_FROM)
    hub.watch(soon)
    kept = hub.world.sources.tally("shop")
    assert kept is not None
    assert kept.counts(NOW - timedelta(hours=1))["rejected"] == 2  # the others may still be coming
    assert hub.watch(soon + LATER) == 1


def test_silence_is_told(hub: Hub) -> None:
    hub.deliver(NOW, MESSAGE)
    assert hub.watch(NOW + timedelta(hours=1)) == 0
    assert hub.watch(NOW + timedelta(hours=72, minutes=4)) == 1
    assert "mitään ei ole tullut" in hub.mails()[0]["Subject"]
