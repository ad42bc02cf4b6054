"""What a digest holds: plain frozen data, ids and numbers, no words of any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from chalicelib.digest.by_channel import ChannelForecast, Wait
from chalicelib.digest.whole import Moved
from chalicelib.insights.actions import Effect
from chalicelib.insights.answering import Answering
from chalicelib.insights.cost import FailureCost
from chalicelib.insights.demand import FailureDemand
from chalicelib.insights.drivers import Driver
from chalicelib.insights.effort import Effort
from chalicelib.insights.hotspots import HotSpot
from chalicelib.insights.last_week import Change
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.personas import Apart
from chalicelib.insights.pre_questions import PreQuestions
from chalicelib.insights.priorities import Proposal
from chalicelib.insights.proportion import Share
from chalicelib.insights.ratings import Score
from chalicelib.insights.read_anew import ReadAnew
from chalicelib.insights.repeats import Repeats
from chalicelib.insights.solicited import Voices
from chalicelib.insights.sources import SourceState
from chalicelib.insights.themes import RankedTheme, Sentiment
from chalicelib.insights.together import Pair, Word
from chalicelib.insights.touchpoints import Journey
from chalicelib.insights.trends import Rise
from chalicelib.insights.unanswered import Estimate
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek


class Section(StrEnum):
    """The parts below the headlines; a department's focus orders them."""

    NEWS = "news"
    ACTIONS = "actions"
    NEGATIVE = "negative"
    POSITIVE = "positive"
    FAILURE = "failure"
    MOVED = "moved"
    RATINGS = "ratings"
    TOUCHPOINTS = "touchpoints"
    EFFORT = "effort"
    PERSONAS = "personas"
    WAITING = "waiting"
    BASICS = "basics"
    REPEATS = "repeats"
    DRIVERS = "drivers"
    UNANSWERED = "unanswered"
    QUIET = "quiet"
    FORECAST = "forecast"
    CHANNELS = "channels"
    VOICES = "voices"
    SOURCES = "sources"


@dataclass(frozen=True)
class Top:
    """Headline: the theme with the greatest impact of one sentiment."""

    sentiment: Sentiment
    theme: RankedTheme


@dataclass(frozen=True)
class Result:
    """A score, the week before's (None without one) and what may be said of the two."""

    now: Score
    before: Score | None
    verdict: Verdict


Headline = Finding | Top | Result | NewTopic


@dataclass(frozen=True)
class ThemeRow:
    """One theme of a list. `change` is of `ranked.k`; `told`: a headline tells the finding."""

    sentiment: Sentiment
    ranked: RankedTheme
    change: Change
    finding: Finding | None = None
    told: bool = False


@dataclass(frozen=True)
class Others:
    """Themes of no list: (id, contacts) of the largest, and the contacts of all the rest."""

    largest: tuple[tuple[str, int], ...]
    rest: int


@dataclass(frozen=True)
class RatingRow:
    """One question: among the department's own contacts (None where it reads all), and in all."""

    own: Result | None
    whole: Result


@dataclass(frozen=True)
class ShareChange:
    """A share, the week before's, and what may be said of the two."""

    now: Share | None
    before: Share | None
    verdict: Verdict


@dataclass(frozen=True)
class Quote:
    """One redacted customer text, short enough to read at a glance; `language` may be ''."""

    text: str
    language: str
    of: QuoteCandidate | None = None
    link: str = ""  # where its reader can say that its theme is wrong


@dataclass(frozen=True)
class QuoteCandidate:
    """A redacted customer message that could be quoted.

    `customer` is a pseudonym, or None where the source names nobody; `p` is the probability of
    the sentiment, 0..1; `at` is aware. `keep_until` is when the interaction expires.
    """

    interaction_key: str
    customer: str | None
    text: str
    language: str
    p: float
    at: datetime
    message_id: str = ""
    channel: str = ""
    model: str = ""
    keep_until: datetime | None = None


QuoteKey = tuple[str, Sentiment]  # theme id, sentiment


@dataclass(frozen=True)
class Names:
    """Ids -> names in the reader's language."""

    themes: Mapping[str, str]
    touchpoints: Mapping[str, str]
    sources: Mapping[str, str]
    departments: Mapping[str, str]
    actions: Mapping[str, str]
    personas: Mapping[str, str]


@dataclass(frozen=True)
class Selection:
    """The insights that one department reads, beside its counts; empty is silence.

    `pairs` and `words` are by theme, `response` by sentiment; `quiet` counts customers who fell
    silent, or some of them. `currency` is that of all money.
    """

    proposals: tuple[Proposal, ...]
    tied: tuple[Proposal, ...]  # whose order may be chance; also such as are not told
    rises: tuple[Rise, ...]
    new_topics: tuple[NewTopic, ...]
    effects: tuple[Effect, ...]
    moved: tuple[Moved, ...]
    cost: FailureCost | None
    price_per_minute: float | None
    currency: str
    hot_spots: tuple[HotSpot, ...]
    pairs: Mapping[str, Pair]
    words: Mapping[str, tuple[Word, ...]]
    waits: tuple[Wait, ...]
    forecasts: tuple[ChannelForecast, ...]
    workload: ChannelForecast | None
    effort: Effort | None
    pre_questions: PreQuestions | None
    apart: tuple[Apart, ...]
    answering: Answering | None
    drivers: tuple[Driver, ...]
    estimate: Estimate | None
    response: Mapping[str, Share]
    repeats: Repeats | None
    quiet: int
    quiet_is_all: bool


@dataclass(frozen=True)
class Digest:
    """One department's week. `whole_contacts` counts the whole organisation."""

    organisation: str
    department_id: str
    department: str
    language: str
    time_zone: str
    weekday: str  # when the digest leaves, local: "monday" at 09:00
    at: time
    week: IsoWeek
    order: tuple[Section, ...]
    focus: frozenset[Section]  # what the department looks at first
    names: Names
    history_weeks: int  # whole earlier weeks, 0..26
    judged: bool  # enough of them to claim changes
    contacts: Change
    whole_contacts: int
    negative: ShareChange
    headlines: tuple[Headline, ...]
    falls_withheld: bool  # falls were found, but a silent source may explain them
    negatives: tuple[ThemeRow, ...]
    positives: tuple[ThemeRow, ...]
    others: Others
    ratings: tuple[RatingRow, ...]
    failure: FailureDemand | None
    failure_change: ShareChange
    journey: Journey
    voices: Voices
    sources: tuple[SourceState, ...]
    selection: Selection
    anew: ReadAnew | None = None  # when another model took over, within the weeks compared
    quotes: Mapping[QuoteKey, tuple[Quote, ...]] = field(default_factory=dict)

    @property
    def quote_requests(self) -> tuple[QuoteKey, ...]:
        """The (theme id, sentiment) pairs that want quotes, the most important first."""
        return tuple((row.ranked.theme, row.sentiment) for row in self.negatives + self.positives)

    @property
    def silent(self) -> tuple[SourceState, ...]:
        return tuple(source for source in self.sources if source.silent)


@dataclass(frozen=True)
class Links:
    """Where the reader can go: an https URL and a mail address."""

    unsubscribe_url: str
    contact: str


@dataclass(frozen=True)
class Mail:
    """What is sent; `subject` is one line without a customer's words."""

    subject: str
    text: str
    html: str
