"""The items of a batch: found wherever the bytes are cut, and never more of them in memory than one may hold."""

import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.items import MOST_ITEMS, read_lines, split_array


async def in_chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@given(st.lists(st.sampled_from([b"", b" ", b"{}", b'{"a":1}', b"x\r"])), st.booleans(), st.integers(1, 9))
async def test_lines_are_the_same_however_the_body_is_cut(lines: list[bytes], ends: bool, size: int) -> None:
    body = b"\n".join(lines) + (b"\n" if ends else b"")
    read = [line async for lines in read_lines(in_chunks(body, size)) for line in lines]
    assert read == [line for line in body.split(b"\n") if line.strip()]


async def test_long_line_in_small_chunks_takes_no_time_that_grows_with_its_square() -> None:
    body = b"x" * (4 * 1024 * 1024)
    began = time.process_time()
    assert [lines async for lines in read_lines(in_chunks(body, 256))] == [[body]]
    assert time.process_time() - began < 2


@pytest.mark.parametrize("element", [b"1", b"{}", b'{"a":[1,2,3]}'])
@pytest.mark.parametrize("count", [0, 1, MOST_ITEMS, MOST_ITEMS + 1, MOST_ITEMS + 2, 1_200_000])
def test_of_an_array_no_more_is_kept_than_shows_that_it_is_too_long(element: bytes, count: int) -> None:
    items = split_array(b"[" + b",".join([element] * count) + b"]")
    assert len(items) == min(count, MOST_ITEMS + 1)
    assert set(items) <= {element}
