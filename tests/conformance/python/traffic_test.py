import peers
import pytest


def test_bytes_pass_as_they_are(through, connect):
    proxy, _ = through()
    assert connect(proxy).trip(b"\x00hello" * 20_000)[0] == b"\x00hello" * 20_000


def test_latency_of_both_directions(through, connect):
    proxy, _ = through()
    proxy.add_toxic(type="latency", attributes={"latency": 100})
    proxy.add_toxic(type="latency", stream="upstream", attributes={"latency": 150})
    assert connect(proxy).trip(b"x")[1] >= 0.25


def test_bandwidth(through, connect):
    proxy, _ = through()
    proxy.add_toxic(type="bandwidth", stream="upstream", attributes={"rate": 100})
    assert connect(proxy).trip(b"x" * 40_000)[1] >= 0.39


def test_rate_0_holds_and_removal_lets_go(through, connect):
    proxy, _ = through()
    client = connect(proxy)
    for stream in ["upstream", "downstream"]:
        proxy.add_toxic(type="bandwidth", stream=stream, attributes={"rate": 0})
    client.send(b"held")
    assert client.silent(0.3)
    for stream in ["upstream", "downstream"]:
        proxy.destroy_toxic(f"bandwidth_{stream}")
    assert client.read(4) == b"held"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_timeout(through, connect, stream):
    proxy, peer = through()
    proxy.add_toxic(type="timeout", stream=stream, attributes={"timeout": 300})
    client = connect(proxy)
    client.send(b"lost")
    assert client.outcome()[0] == b""
    assert client.age() >= 0.3
    assert peer.wait_for(lambda: peer.ends)


def test_timeout_removed_closes(through, connect):
    proxy, _ = through()
    proxy.add_toxic(type="timeout", attributes={"timeout": 0})
    client = connect(proxy)
    client.send(b"lost")
    assert client.silent(0.3)
    proxy.destroy_toxic("timeout_downstream")
    assert client.outcome()[0] == b""


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_reset_peer(through, connect, stream):
    proxy, _ = through()
    proxy.add_toxic(type="reset_peer", stream=stream, attributes={"timeout": 0})
    client = connect(proxy)
    client.send(b"x")
    assert client.outcome() == (b"", "reset")


def test_reset_peer_on_an_open_connection(through, connect, says):
    proxy, _ = through()
    client = connect(proxy)
    client.trip(b"x")
    proxy.add_toxic(type="reset_peer")
    if says(True, False):  # it waits for data
        client.send(b"y")
    assert client.outcome() == (b"", says("end", "reset"))


def test_slicer(through, connect):
    proxy, _ = through()
    proxy.add_toxic(type="slicer",
                    attributes={"average_size": 90, "size_variation": 20, "delay": 5})
    assert connect(proxy).trip(b"0123456789" * 1000)[0] == b"0123456789" * 1000


def test_limit_data(through, connect):
    proxy, _ = through(peers.gives(b"0123456789"))
    proxy.add_toxic(type="limit_data", attributes={"bytes": 4})
    assert connect(proxy).outcome()[0] == b"0123"


def test_slow_close(through, connect):
    proxy, _ = through(peers.gives(b"done"))
    proxy.add_toxic(type="slow_close", attributes={"delay": 400})
    client = connect(proxy)
    assert client.read(4) == b"done"
    assert client.outcome() == (b"", "end")
    assert client.age() >= 0.4


def test_toxicity_0_and_1(through, connect):
    proxy, _ = through()
    proxy.add_toxic(type="timeout", name="t", toxicity=0)
    for _ in range(5):
        assert connect(proxy).trip(b"x")[0] == b"x"
    proxy.destroy_toxic("t")
    proxy.add_toxic(type="timeout", name="t", toxicity=1)
    for _ in range(5):
        client = connect(proxy)
        client.send(b"x")
        assert client.silent(0.05)


def test_disabling_ends_connections(through, connect):
    proxy, _ = through()
    client = connect(proxy)
    client.trip(b"x")
    with proxy.down():
        assert client.outcome() == (b"", "end")
        assert peers.refuses(proxy.listen)
    assert connect(proxy).trip(b"back")[0] == b"back"


def test_half_close(through, connect, says):
    proxy, _ = through(peers.reply_at_end)
    client = connect(proxy)
    client.send(b"12345")
    client.end()
    assert client.outcome()[0] == says(b"", b"got 5")
