"""Notices in English."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.notices.words import Catalogue, Words
from chalicelib.source_tally import Cause

_SEE_IT = "See the next delivery come in: hub tail --source {source}{stage}"
_STORE = (
    "Store it for the hub, the new one first: aws secretsmanager put-secret-value --secret-id "
    '{secret} --secret-string \'{{"secrets": ["NEW", "OLD"]}}\'. '
    'Keep what else is in it, such as "api".'
)
_REFUSED = "Nothing of a refused delivery is kept here.{retries}"
_KEPT = "Nothing is lost: each of these deliveries is kept, and is read again with the last step."

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _moment(at: datetime) -> str:
    return f"{at:%A} {at.day} {_MONTHS[at.month - 1]} at {at:%H:%M}"


def _duration(of: timedelta) -> str:
    hours = int(of.total_seconds()) // 3600
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return f"{hours} hours" if hours > 1 else "an hour"
    return f"{hours // 24} days"


def _deliveries(n: int) -> str:
    return "one delivery" if n == 1 else f"{n} deliveries"


_CAUSES = {
    Cause.NO_SECRET: Words(
        subject="{source}: the hub has no secret to check deliveries with",
        happened="{vendor} has sent {deliveries} to {called} since {since}, and the hub took none "
        "of them: {reason}.",
        why="Without the secret the hub cannot tell {vendor} from a stranger, so it keeps the "
        "door shut.",
        steps=(
            "Find the signing secret at {vendor}.{hint}",
            "Store it for the hub: aws secretsmanager create-secret --name {secret} "
            '--secret-string \'{{"secrets": ["…"]}}\'',
            "See that all is in place: hub check{stage}",
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
        line="{deliveries} since {since}, and no secret to check them with",
    ),
    Cause.UNSIGNED: Words(
        subject="{source}: deliveries come without a signature",
        happened="{deliveries} came to {called} since {since} without the proof that {vendor} "
        "sends along, and the hub refused them: {reason}. None has been accepted in that time.",
        why="Most likely the webhook at {vendor} was made without a secret, or something else "
        "sends to this address.",
        steps=(
            "Turn signing on for the webhook at {vendor}, or make it anew.{hint}",
            _STORE,
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
        line="{deliveries} without a signature since {since}: turn signing on at {vendor}",
    ),
    Cause.SECRET: Words(
        subject="{source}: deliveries are refused, the secret does not fit",
        happened="The hub has refused {deliveries} to {called} since {since}: {reason}. None has "
        "been accepted in that time.",
        why="Most likely the secret was changed at {vendor} and not here, or a second webhook "
        "with another secret sends to this address.",
        steps=(
            "Find the present signing secret at {vendor}.{hint}",
            _STORE,
            "Wait five minutes, which is how long the hub remembers a secret. " + _SEE_IT,
        ),
        meanwhile=_REFUSED,
        line="{deliveries} refused since {since}: the secret here is not the one at {vendor}",
    ),
    Cause.CLOCK: Words(
        subject="{source}: deliveries are refused, their time is too far from now",
        happened="The hub has refused {deliveries} to {called} since {since}: {reason}. None has "
        "been accepted in that time.",
        why="Either something between {vendor} and the hub holds deliveries back (a queue or a "
        "proxy that repeats them), or the clock of the machine that signs them is wrong.",
        steps=(
            "Let {vendor} call the hub directly: {url}",
            "If the sender is your own program, set its clock by NTP and sign at every attempt.",
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
        line="{deliveries} refused since {since}: signed too long ago, or by a wrong clock",
    ),
    Cause.SET_UP: Words(
        subject="{source}: its set-up in organisation.yaml does not work",
        happened="{deliveries} to {called} met a faulty set-up since {since}: {reason}.",
        why="organisation.yaml or the rights of the deployed functions do not let the hub do its "
        "work.",
        steps=(
            "See what is wrong: hub check{stage}",
            "Correct organisation.yaml and publish it: hub publish organisation.yaml{stage}",
            _SEE_IT,
        ),
        meanwhile="The hub asks the vendor to come again.{retries}",
        line="{deliveries} met a faulty set-up since {since}: {reason}",
    ),
    Cause.CONTENT_TYPE: Words(
        subject="{source}: deliveries come in a form that the hub does not read",
        happened="{deliveries} to {called} since {since} came as {type}, which is not what "
        "{vendor} sends by itself: {reason}.",
        why="The webhook's format is chosen at {vendor}, or by a tool in between.",
        steps=(
            "Choose the format that docs/connectors/{connector}.md names, mostly JSON.",
            "See that the next delivery is accepted: hub tail --source {source}{stage}",
            "Read the kept ones again, if the format was right after all: "
            "hub replay {source}{stage}",
        ),
        meanwhile=_KEPT,
        line="{deliveries} since {since} came as {type}: choose another format at {vendor}",
    ),
    Cause.UNREADABLE: Words(
        subject="{source}: deliveries have a shape that the hub does not know",
        happened="{deliveries} to {called} since {since} are verified, but cannot be read. The "
        "last one: {reason}.",
        why="{vendor} has changed its format, or sends a variant that nobody here has seen.",
        steps=(
            "See which they are: hub deliveries --source {source} --outcome unreadable{stage}",
            "See the shape of one, without a word of a customer: hub show ID{stage}",
            "Send that shape to whoever keeps the connector, chalicelib/connectors/{connector}.py.",
            "After it is mended and deployed: hub replay {source}{stage}",
        ),
        meanwhile=_KEPT,
        line="{deliveries} since {since} cannot be read: {reason}",
    ),
    Cause.NOT_SUBSCRIBED: Words(
        subject="{source}: only one side of the conversations arrives",
        happened="{n} messages came from {called} in the last weeks, and not one of them {side}.",
        why="Most likely the webhook at {vendor} is not subscribed to those events.",
        steps=(
            "Compare the webhook's events with the list in docs/connectors/{connector}.md, and "
            "add what is missing.",
            _SEE_IT,
            "If {vendor} lets you list older messages: hub backfill {source} --since …{stage}",
        ),
        meanwhile="If your team answers somewhere else, all is well, and you may ignore this.",
        line="{n} messages since {since}, and not one {side}: is that event subscribed?",
    ),
    Cause.SILENT: Words(
        subject="{source}: nothing has come for {for}",
        happened="The hub last heard from {called} on {since}, {for} ago. {usual}",
        why="Either the webhook at {vendor} was switched off (some vendors do that after errors), "
        "or nothing happened there.",
        steps=(
            "Look at the webhook at {vendor}: is it on, does it show errors, is its address {url}?",
            "Try the way in with a sample: hub sample {source}{stage}",
            "When it runs again, fetch what is missing if {vendor} lets you: "
            "hub backfill {source} --since …{stage}",
        ),
        meanwhile="The digest tells its readers too that this source is silent.",
        line="silent for {for}, since {since}",
    ),
}

CATALOGUE = Catalogue(
    hello="Hello,",
    what_to_do="What to do:",
    goodbye="This is told at most once a {again} while it lasts. How the source is doing now: "
    "hub sources{stage}\n\nOivallus",
    no_type="no media type",
    retries=" How {vendor} repeats: {rule}.",
    usual="By its usual rhythm of the last six weeks, something should have come long since.",
    again_day="day",
    again_month="month",
    allowed="organisation.yaml expects something every {allowed} hours (expected_every_h).",
    sides={"agent": "from your own agents", "customer": "from a customer"},
    moment=_moment,
    duration=_duration,
    deliveries=_deliveries,
    causes=_CAUSES,
)
