"""The Apps Script of the guide, run by Node with stand-ins for Google's services.

Its signature is checked by the connector and by the standard's own library: two implementations
beside the script's.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from chalicelib.connectors import CONNECTORS, google_forms
from chalicelib.connectors.base import Request, Source
from chalicelib.errors import Rejected
from chalicelib.interaction import Event, Rating

GUIDE = Path(__file__).parents[2] / "docs" / "connectors" / "google_forms.md"
SECRET = "whsec_Z29vZ2xlLWZvcm1zLWZpeHR1cmUtc2VjcmV0LTAwMDE="
FORMS = CONNECTORS["google_forms"]

#: Google's byte arrays are signed, -128..127, and its Utilities take either text or bytes.
STAND_INS = """
const crypto = require('crypto');
const signed = buffer => Array.from(buffer, byte => byte > 127 ? byte - 256 : byte);
const raw = bytes => {
  if (!Array.isArray(bytes)) throw new Error('not a byte array');
  return Buffer.from(bytes.map(byte => byte & 255));
};
const Utilities = {
  base64Decode: text => signed(Buffer.from(text, 'base64')),
  base64Encode: bytes => raw(bytes).toString('base64'),
  newBlob: text => ({getBytes: () => signed(Buffer.from(text, 'utf8'))}),
  computeHmacSha256Signature: (value, key) =>
    signed(crypto.createHmac('sha256', raw(key)).update(raw(value)).digest()),
};
const properties = PROPERTIES;
const PropertiesService = {getScriptProperties: () => ({
  getProperty: name => properties[name] || null,
  getProperties: () => ({...properties}),
  setProperty: (name, value) => { properties[name] = value; },
  deleteProperty: name => { delete properties[name]; },
})};
const sent = [];
const statuses = STATUSES;
const UrlFetchApp = {fetch: (url, options) => {
  const status = statuses.shift();
  if (status === 0) throw new Error('Address unavailable');
  sent.push({url, ...options, payload: raw(options.payload).toString('base64')});
  return {getResponseCode: () => status};
}};
const item = ([id, title, type, extra]) => ({
  getId: () => id, getTitle: () => title, getType: () => ({toString: () => type}),
  asScaleItem: () => ({getLowerBound: () => extra[0], getUpperBound: () => extra[1]}),
  asRatingItem: () => ({getRatingScaleLevel: () => extra}),
  asMultipleChoiceItem: () => ({getChoices: () => extra.map(v => ({getValue: () => v}))}),
  asGridItem: () => ({getRows: () => extra}),
});
const response = ([id, at, email, items]) => ({
  getId: () => id, getTimestamp: () => new Date(at), getRespondentEmail: () => email,
  getItemResponses: () => items.map(([value, ...asked]) => (
    {getItem: () => item(asked), getResponse: () => value})),
});
const responses = RESPONSES.map(response);
const form = {
  getId: () => '1FAIpHvk', getResponses: () => responses,
  getResponse: id => responses.find(one => one.getId() === id) || null,
};
const FormApp = {getActiveForm: () => form};
let failed = null;
"""
END = """
try { RUN } catch (error) { failed = String(error); }
process.stdout.write(JSON.stringify({sent, properties, failed}));
"""
ANSWERED: list[Any] = [
    "2_ABaOnu",
    "2026-11-02T09:15:31.482Z",
    "Sirkka.Noro@posti.example",
    [
        ["4", 1, "Kuinka tyytyväinen olit?", "SCALE", [1, 5]],
        ["Tilaus oli helppo – kiitos! 😊", 2, "Mitä jäi mieleen?", "PARAGRAPH_TEXT", None],
        ["8", 3, "Arvosana", "RATING", 10],
        ["Turku", 4, "Myymälä", "MULTIPLE_CHOICE", ["Turku", "Oulu"]],
        ["Raisio", 5, "Muu myymälä", "MULTIPLE_CHOICE", ["Turku"]],
        [["Hyvä", None], 6, "Arvioi", "GRID", ["Kuljetus", "Kokoaminen"]],
    ],
]

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


def script() -> str:
    found = re.search(r"```javascript\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def ran(call: str, *statuses: int, waiting: tuple[str, ...] = (), secret: str = SECRET) -> Any:
    """What the script sent, left in its properties and failed with."""
    properties = {"SECRET": secret, **{f"waiting:{one}": "1" for one in waiting}}
    stand_ins = STAND_INS
    values = {"PROPERTIES": properties, "STATUSES": statuses, "RESPONSES": [ANSWERED]}
    for name, value in values.items():
        stand_ins = stand_ins.replace(f"= {name}", f"= {json.dumps(value)}")
    program = stand_ins + script() + END.replace("RUN", call)
    done = subprocess.run(["node", "-"], input=program.encode(), capture_output=True, check=True)
    return json.loads(done.stdout)


def request(sent: Any) -> Request:
    assert sent["method"] == "post"
    assert sent["muteHttpExceptions"] is True
    headers = {**sent["headers"], "content-type": sent["contentType"]}
    return Request("POST", sent["url"], headers, base64.b64decode(sent["payload"]))


def event(sent: Any) -> Event:
    (found,) = FORMS.events(request(sent), Source("survey", "google_forms"), datetime.now(UTC))
    return found


ON_ANSWER = "onAnswer({source: form, response: responses[0]})"


def test_the_guides_script_is_the_version_that_the_hub_reads() -> None:
    assert script().startswith(f"// {google_forms.VERSION}\n")
    assert f"const VERSION = '{google_forms.VERSION}';" in script()


def test_what_the_script_sends_is_verified_and_read() -> None:
    done = ran(ON_ANSWER, 200)
    (sent,) = done["sent"]
    assert done["properties"] == {"SECRET": SECRET}
    assert sent["url"] == "https://YOUR-HUB/webhooks/NAME"
    asked = request(sent)
    FORMS.verify(asked, [SECRET], datetime.now(UTC))
    Webhook(SECRET).verify(asked.body, dict(asked.headers))
    with pytest.raises(Rejected):
        FORMS.verify(asked, ["whsec_" + base64.b64encode(b"x" * 32).decode()], datetime.now(UTC))
    found = event(sent)
    assert found.event_id == "2_ABaOnu:20261102T091531.482000Z"
    assert found.occurred_at == datetime(2026, 11, 2, 9, 15, 31, 482000, tzinfo=UTC)
    assert found.text == "Tilaus oli helppo – kiitos! 😊\n\nRaisio"
    assert found.customer == "email:sirkka.noro@posti.example"
    assert [r.question for r in found.ratings] == ["1", "3"]
    assert found.ratings[0] == Rating.csat(4, "1")
    assert (found.ratings[1].value, found.ratings[1].scale_max) == (8, 10)
    rows = [a for a in json.loads(asked.body)["data"]["answers"] if a["type"] == "GRID"]
    assert [(a["row"], a["value"]) for a in rows] == [("Kuljetus", "Hyvä"), ("Kokoaminen", None)]


@pytest.mark.parametrize("status", [0, 401, 500, 503])
def test_what_does_not_arrive_waits_and_is_sent_again(status: int) -> None:
    first = ran(ON_ANSWER, status)
    assert first["properties"]["waiting:2_ABaOnu"] == "1"
    again = ran("sendAgain()", 204, waiting=("2_ABaOnu",))
    assert again["properties"] == {"SECRET": SECRET}
    assert again["failed"] is None
    if first["sent"]:
        once, twice = first["sent"][0], again["sent"][0]
        assert once["payload"] == twice["payload"]
        assert once["headers"]["webhook-id"] == twice["headers"]["webhook-id"]


def test_a_hub_that_goes_on_refusing_is_told_to_the_owner() -> None:
    done = ran("sendAgain()", 401, waiting=("2_ABaOnu",))
    assert "1 answers wait; the hub said 401" in done["failed"]
    assert "waiting:2_ABaOnu" in done["properties"]


def test_a_deleted_response_waits_no_longer() -> None:
    done = ran("sendAgain()", waiting=("2_gone",))
    assert (done["sent"], done["failed"]) == ([], None)
    assert done["properties"] == {"SECRET": SECRET}


def test_without_a_secret_nothing_is_sent() -> None:
    done = ran(ON_ANSWER, 200, secret="")
    assert done["sent"] == []
    assert "waiting:2_ABaOnu" in done["properties"]


def test_all_answers_have_the_pushed_identities() -> None:
    pushed = ran(ON_ANSWER, 200)["sent"]
    everything = ran("sendAll()", 200)["sent"]
    assert [event(one) for one in everything] == [event(one) for one in pushed]
