"""Ports on the loopback interface."""

import socket

import pytest

from services.cli.stack.ports import LOOPBACK, HeldPort, answers, free_ports, is_free
from services.cli.stack.state import State


def listening(port: int, *, reuse_port: bool = False) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuse_port))
    try:
        server.bind((LOOPBACK, port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def test_gateways_share_a_held_port_and_nobody_else_gets_it() -> None:
    held = HeldPort.first_free(free_ports(1)[0])
    with pytest.raises(OSError, match="in use"):
        listening(held.number)
    with listening(held.number, reuse_port=True), listening(held.number, reuse_port=True):
        assert answers(held.number)
    # Between two runs of all gateways it is still ours.
    with pytest.raises(OSError, match="in use"):
        listening(held.number)
    held.release()
    listening(held.number).close()


def test_next_free_port_is_taken_where_one_is_in_use() -> None:
    with listening(free_ports(1)[0]) as server:
        wanted = server.getsockname()[1]
        held = HeldPort.first_free(wanted)
        assert held.number > wanted
        held.release()


def test_port_of_another_stack_is_in_use_too() -> None:
    first = HeldPort.first_free(free_ports(1)[0])
    with listening(first.number, reuse_port=True):
        second = HeldPort.first_free(first.number)
        assert second.number > first.number
        second.release()
    first.release()


def test_free_ports_are_different_free_and_not_those_to_avoid() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(map(is_free, ports))
    assert not set(free_ports(20, avoid=ports)) & set(ports)


def test_ports_stay_the_same_while_they_are_free() -> None:
    state = State()
    state.choose_ports("postgres", "rabbitmq")
    before = dict(state.ports)
    state.choose_ports("postgres", "rabbitmq")
    assert state.ports == before
    with listening(before["postgres"]):
        state.choose_ports("postgres", "rabbitmq")
    assert state.ports["postgres"] != before["postgres"]
    assert state.ports["rabbitmq"] == before["rabbitmq"]
