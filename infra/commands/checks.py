"""What `hub check` looks at in a hub: secrets and their form, and all that it must reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import enrich
from chalicelib.adapters.clients import client
from chalicelib.adapters.secrets import OWN_KEYS
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Proof, Request
from chalicelib.errors import HubError, Misconfigured, Rejected
from chalicelib.organisation import Organisation
from infra.commands import dead_letters
from infra.commands.worlds import Hub


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `fault` says what is wrong and what to do; empty: all right.

    A `note` is worth knowing and no fault.
    """

    what: str
    fault: str = ""
    note: str = ""


def checks(hub: Hub, file: Organisation) -> Iterator[Check]:
    """Everything about a hub that can be looked at without changing it."""
    organisation = hub.world.organisation()
    yield _published(organisation, file)
    for key in OWN_KEYS:
        yield _tried(f"secret {key}", partial(hub.world.secrets.key, key))
    for name in organisation.sources:
        yield from _secret(hub, organisation, name)
    yield from _recordings(hub, organisation)
    yield from _reachable(hub)
    yield _mail(organisation)
    yield _tried(
        f"model endpoint {hub.settings.model_endpoint}",
        lambda: enrich.read(
            hub.world.endpoint.invoke(enrich.request(["Hei"], organisation)), ["Hei"]
        ),
    )
    yield from _heads(hub, organisation)


def _heads(hub: Hub, organisation: Organisation) -> Iterator[Check]:
    """Whether the endpoint's model uses what the organisation has taught."""
    world, heads = hub.world, hub.world.heads
    name = next(iter(heads.versions()), "")
    if not name:
        return
    what = f"heads {name[:12]}, what was learnt from corrections"
    try:
        reply = world.endpoint.invoke(enrich.request(["Hei"], organisation, heads.text()))
        model = enrich.read(reply, ["Hei"])[0].model
    except HubError as error:
        yield Check(what, str(error))
        return
    whose = heads.report(name).get("model") or "another release"
    used = model.endswith(f"+{name[:12]}")
    yield Check(
        what,
        "" if used else f"they are of {whose}, and {model} does not use them: run `hub learn`",
    )


def _published(organisation: Organisation, file: Organisation) -> Check:
    same = organisation.hash == file.hash
    what = f"published organisation {organisation.hash[:12]}"
    return Check(what, note="" if same else "differs from the file: `hub publish` makes it current")


def _recordings(hub: Hub, organisation: Organisation) -> Iterator[Check]:
    """What must be in place before calls are written down, for each source that allows it."""
    for name, config in organisation.sources.items():
        if config.recordings and not hub.world.listens:
            yield Check(
                f"recordings of {name}",
                note="no endpoint listens, so its calls are counted without their words: deploy "
                "with SpeechImage, or remove recordings: true",
            )
        elif config.recordings:
            yield Check(
                f"recordings of {name}",
                note="its calls are written down: callers must be told before they speak, and "
                "your register of processing must name it (docs/speech.md)",
            )


def _tried(what: str, attempt: Callable[[], object]) -> Check:
    try:
        attempt()
    except HubError as error:
        return Check(what, str(error))
    except ClientError as error:
        told = error.response.get("Error", {})
        return Check(what, f"AWS answered {told.get('Code')}: {told.get('Message')}")
    except BotoCoreError as error:
        return Check(what, f"{type(error).__name__}: {error}")
    return Check(what)


def _secret(hub: Hub, organisation: Organisation, name: str) -> Iterator[Check]:
    """The secret of a source: there, of our form, of the vendor's form, and its API credentials."""
    config = organisation.sources[name]
    connector = CONNECTORS[config.connector]
    what = f"secret of {name}"
    if connector.proof is Proof.IMPORT:
        return
    if config.open:
        yield Check(what, note="the source is open: anybody may send to it")
        return
    try:
        secrets = hub.world.secrets.of_source(name)
    except HubError as error:
        hint = f" ({connector.secret_hint})" if connector.secret_hint else ""
        yield Check(what, f"{error}{hint}")
        return
    for place, secret in enumerate(secrets):
        fault, note = _form(connector, secret, hub)
        which = "" if len(secrets) == 1 else f", number {place + 1} of {len(secrets)}"
        yield Check(what + which, fault, note)
    yield from _credentials(hub, connector, name)


