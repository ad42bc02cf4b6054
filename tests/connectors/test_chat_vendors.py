"""What one chat vendor does and the others do not: Meta, LiveChat, Chatwoot, Crisp, giosg."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.errors import Misconfigured, Rejected, Skipped, Unreadable
from chalicelib.interaction import Event, Role
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.receive import receive
from tests.conftest import ORGANISATION
from tests.connectors.recordings import FIXTURES, changed, recording

ROOT = FIXTURES.parent.parent
NOW = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)


# --- Meta ---------------------------------------------------------------------------------------

META = CONNECTORS["meta"]
APP_SECRET, TOKEN = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "kuusi-palaa"


def hello(token: str | None = TOKEN, challenge: str = "1158201444") -> Request:
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge}
    if token is not None:
        asked["hub.verify_token"] = token
    return Request("GET", f"https://hub.example/webhooks/chat?{urlencode(asked)}", {}, b"")


def test_meta_handshake_is_proven_by_its_own_token() -> None:
    META.verify(hello(), [APP_SECRET, f"verify:{TOKEN}"], NOW)
    reply = META.handshake(hello())
    assert reply is not None
    assert (reply.status, reply.body) == (200, "1158201444")


@pytest.mark.parametrize(
    ("token", "secrets", "reason"),
    [
        pytest.param("väärä", ["verify:kuusi-palaa"], "not ASCII", id="not ASCII"),
        pytest.param("kuusi", ["verify:kuusi-palaa"], "does not fit", id="another token"),
        pytest.param(None, ["verify:kuusi-palaa"], "missing", id="none"),
        pytest.param(APP_SECRET, [APP_SECRET], "no secret", id="the app secret is no token"),
        pytest.param("verify:", ["verify:"], "no secret", id="an empty token"),
    ],
)
def test_meta_handshake_is_refused(token: str | None, secrets: list[str], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        META.verify(hello(token), secrets, NOW)


def test_meta_the_verify_token_signs_nothing() -> None:
    one = recording("meta/whatsapp_text")
    for secret in (f"verify:{TOKEN}", TOKEN):
        forged = META.sign(one.request, secret, NOW)
        with pytest.raises(Rejected):
            META.verify(forged, [f"verify:{TOKEN}"], NOW)
        with pytest.raises(Rejected):
            META.verify(forged, [APP_SECRET, f"verify:{TOKEN}"], NOW)


@pytest.mark.parametrize("challenge", ["<script>", "", "a b", "x" * 129])
def test_meta_only_a_plain_challenge_is_repeated(challenge: str) -> None:
    reply = META.handshake(hello(challenge=challenge))
    assert reply is not None
    assert (reply.status, reply.body) == (400, "")


def test_meta_the_token_is_not_archived() -> None:
    assert TOKEN not in META.scrub(hello()).url
    assert "hub.challenge=1158201444" in META.scrub(hello()).url


def test_meta_handshake_through_the_hub(world: World) -> None:
    text = ORGANISATION.replace("sources:\n", "sources:\n  chat: {connector: meta}\n")
    publish_organisation(world, text)
    client("secretsmanager").create_secret(
        Name="oivallus/test/sources/chat",
        SecretString=json.dumps({"secrets": [APP_SECRET, f"verify:{TOKEN}"]}),
    )
    reply = receive(world, "chat", hello())
    assert (reply.status, reply.body) == (200, "1158201444")
    assert receive(world, "chat", hello("arvaus")).status == 401
    signed = META.sign(recording("meta/whatsapp_text").request, APP_SECRET, NOW)
    assert receive(world, "chat", signed).status == 200


def test_meta_ids_hold_no_telephone_number() -> None:
    for event in changed("meta/whatsapp_before_user_ids", lambda p: None):
        ids = event.event_id + event.interaction_id + event.message_id
        assert "358405550123" not in ids
        assert "MzU4NDA1NTUwMTIz" not in ids  # the number in Base64, as in Meta's id


def test_meta_one_day_is_one_interaction() -> None:
    def at(moment: datetime) -> Event:
        def change(payload: Any) -> None:
            message = payload["entry"][0]["changes"][0]["value"]["messages"][0]
            message["timestamp"] = str(int(moment.timestamp()))

        return changed("meta/whatsapp_text", change)[0]

    morning = at(datetime(2026, 11, 2, 0, 0, tzinfo=UTC))
    night = at(datetime(2026, 11, 2, 23, 59, tzinfo=UTC))
    assert morning.interaction_id == night.interaction_id
    assert at(datetime(2026, 11, 3, 0, 0, tzinfo=UTC)).interaction_id != night.interaction_id


def test_meta_what_is_taken_back_is_found() -> None:
    (said,) = changed("meta/whatsapp_text", lambda p: None)
    erasures = changed("meta/whatsapp_revoked", lambda p: None)
    assert {(e.interaction_id, e.erases) for e in erasures} >= {
        (said.interaction_id, said.message_id)
    }
    (said,) = changed("meta/instagram_text", lambda p: None)
    erasures = changed("meta/instagram_unsent", lambda p: None)
    assert {(e.interaction_id, e.erases) for e in erasures} >= {
        (said.interaction_id, said.message_id)
    }


def test_meta_an_edit_is_the_same_message() -> None:
    for network in ("whatsapp", "messenger"):
        (said,) = changed(f"meta/{network}_text", lambda p: None)
        (edit,) = changed(f"meta/{network}_edited", lambda p: None)
        assert edit.message_id == said.message_id
        assert edit.event_id != said.event_id
        assert edit.interaction_id == said.interaction_id


def test_meta_a_reaction_that_may_mean_anything_is_no_rating() -> None:
    def wonder(payload: Any) -> None:
        payload["entry"][0]["messaging"][0]["reaction"].update(emoji="😮", reaction="wow")

    with pytest.raises(Skipped):
        changed("meta/messenger_reaction_as_thumb", wonder)
    with pytest.raises(Skipped):
        changed(
            "meta/messenger_reaction_as_thumb",
            lambda p: p["entry"][0]["messaging"][0]["reaction"].update(action="unreact"),
        )


@pytest.mark.parametrize("options", [{"reactions": "stars"}, {"reaction": "thumbs"}])
def test_meta_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.chat\.options\.reaction"):
        META.check(Source("chat", "meta", options=options))


def test_meta_a_rating_off_its_scale_is_unreadable() -> None:
    def eleven(payload: Any) -> None:
        screen = payload["entry"][0]["messaging"][0]["messaging_feedback"]["feedback_screens"][0]
        screen["questions"]["suosittelu"]["payload"] = "11"

    with pytest.raises(Unreadable, match="outside its scale"):
        changed("meta/messenger_feedback", eleven)


# --- LiveChat -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "role"),
    [
        ("aino@havuvakka.example", Role.AGENT),
        ("b7eff798-f8df-4364-8059-649c35c9ed0c", Role.CUSTOMER),
        ("5c9871d5372c824cbf22d860a707a578", Role.BOT),
        ("system", Role.SYSTEM),
    ],
)
def test_livechat_who_writes_is_told_by_the_form_of_the_id(author: str, role: Role) -> None:
    (event,) = changed(
        "livechat/customer_message", lambda p: p["payload"]["event"].update(author_id=author)
    )
    assert event.role is role


def test_livechat_the_secret_is_dropped_and_nothing_else() -> None:
    one = recording("livechat/customer_message")
    kept = one.connector.scrub(one.request)
    sent, stored = json.loads(one.request.body), json.loads(kept.body)
    assert sent.pop("secret_key") == one.secret
    assert stored == sent


def test_livechat_the_secret_is_dropped_from_a_body_that_cannot_be_written_again() -> None:
    one = recording("livechat/customer_message")
    body = one.request.body.replace(b'"action"', b'"big":1e999,"action"')
    kept = one.connector.scrub(replace(one.request, body=body))
    assert one.secret.encode() not in kept.body
    assert b"1e999" in kept.body


def test_livechat_a_nested_secret_is_no_proof() -> None:
    one = recording("livechat/customer_message")
    body = json.dumps({"payload": {"secret_key": one.secret}}).encode()
    with pytest.raises(Rejected, match="missing"):
        one.connector.verify(replace(one.request, body=body), [one.secret], one.at)
    for wrong in (1, None, ["x"], ""):
        body = json.dumps({"secret_key": wrong}).encode()
        with pytest.raises(Rejected, match="missing"):
            one.connector.verify(replace(one.request, body=body), [one.secret], one.at)


@pytest.mark.parametrize("options", [{"region": "moon"}, {"regions": "fra"}])
def test_livechat_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.chat\.options\.region"):
        CONNECTORS["livechat"].check(Source("chat", "livechat", options=options))


# --- Chatwoot -----------------------------------------------------------------------------------


def test_chatwoot_an_old_server_proves_itself_by_the_url() -> None:
    one = recording("chatwoot/customer_message")
    bare = {k: v for k, v in one.request.headers.items() if not k.startswith("x-chatwoot")}
    keyed = replace(one.request, headers=bare, url=one.request.url + "?key=sala%2Bsana")
    one.connector.verify(keyed, ["toinen", "sala+sana"], one.at)
    with pytest.raises(Rejected, match="does not fit"):
        one.connector.verify(keyed, ["sala sana"], one.at)
    with pytest.raises(Rejected, match="no secret"):
        one.connector.verify(keyed, [], one.at)
    with pytest.raises(Rejected, match="too old to sign"):
        one.connector.verify(replace(keyed, url=one.request.url), ["sala+sana"], one.at)
    assert one.connector.scrub(keyed).url == one.request.url


def test_chatwoot_a_key_in_the_url_does_not_excuse_a_wrong_signature() -> None:
    one = recording("chatwoot/customer_message")
    forged = one.request.with_headers(x_chatwoot_signature="sha256=" + "0" * 64)
    with pytest.raises(Rejected):
        one.connector.verify(
            replace(forged, url=f"{forged.url}?key={one.secret}"), [one.secret], one.at
        )


def test_chatwoot_receipts_of_a_message_are_one_event() -> None:
    first = changed("chatwoot/message_edited", lambda p: None)
    again = changed(
        "chatwoot/message_edited", lambda p: p["conversation"].update(updated_at=1793610999.1)
    )
    assert [e.event_id for e in first] == [e.event_id for e in again]


def test_chatwoot_an_edit_is_later_than_what_it_replaces() -> None:
    (said,) = changed("chatwoot/customer_message", lambda p: None)
    (edit,) = changed("chatwoot/message_edited", lambda p: None)
    assert edit.message_id == said.message_id
    assert edit.occurred_at > said.occurred_at


@pytest.mark.parametrize("stamp", ["2026-11-02 09:15:00 UTC", 1793610900])
def test_chatwoot_times_of_old_servers(stamp: object) -> None:
    (event,) = changed("chatwoot/customer_message", lambda p: p.update(created_at=stamp))
    assert event.occurred_at == datetime(2026, 11, 2, 9, 15, tzinfo=UTC)


# --- Crisp --------------------------------------------------------------------------------------


def test_crisp_a_hook_of_a_website_proves_itself_by_the_url() -> None:
    one = recording("crisp/visitor_message")
    bare = {k: v for k, v in one.request.headers.items() if not k.startswith("x-crisp")}
    keyed = replace(one.request, headers=bare, url=one.request.url + "?key=salasana")
    one.connector.verify(keyed, ["toinen", "salasana"], one.at)
    for secrets, reason in ((["toinen"], "does not fit"), ([], "no secret")):
        with pytest.raises(Rejected, match=reason):
            one.connector.verify(keyed, secrets, one.at)
    with pytest.raises(Rejected, match="hook of a website"):
        one.connector.verify(replace(keyed, url=one.request.url), ["salasana"], one.at)
    assert one.connector.scrub(keyed).url == one.request.url


def test_crisp_a_signed_time_in_seconds_is_read_too() -> None:
    one = recording("crisp/visitor_message")
    stamp = str(int(one.at.timestamp()))
    content = f"[{stamp};".encode() + one.request.body + b"]"
    signature = hmac.new(one.secret.encode(), content, "sha256").hexdigest()
    request = one.request.with_headers(x_crisp_signature=signature, x_crisp_request_timestamp=stamp)
    one.connector.verify(request, [one.secret], one.at)
    with pytest.raises(Rejected, match="old"):
        one.connector.verify(request, [one.secret], one.at.replace(year=2027))


def test_crisp_an_edit_is_the_same_message() -> None:
    (said,) = changed("crisp/visitor_message", lambda p: None)
    (edit,) = changed("crisp/message_edited", lambda p: None)
    removed = changed("crisp/message_removed", lambda p: None)
    assert edit.message_id == said.message_id
    assert edit.occurred_at > said.occurred_at
    assert said.message_id in {event.erases for event in removed}


def test_crisp_an_edit_without_its_author_changes_nobody_s_words() -> None:
    with pytest.raises(Skipped, match="author"):
        changed("crisp/message_edited", lambda p: p["data"].pop("from"))


def test_crisp_a_removed_question_takes_its_answer_along() -> None:
    (answer,) = changed("crisp/picker_answered", lambda p: None)
    removed = changed(
        "crisp/message_removed", lambda p: p["data"].update(fingerprint=179361090000004)
    )
    assert {event.erases for event in removed} == {"179361090000004", answer.message_id}


# --- Zendesk: templates and messaging -----------------------------------------------------------


def test_zendesk_a_template_s_text_survives_what_json_would_not() -> None:
    (event,) = changed("zendesk/trigger_comment_by_customer", lambda p: None)
    assert event.text == 'Hei, "takuu" ei kuulemma kata tätä?\nMiksi ei? 100 % uusi sänky\\runko.'


def test_zendesk_first_comment_of_a_trigger_is_the_ticket_s_description() -> None:
    (event,) = changed("zendesk/trigger_first_comment", lambda p: None)
    assert event.message_id == "first"


def test_zendesk_a_template_of_a_later_version_is_kept() -> None:
    with pytest.raises(Unreadable, match="version"):
        changed("zendesk/trigger_of_a_later_version", lambda p: None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("comment", "trigger_comment_by_customer"),
        ("rating", "trigger_rating"),
        ("status", "automation_solved"),
    ],
)
def test_zendesk_the_guide_shows_the_templates_that_are_read(kind: str, name: str) -> None:
    guide = (ROOT / "docs" / "connectors" / "zendesk.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    (template,) = (t for t in map(json.loads, blocks) if t["kind"] == kind)
    sent = json.loads(recording(f"zendesk/{name}").request.body)
    assert set(template) == set(sent)
    assert (template["schema"], template["kind"]) == (sent["schema"], kind)


def test_zendesk_messaging_a_business_without_a_workspace_is_a_bot() -> None:
    def elsewhere(payload: Any) -> None:
        payload["events"][0]["payload"]["conversation"].pop("activeSwitchboardIntegration")

    (event,) = changed("zendesk_messaging/api_message_in_workspace", elsewhere)
    assert event.role is Role.BOT


def test_zendesk_messaging_one_broken_event_keeps_the_delivery() -> None:
    with pytest.raises(Unreadable):
        changed("zendesk_messaging/many_in_one_delivery", lambda p: p["events"][1].pop("id"))
