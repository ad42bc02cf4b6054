"""transcribe: a call's recording -> the bucket -> the speech endpoint -> its words as events.

One queue carries both halves: jobs (a recording to hand over) and, minutes later, notices of the
asynchronous endpoint (what it heard). The sound lies in the bucket only from the one to the other;
its object is also what ties an answer to its event, so that what was erased meanwhile is dropped.

    expired   the event is gone          erased   its person is         known   it was heard before
    nothing   the vendor has no sound    asked    the endpoint has it   heard   its words are stored
    off       no speech endpoint         postponed, failed, dead        see jobs.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from chalicelib import heard
from chalicelib.adapters.asynchronous import (
    FORGOTTEN_AFTER,
    AsynchronousEndpoint,
    Notice,
    read_notice,
)
from chalicelib.adapters.log import EventKey, Waiting
from chalicelib.adapters.queue import Job, read_job
from chalicelib.adapters.recordings import PREFIX
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.vendor_api import Answer, Call, Recordings, Sound, checked, run
from chalicelib.deliveries import time_digits
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event
from chalicelib.organisation import SourceConfig
from chalicelib.pipeline.fetch import PATIENCE_S, erased
from chalicelib.pipeline.jobs import Facts, take, try_again
from chalicelib.pipeline.receive import as_source
from chalicelib.pipeline.vendors import Paced, Send, Sleep

#: Failed tries, the vendor's among them, after which the endpoint's next failure is a dead letter.
ENDPOINT_TRIES = 5
#: Of a recording in memory while it is passed on; the rest is on the function's disk.
_IN_MEMORY = 8 * 1024 * 1024
#: Where the endpoint writes why it failed (infra/template/model.py).
FAILURES = "transcripts-failed/"
_BATCH = 100  # events that one transaction stores

Work = Job | Notice
#: (call, hosts, into) -> the answer, a success's body written to `into`.
Download = Callable[[Call, Sequence[str], IO[bytes]], Answer]


@dataclass(frozen=True)
class _Shell:
    """What does the I/O and the waiting of one call of the function."""

    world: World
    speech: AsynchronousEndpoint
    send: Send
    download: Download
    sleep: Sleep


def read_work(body: str) -> Work:
    """What a message of the queue asks for. Raises Unreadable."""
    return read_job(body) if body.lstrip().startswith("[") else read_notice(body)


def transcribe(
    world: World,
    works: Sequence[Work],
    send: Send | None = None,
    download: Download | None = None,
    sleep: Sleep = time.sleep,
) -> frozenset[Work]:
    """Hand recordings over, and take in what was heard; what the queue must give again.

    Idempotent: what was heard once is not heard again. `send` and `download` do the I/O, by
    default over the network.
    """
    failed = set()
    for work in works:
        try:
            _one(world, work, send, download, sleep)
        except Retryable as error:
            warn("a recording stays in the queue", why=str(error))
            failed.add(work)
    return frozenset(failed)


def _one(
    world: World, work: Work, send: Send | None, download: Download | None, sleep: Sleep
) -> None:
    job = work if isinstance(work, Job) else _job_of(world, work)
    if job is None:
        return
    if world.speech is None:
        take(world, world.recordings_queue, job, lambda _: "off", "recordings")
        return
    shell = _Shell(
        world,
        world.speech,
        send or world.vendors.send,
        download or world.vendors.download,
        sleep,
    )
    step = partial(_hand_over, shell, job)
    if isinstance(work, Notice):
        step = partial(_take_in, shell, job, work)
    take(world, world.recordings_queue, job, step, "recordings")


def _job_of(world: World, notice: Notice) -> Job | None:
    """Whose recording a notice is about; None where it was taken in before, or erased."""
    found = world.recordings.job_of(notice.question) if notice.question.startswith(PREFIX) else None
    if found is None and world.speech is not None:
        world.speech.remove(notice.answer)
    return found


# --- the first half -----------------------------------------------------------------------------


def _hand_over(shell: _Shell, job: Job, facts: Facts) -> str:
    """Bring the sound into the bucket and ask about it; the outcome's name."""
    world = shell.world
    found = world.log.waiting(job.key)
    outcome = _settled(world, job.key, found, facts)
    if outcome or found is None:
        return outcome
    config, way = _way(world, found.event.source)
    try:
        key, content_type, sound = _fetched(shell, job, found.event, config, way)
    except Skipped:
        return "nothing"
    # Erased while it was on its way: the sound must not stay.
    if erased(world, job.key.interaction):
        world.recordings.forget(job.key.interaction)
        return "erased"
    languages = ",".join(world.organisation().languages)
    customer = "" if sound.customer is None else f"customer={sound.customer}; "
    shell.speech.hand_over(key, content_type, f"{customer}languages={languages}")
    return "asked"


