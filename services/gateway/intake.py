"""What both ways of posting orders share: the sender, bodies becoming submissions, and the wait for workers."""

from collections.abc import Sequence
from typing import Annotated, Final, Protocol
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from services.gateway.acceptance import accept
from services.gateway.answers import Answers
from services.gateway.clock import SharedClock
from services.gateway.preferences import flag, idempotency_key, wait_seconds
from services.gateway.turns import Schedule
from shared.contracts import Settled, Submission
from shared.errors import Unavailable
from shared.http.authentication import FindsKeys, allow_platform, authenticate
from shared.http.bodies import BodyBudget
from shared.http.routes import Parameter, refuse_unknown_parameters
from shared.keys import ApiKey
from shared.orders.content import Draft
from shared.orders.validation import read_order
from shared.telemetry import DEBUG, log

STRICT: Final = Parameter(
    name="strict", of=bool, description="Whether fields that are not known are faults; else they are warnings."
)
HEADERS: Final = (
    Parameter(
        name="Idempotency-Key",
        of=Annotated[
            str,
            Meta(
                extra_json_schema={
                    "pattern": r"""^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~]([ -~]{0,253}[!-~])?)$""",
                },
                examples=["9b1c7a52-6d0f-4a53-8d0e-1f6f3b0a2c44"],
            ),
        ],
        description="A request that is sent again counts once: 1 to 255 printable ASCII characters, quoted or bare.",
    ),
    Parameter(
        name="Prefer",
        of=Annotated[str, Meta(examples=["wait=5"])],
        description="wait=N waits up to N seconds (30 at most) for the order to be stored; others are ignored.",
    ),
)


class Commits(Protocol):
    """Publishes submissions; returns once the broker holds them."""

    async def submit(self, submissions: Sequence[Submission], size: int) -> None:
        """Publish or raise `Unavailable`."""
        ...


class HasRoom(Protocol):
    """Knows whether the workers can keep up, and who keeps them busy."""

    def check(self, account: UUID) -> None:
        """Raise `Unavailable` where too much waits already for this account to send more."""
        ...

    def count(self, account: UUID, submissions: int) -> None:
        """Count what an account has sent."""
        ...


class Sender(Struct, frozen=True):
    """Who sends, and what the request asks for besides its orders."""

    key: ApiKey
    idempotency_key: str | None
    wait: int | None
    strict: bool


class Intake:
    """Turns the bodies of requests into submissions and hands them to the group commit."""

    def __init__(
        self,
        keys: FindsKeys,
        clock: SharedClock,
        commit: Commits,
        answers: Answers,
        backlog: HasRoom,
        *,
        body_seconds: float,
        most_body_bytes: int,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._commit = commit
        self._answers = answers
        self._backlog = backlog
        self._tells = log.is_enabled_for(DEBUG)
        self.body_seconds = body_seconds
        self.budget = BodyBudget(most_body_bytes)
        self.schedule = Schedule()

    def sender_of(self, request: web.Request) -> Sender:
        """Return who sends a request, or raise 401, 403, 400 or 422; nothing of the body has been read yet."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        if not self._clock.is_trusted:
            raise Unavailable("the shared clock has not been measured yet")
        self._backlog.check(key.account)
        return Sender(key, idempotency_key(request), wait_seconds(request), flag(request, "strict"))

    def read(self, body: bytes, sender: Sender, *, suffix: str = "") -> tuple[Submission, Draft]:
        """Return the submission that one body becomes; `suffix` tells the items of a batch's Idempotency-Key apart.

        An item of a batch is answered without its order: ten thousand of one order would be ten thousand times that.
        """
        key, clock, now = sender.key, self._clock, self._clock.now()
        draft = read_order(body, strict=sender.strict, now=now)
        allow_platform(key, draft.platform)
        repeated = None if sender.idempotency_key is None else sender.idempotency_key + suffix
        wait, brief = sender.wait is not None, bool(suffix)
        return accept(draft, key, clock, now, idempotency_key=repeated, wait=wait, brief=brief), draft

    async def commit(self, submissions: Sequence[Submission], size: int, sender: Sender) -> list[Settled | None]:
        """Publish submissions; return what became of each if the sender waits, None where that is not known yet."""
        self._backlog.count(sender.key.account, len(submissions))
        if sender.wait is None:
            await self._commit.submit(submissions, size)
            self._tell(submissions)
            return [None] * len(submissions)
        with self._answers.expect(submissions) as expected:
            await self._commit.submit(submissions, size)
            self._tell(submissions)
            settled = await expected.collect(sender.wait)
        return [settled.get(submission.id) for submission in submissions]

    def _tell(self, submissions: Sequence[Submission]) -> None:
        """Log what the broker holds; only where somebody looks that closely, since there are thousands a second."""
        if self._tells:
            for submission in submissions:
                log.debug("submission.accepted", submission=str(submission.id), order=str(submission.order_id))
