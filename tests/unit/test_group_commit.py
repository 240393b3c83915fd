"""Group commit with a broker whose confirms the test gives one by one."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from services.gateway.group_commit import ANSWERS, GroupCommit, Limits
from shared.contracts import Submission, SubmissionBatch
from shared.errors import BrokerUnavailable, Unavailable
from tests.polling import eventually
from tests.submissions import submission

LIMITS = Limits(
    message_submissions=10,
    message_bytes=1000,
    messages_in_flight=2,
    unconfirmed_submissions=30,
    unconfirmed_bytes=10_000,
    linger_seconds=0.005,
)
NO_LINGER = msgspec.structs.replace(LIMITS, linger_seconds=3600.0)
decode = msgspec.msgpack.Decoder(SubmissionBatch).decode


class Broker:
    """Holds every message until the test confirms or refuses it."""

    def __init__(self) -> None:
        self.messages: list[list[Submission]] = []
        self.confirms: list[asyncio.Future[None]] = []
        self.replies: list[str | None] = []
        self.ids: list[str] = []

    async def publish(
        self,
        body: bytes,
        *,
        routing_key: str,
        message_id: str,
        content_type: str,
        message_type: str,
        reply_to: str | None = None,
    ) -> None:
        assert (routing_key, content_type, message_type) == ("q", "application/msgpack", "submissions.v1")
        self.messages.append(decode(body).submissions)
        self.replies.append(reply_to)
        self.ids.append(message_id)
        self.confirms.append(asyncio.get_running_loop().create_future())
        await self.confirms[-1]

    @property
    def numbers(self) -> list[list[str]]:
        return [[one.order_number for one in message] for message in self.messages]

    def confirm(self, index: int) -> None:
        self.confirms[index].set_result(None)


class Gateway:
    """The requests of one test."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.broker = Broker()
        self.commit = GroupCommit(self.broker, "q", limits, reply_to="answers")

    def post(self, *numbers: str, size: int = 10) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.commit.submit([submission(number) for number in numbers], size))

    def post_quiet(self, account: int, number: str) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.commit.submit([submission(number, account=UUID(int=account))], 10))

    async def sent(self, count: int) -> None:
        await eventually(lambda: len(self.broker.messages) >= count)
        await turn()
        assert len(self.broker.messages) == count

    async def finish(self, *requests: asyncio.Task[None]) -> None:
        """Confirm all that is sent until every request is answered."""
        while not all(request.done() for request in requests):
            for confirm in self.broker.confirms:
                if not confirm.done():
                    confirm.set_result(None)
            await turn()
        await asyncio.gather(*requests)


