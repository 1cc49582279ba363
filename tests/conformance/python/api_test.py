import json

import peers
import pytest
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists
from toxiproxy.utils import can_connect_to


def accepts(proxy):
    host, port = proxy.listen.split(":")
    return can_connect_to(host, int(port))


def test_a_proxy_is_created_as_it_was_said(toxiproxy):
    listen = f"127.0.0.1:{peers.unused_port()}"
    proxy = toxiproxy.create(upstream="localhost:3306", name="p", listen=listen, enabled=False)
    assert (proxy.upstream, proxy.name, proxy.enabled) == ("localhost:3306", "p", False)
    assert proxy.listen == listen
    assert not accepts(proxy)


def test_a_proxy_is_found_by_name(toxiproxy):
    toxiproxy.create(upstream="localhost:3306", name="p")
    assert toxiproxy.get_proxy("p").upstream == "localhost:3306"
    assert toxiproxy.get_proxy("other") is None


def test_a_proxy_is_destroyed(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    assert accepts(proxy)
    assert toxiproxy.destroy(proxy) is True
    assert toxiproxy.proxies() == {}
    assert not accepts(proxy)
    with pytest.raises(NotFound):
        proxy.destroy()


def test_destroying_something_else_does_nothing(toxiproxy):
    assert toxiproxy.destroy("no proxy") is False


def test_disable_and_enable(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    proxy.disable()
    assert not (proxy.enabled or toxiproxy.get_proxy("p").enabled or accepts(proxy))
    proxy.enable()
    assert proxy.enabled and toxiproxy.get_proxy("p").enabled and accepts(proxy)


def test_down_is_for_a_while(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    with proxy.down():
        assert not accepts(proxy)
    assert accepts(proxy)


def test_a_name_is_taken_once(toxiproxy):
    toxiproxy.create(upstream="localhost:3306", name="p")
    with pytest.raises(ProxyExists):
        toxiproxy.create(upstream="localhost:3306", name="p")


def test_a_conflict_is_the_servers_own_words(toxiproxy):
    toxiproxy.create(upstream="localhost:3306", name="p")
    with pytest.raises(ProxyExists, match="proxy already exists"):
        APIConsumer.post("/proxies", json={"name": "p", "upstream": "a:1"})


def test_a_proxy_without_listen_gets_a_port(toxiproxy):
    found = APIConsumer.post("/proxies", json={"name": "p", "upstream": "a:1"}).json()
    assert found["listen"].rpartition(":")[2] != "0"


def test_a_path_that_is_none(toxiproxy):
    with pytest.raises(NotFound):
        APIConsumer.get("/not_found")


def test_nobody_answers_on_another_port(toxiproxy):
    toxiproxy.update_api_consumer("127.0.0.1", peers.unused_port())
    assert toxiproxy.running() is False
    assert toxiproxy.version() is None


def test_it_is_running_and_says_its_version(toxiproxy):
    assert toxiproxy.running() is True
    assert json.loads(toxiproxy.version())["version"]


def test_the_client_populates(toxiproxy):
    first, second = peers.unused_port(), peers.unused_port()
    found = toxiproxy.populate([
        {"name": "a", "upstream": "localhost:3306", "listen": f"localhost:{first}"},
        {"name": "b", "upstream": "localhost:3306", "listen": "localhost:0"}])
    assert [proxy.name for proxy in found] == ["a", "b"]
    assert found[0].listen == f"127.0.0.1:{first}"
    assert all(accepts(proxy) for proxy in found)
    moved = toxiproxy.populate([
        {"name": "a", "upstream": "localhost:3306", "listen": f"localhost:{second}"}])
    assert moved[0].listen == f"127.0.0.1:{second}"
    assert accepts(moved[0]) and not can_connect_to("127.0.0.1", first)


def test_a_toxic_outlives_disable_and_enable(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    proxy.add_toxic(type="latency", attributes={"latency": 123})
    proxy.disable()
    proxy.enable()
    assert proxy.get_toxic("latency_downstream").attributes["latency"] == 123
    assert toxiproxy.get_proxy("p").listen == proxy.listen


def test_toxics_are_listed_and_destroyed(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    proxy.add_toxic(type="latency", attributes={"latency": 123})
    proxy.add_toxic(type="bandwidth", stream="upstream", name="slow", toxicity=0.5,
                    attributes={"rate": 5})
    toxics = proxy.toxics()
    assert list(toxics) == ["slow", "latency_downstream"]
    assert (toxics["slow"].stream, toxics["slow"].toxicity) == ("upstream", 0.5)
    assert proxy.destroy_toxic("latency_downstream") is True
    assert list(proxy.toxics()) == ["slow"]
    assert proxy.get_toxic("latency_downstream") is None
    with pytest.raises(NotFound, match="toxic not found"):
        proxy.destroy_toxic("latency_downstream")


def test_a_toxic_that_is_none_is_invalid(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    with pytest.raises(InvalidToxic, match="invalid toxic type"):
        proxy.add_toxic(type="nonsense")
    with pytest.raises(InvalidToxic, match="stream was invalid"):
        proxy.add_toxic(type="latency", stream="sideways")
    with pytest.raises(InvalidToxic, match="bad request body"):
        proxy.add_toxic(type="latency", attributes={"latency": "long"})
    proxy.add_toxic(type="latency")
    with pytest.raises(ProxyExists, match="toxic already exists"):
        proxy.add_toxic(type="latency")


def test_reset(toxiproxy):
    proxy = toxiproxy.create(upstream="localhost:3306", name="p")
    proxy.disable()
    proxy.add_toxic(type="latency", attributes={"latency": 123})
    assert toxiproxy.reset() is True
    assert accepts(proxy)
    assert proxy.toxics() == {}
    assert toxiproxy.get_proxy("p").listen == proxy.listen