def _settled(world: World, key: EventKey, found: Waiting | None, facts: Facts) -> str:
    """The outcome where there is nothing to do (any more); empty where there is."""
    if found is None:
        return "expired"
    facts["delivery"] = time_digits(found.received_at)
    if found.fetched or not found.event.recording:
        return "known"
    return "erased" if erased(world, key.interaction) else ""


def _way(world: World, name: str) -> tuple[SourceConfig, Recordings]:
    config = world.organisation().sources.get(name)
    if config is None:
        raise Misconfigured(
            f"a recording of {name} waits, and organisation.yaml has no such source"
        )
    if not config.recordings:
        raise Misconfigured(
            f"a recording of {name} waits, and organisation.yaml no longer has recordings: true"
        )
    way = CONNECTORS[config.connector].recordings
    if way is None:
        raise Misconfigured(f"a recording of {name} waits, and {config.connector} gives none")
    return config, way


def _fetched(
    shell: _Shell, job: Job, event: Event, config: SourceConfig, way: Recordings
) -> tuple[str, str, Sound]:
    """The recording in the bucket: its key there, its content type, and what is known of it."""
    world = shell.world
    credentials = world.secrets.credentials(event.source, way.credentials)
    source = as_source(event.source, config, listens=True)
    sound = run(way.find(event, source, credentials), _paced(shell, event.source, way, shell.send))
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        into: IO[bytes] = file

        def download(call: Call) -> Answer:
            into.seek(0)
            into.truncate()
            return shell.download(call, way.hosts, into)

        answer = checked(_paced(shell, event.source, way, download)(sound.call), "the recording")
        into.seek(0)
        kind = heard.sound_type(into.read(16), answer.headers.get("content-type", ""))
        if kind is None:
            raise Unreadable("the recording is neither WAV, MP3, Ogg, FLAC nor mu-law")
        into.seek(0)
        return world.recordings.put(job, into, kind), kind, sound


def _paced(shell: _Shell, source: str, way: Recordings, send: Send) -> Paced:
    return Paced(shell.world, source, way.calls_per_minute, send, PATIENCE_S, shell.sleep)


# --- the second half ----------------------------------------------------------------------------


def _take_in(shell: _Shell, job: Job, notice: Notice, facts: Facts) -> str:
    """Store what was heard and queue it to be understood; the outcome's name."""
    world = shell.world
    answer = shell.speech.read(notice.answer) if notice.answer else None
    found = world.log.waiting(job.key)
    outcome = _settled(world, job.key, found, facts)
    try:
        if not outcome and found is not None and answer is None:
            outcome = _failed(world, job, f"the speech endpoint failed: {notice.reason}")
        elif not outcome and found is not None and answer is not None:
            finish(world, job.key, found.event, answer)
            outcome = "heard"
    except (Misconfigured, Unreadable):
        # A dead letter fetches the sound anew, so neither is of use to anybody.
        shell.speech.remove(notice.question, notice.answer)
        raise
    shell.speech.remove(notice.question, notice.answer)
    return outcome


def finish(world: World, key: EventKey, event: Event, answer: bytes) -> None:
    """Store the words of a recording as events of its call, and queue them to be understood.

    Raises Unreadable for an answer that is none, and what the tables raise; repeating is harmless.
    """
    config, _ = _way(world, event.source)
    source = as_source(event.source, config, listens=True)
    state = world.interactions.read([key.interaction]).get(key.interaction)
    timed = any(one.talk_s is not None for one in (state.events if state else ()))
    made = heard.events(event, source, answer, timed=timed)
    now, days = world.clock(), world.organisation().retention.raw_days
    for start in range(0, len(made), _BATCH):
        world.log.add_many(made[start : start + _BATCH], now, days)
    world.queue.put([EventKey(one.interaction_key, one.event_id) for one in made])
    world.log.mark_fetched(key, now)


def _failed(world: World, job: Job, reason: str) -> str:
    """The sound is fetched and handed over again, or the job set aside."""
    return try_again(world, world.recordings_queue, job, Retryable(reason), ENDPOINT_TRIES)


def ask_again(world: World) -> None:
    """Queue anew the recordings that no notice ever came of; what stays of failures goes.

    The endpoint writes why it failed into the bucket too. A notice says the same, and a recording
    without one is found by itself, so nobody needs those objects.
    """
    if world.speech is None:
        return
    before = world.clock() - FORGOTTEN_AFTER
    for key in world.speech.listed(PREFIX, before):
        job = world.recordings.job_of(key)
        if job is not None:
            _forgotten(world, job)
        world.speech.remove(key)
    for key in world.speech.listed(FAILURES, before):
        world.speech.remove(key)


def _forgotten(world: World, job: Job) -> None:
    """Like a failure, and as often at most; what was erased meanwhile has no recording here."""
    reason = "no notice of the speech endpoint came"
    take(world, world.recordings_queue, job, lambda _: _failed(world, job, reason), "recordings")