def _form(connector: Connector, secret: str, hub: Hub) -> tuple[str, str]:
    """(fault, note) of a secret: signs a request with it and lets the connector verify that."""
    if secret != secret.strip():
        return "it begins or ends with white space; store it without", ""
    url = f"{hub.world.url()}/webhooks/check"
    request = Request("POST", url, {"content-type": "application/json"}, b"{}")
    now = hub.world.clock()
    try:
        signed = connector.sign(request, secret, now)
    except Exception as error:  # noqa: BLE001, RUF100 - a secret of any form may break it anyhow
        # Whoever holds the public half of a key pair alone cannot sign.
        if "PUBLIC KEY" in secret or isinstance(error, Misconfigured):
            return "", "a public key: only the vendor's next delivery can prove it"
        return f"it is not of {connector.title}'s form; {connector.secret_hint}", ""
    try:
        connector.verify(signed, [secret], now)
    except Rejected as error:
        return f"it does not verify what it signs: {error}", ""
    return "", ""


def _credentials(hub: Hub, connector: Connector, name: str) -> Iterator[Check]:
    """What the vendor's API asks for: needed where deliveries are thin, else good to have."""
    uses = {
        "fetch": connector.fetch,
        "backfill": connector.backfill,
        "register": connector.registration,
    }
    lacking: dict[str, list[str]] = {}
    for use, offer in uses.items():
        if offer is not None and offer.credentials:
            try:
                hub.world.secrets.credentials(name, offer.credentials)
            except HubError as error:
                lacking.setdefault(str(error), []).append(use)
    what = f"API credentials of {name}"
    if not lacking and any(offer and offer.credentials for offer in uses.values()):
        yield Check(what)
    for why, without in lacking.items():
        told = f"no {' and '.join(without)} without them: {why}"
        # A local hub has no account at the vendor.
        needed = "fetch" in without and bool(hub.where.stage)
        yield Check(what, told if needed else "", "" if needed else told)


def _reachable(hub: Hub) -> Iterator[Check]:
    settings = hub.settings
    tables = ("events_table", "interactions_table", "summaries_table", "registry_table")
    for table in (getattr(settings, name) for name in tables):
        yield _tried(
            f"table {table}",
            partial(client("dynamodb").describe_table, TableName=table),
        )
    for url in (settings.events_queue_url, settings.fetch_queue_url):
        yield _tried(f"queue {url.rpartition('/')[2]}", partial(_depth, url))
    for queue in dead_letters.queues(hub):
        checked = _tried(f"queue {queue.name}", queue.depth)
        waiting = 0 if checked.fault else queue.depth()
        fault = f"{waiting} messages wait in it: hub dead show {queue.name}" if waiting else ""
        yield Check(checked.what, checked.fault or fault)
    bucket = settings.archive_bucket
    yield _tried(f"bucket {bucket}", lambda: client("s3").head_bucket(Bucket=bucket))
    now = hub.world.clock()
    yield _tried(
        f"log {settings.delivery_log or 'of deliveries'}",
        lambda: next(hub.world.deliveries.between(now, now), None),
    )


def _depth(url: str) -> object:
    names = ["ApproximateNumberOfMessages"]
    return client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)


def _mail(organisation: Organisation) -> Check:
    """The sender's address or its domain must be verified in SES."""
    address = parseaddr(organisation.sender)[1]
    domain = address.partition("@")[2]
    what, told = f"mail identity {domain}", ""
    for identity in (domain, address):
        try:
            found = client("sesv2").get_email_identity(EmailIdentity=identity)
        except ClientError as error:
            told = told or str(error.response.get("Error", {}).get("Code", "unknown"))
            continue
        except BotoCoreError as error:
            return Check(what, f"{type(error).__name__}: {error}")
        if found.get("VerificationStatus") == "SUCCESS" or found.get("VerifiedForSendingStatus"):
            return Check(what)
        told = f"{identity} is not verified, its DNS records are not in place yet"
    return Check(what, f"SES does not send for {address}: {told}; see infra/README.md")