async def turn() -> None:
    """Let everything run that can run now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_lone_request_leaves_at_once_and_is_answered_with_its_confirm() -> None:
    gateway = Gateway(NO_LINGER)
    request = gateway.post("1")
    await turn()
    assert gateway.broker.numbers == [["1"]]
    assert gateway.broker.replies == ["answers"]
    assert not request.done()
    gateway.broker.confirm(0)
    await request


async def test_requests_gather_while_a_message_is_in_flight_and_leave_with_its_confirm() -> None:
    gateway = Gateway(NO_LINGER)
    requests = [gateway.post("1")]
    await turn()
    requests += [gateway.post("2"), gateway.post("3", "4")]
    await turn()
    assert gateway.broker.numbers == [["1"]]
    gateway.broker.confirm(0)
    await turn()
    assert gateway.broker.numbers == [["1"], ["2", "3", "4"]]
    assert [request.done() for request in requests] == [True, False, False]
    gateway.broker.confirm(1)
    await asyncio.gather(*requests)
    assert len(set(gateway.broker.ids)) == 2


async def test_waiting_requests_leave_after_the_linger_though_a_message_is_in_flight() -> None:
    gateway = Gateway()
    requests = [gateway.post("1")]
    await turn()
    requests.append(gateway.post("2"))
    await gateway.sent(2)
    gateway.broker.confirm(1)
    await requests[1]
    assert not requests[0].done()
    gateway.broker.confirm(0)
    await requests[0]


async def test_full_message_leaves_without_waiting() -> None:
    gateway = Gateway(NO_LINGER)
    requests = [gateway.post("1")]
    await turn()
    requests += [gateway.post(str(number)) for number in range(2, 12)]
    await turn()
    assert [len(message) for message in gateway.broker.messages] == [1, 10]
    gateway.broker.confirm(0)
    gateway.broker.confirm(1)
    await asyncio.gather(*requests)


async def test_message_is_full_by_bytes_too() -> None:
    gateway = Gateway(NO_LINGER)
    requests = [gateway.post("1")]
    await turn()
    requests += [gateway.post("2", size=600), gateway.post("3", size=600)]
    await turn()
    assert gateway.broker.numbers == [["1"], ["2"]]
    gateway.broker.confirm(0)
    await turn()
    assert gateway.broker.numbers == [["1"], ["2"]], "a flight is under way and the third is not full"
    gateway.broker.confirm(1)
    await turn()
    assert gateway.broker.numbers == [["1"], ["2"], ["3"]]
    gateway.broker.confirm(2)
    await asyncio.gather(*requests)


async def test_request_larger_than_a_message_travels_alone_and_whole() -> None:
    gateway = Gateway(NO_LINGER)
    first = gateway.post("1")
    await turn()
    large, small = gateway.post(*map(str, range(2, 27))), gateway.post("27")
    await turn()
    assert [len(message) for message in gateway.broker.messages] == [1, 25]
    for index in range(2):
        gateway.broker.confirm(index)
    await asyncio.gather(first, large)
    await turn()
    assert gateway.broker.numbers[2] == ["27"]
    gateway.broker.confirm(2)
    await small


async def test_messages_in_flight_are_bounded() -> None:
    gateway = Gateway()
    requests = [gateway.post("1")]
    await turn()
    requests += [gateway.post(*[f"{group}.{number}" for number in range(10)]) for group in range(2)]
    await gateway.sent(2)
    gateway.broker.confirm(1)
    await gateway.sent(3)
    gateway.broker.confirm(0)
    gateway.broker.confirm(2)
    await asyncio.gather(*requests)


async def test_what_is_unconfirmed_is_bounded_by_count_and_by_bytes() -> None:
    for many, size in ((["x"] * 30, 10), (["x"], 10_000)):
        gateway = Gateway()
        first = gateway.post(*many, size=size)
        await turn()
        with pytest.raises(Unavailable):
            await gateway.post("one more")
        gateway.broker.confirm(0)
        await first
        again = gateway.post("now there is room")
        await turn()
        gateway.broker.confirm(1)
        await again


async def test_single_request_above_the_bound_is_taken_when_nothing_else_waits() -> None:
    gateway = Gateway()
    request = gateway.post(*["x"] * 31)
    await turn()
    gateway.broker.confirm(0)
    await request


async def test_refused_message_fails_all_its_requests_and_no_other() -> None:
    gateway = Gateway(NO_LINGER)
    first = gateway.post("1")
    await turn()
    second, third = gateway.post("2"), gateway.post("3")
    gateway.broker.confirm(0)
    await turn()
    gateway.broker.confirms[1].set_exception(BrokerUnavailable("away"))
    results = await asyncio.gather(first, second, third, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), BrokerUnavailable, BrokerUnavailable]
    after = gateway.post("4")
    await turn()
    gateway.broker.confirm(2)
    await after


async def test_client_that_leaves_does_not_undo_its_neighbours() -> None:
    gateway = Gateway(NO_LINGER)
    first = gateway.post("1")
    await turn()
    leaving, staying = gateway.post("2"), gateway.post("3")
    await turn()
    leaving.cancel()
    gateway.broker.confirm(0)
    await turn()
    assert gateway.broker.numbers[1] == ["2", "3"]
    staying_too = gateway.post("4")
    staying_too.cancel()
    first_of_flight = asyncio.ensure_future(asyncio.wait_for(staying, 5))
    gateway.broker.confirm(1)
    await asyncio.gather(first, first_of_flight)
    assert leaving.cancelled()


async def test_lone_client_that_leaves_does_not_stop_its_message_nor_keep_its_room() -> None:
    gateway = Gateway()
    leaving = gateway.post(*["x"] * 30)
    await turn()
    leaving.cancel()
    await turn()
    assert len(gateway.broker.messages) == 1
    gateway.broker.confirm(0)
    after = gateway.post(*["y"] * 30)
    await gateway.sent(2)
    gateway.broker.confirm(1)
    await after


async def test_stopping_waits_until_everything_taken_is_answered() -> None:
    gateway = Gateway(NO_LINGER)
    running = asyncio.ensure_future(gateway.commit.run())
    requests = [gateway.post("1")]
    await turn()
    requests.append(gateway.post("2"))
    await turn()
    gateway.commit.stop()
    gateway.commit.stop()
    await turn()
    assert not running.done()
    gateway.broker.confirm(0)
    await gateway.sent(2)
    assert not running.done()
    gateway.broker.confirm(1)
    await asyncio.gather(*requests, running)


async def test_every_submission_travels_exactly_once_in_the_order_of_acceptance() -> None:
    gateway = Gateway()
    requests: list[asyncio.Task[None]] = []

    async def confirm_as_they_come() -> None:
        seen = 0
        while True:
            for index in range(seen, len(gateway.broker.confirms)):
                gateway.broker.confirm(index)
            seen = len(gateway.broker.confirms)
            await asyncio.sleep(0)

    confirming = asyncio.ensure_future(confirm_as_they_come())
    numbers: Sequence[str] = [str(number) for number in range(1000)]
    for start in range(0, 1000, 20):
        burst = [gateway.post(number) for number in numbers[start : start + 20]]
        requests += burst
        await asyncio.gather(*burst)
    confirming.cancel()
    assert [one for message in gateway.broker.numbers for one in message] == numbers
    assert len(gateway.broker.messages) < 200


async def test_account_that_has_nothing_in_flight_does_not_wait_for_what_others_have_there() -> None:
    gateway = Gateway(NO_LINGER)
    loud = [gateway.post("loud 1")]
    await gateway.sent(1)
    loud.append(gateway.post("loud 2"))
    await turn()
    quiet = [gateway.post_quiet(7, "quiet 1")]
    await gateway.sent(2)
    assert gateway.broker.numbers[1] == ["loud 2", "quiet 1"]
    quiet.append(gateway.post_quiet(8, "quiet 2"))
    await turn()
    assert len(gateway.broker.messages) == 2, "one message more, however many accounts come"
    gateway.broker.confirm(1)
    await gateway.sent(3)
    assert gateway.broker.numbers[2] == ["quiet 2"]
    await gateway.finish(*loud, *quiet)


async def test_quiet_account_goes_with_the_next_message_whatever_the_loud_one_has_waiting() -> None:
    gateway = Gateway(NO_LINGER)
    loud = [gateway.post(*(f"loud {group}/{one}" for one in range(5))) for group in range(5)]
    await gateway.sent(2)
    quiet = gateway.post_quiet(7, "quiet")
    await turn()
    gateway.broker.confirm(0)
    await gateway.sent(3)
    assert "quiet" in gateway.broker.numbers[2]
    await gateway.finish(quiet, *loud)


async def test_last_of_the_room_is_kept_from_the_loud_account() -> None:
    gateway = Gateway(NO_LINGER)
    quiet = gateway.post_quiet(7, "quiet")
    await turn()
    loud = [gateway.post("loud") for _ in range(23)]
    await turn()
    with pytest.raises(Unavailable):
        await gateway.post("loud")
    again = gateway.post_quiet(7, "again")
    await turn()
    assert not again.done()
    await gateway.finish(quiet, again, *loud)


async def test_confirmed_requests_are_answered_a_few_a_turn_and_a_quiet_account_among_the_first() -> None:
    gateway = Gateway(msgspec.structs.replace(NO_LINGER, message_submissions=100, unconfirmed_submissions=100))
    ahead = gateway.post("ahead")
    await gateway.sent(1)
    loud = [gateway.post(f"loud {number}", size=1) for number in range(60)]
    await turn()
    quiet = asyncio.ensure_future(gateway.commit.submit([submission("quiet", account=UUID(int=7))], 1))
    await turn()
    gateway.broker.confirm(0)
    await ahead
    await gateway.sent(2)
    gateway.broker.confirm(1)
    answered_before: list[int] = []
    quiet.add_done_callback(lambda _: answered_before.append(sum(request.done() for request in loud)))
    await asyncio.gather(quiet, *loud)
    assert answered_before[0] <= ANSWERS
