#!/usr/bin/env python3
"""faultline's own API against a real server, with real connections through it: live numbers,
events, metrics, the configuration file and its reload.

Usage: native_api_test.py BUILD_DIR
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from native_case import NativeCase  # noqa: E402
from serving_case import BUILD, PATIENCE  # noqa: E402


class NativeApi(NativeCase):
    # Live numbers.

    def test_counters_and_connections_while_they_are_open(self):
        self.serve()
        with self.proxy(faults=[{"kind": "latency", "delay": "1ms"}]) as client:
            self.says(client)
            proxy = self.ask("GET", "/v1/proxies/db")[1]
            self.assertEqual(proxy["bytes"], {"upstream": 4, "downstream": 4})
            self.assertEqual(proxy["connections"], {"accepted": 1, "live": 1})
            self.assertEqual(proxy["faults"][0]["touched"]["connections"], 1)
            one, = self.ask("GET", "/v1/connections?proxy=db")[1]["connections"]
            self.assertEqual((one["proxy"], one["touched_by"]), ("db", ["latency"]))
            self.assertEqual(one["client"], "127.0.0.1:%d" % client.getsockname()[1])
            line = self.ctl("connections").stdout.split("\t")
            self.assertEqual(line[:3], [str(one["id"]), "db", one["client"]])
            self.assertEqual(self.ctl("connections", "--reset", str(one["id"])).returncode, 0)
            with self.assertRaises(ConnectionResetError):
                client.recv(1)
        self.assertEqual(self.ask("GET", "/v1/connections")[1], {"connections": []})

    def test_metrics_count_what_is_still_open(self):
        self.serve()
        with self.proxy(faults=[{"kind": "latency", "delay": "1ms"}]) as client:
            self.says(client)
            text = self.ask("GET", "/metrics")[1]
        for line in ('faultline_proxy_bytes_total{direction="upstream",proxy="db"} 4',
                     'faultline_proxy_connections{proxy="db"} 1',
                     'faultline_fault_touched_connections_total{fault="latency",kind="latency",'
                     'proxy="db"} 1',
                     'faultline_api_requests_total{code="201",method="POST"} 1'):
            self.assertIn(line + "\n", text)
        self.assertNotIn("toxiproxy_", text)
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not here to judge the names")
        judged = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                                capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((judged.returncode, judged.stderr), (0, ""))

    def test_the_compatible_program_has_its_own_metrics(self):
        self.serve("-host", "127.0.0.1", "-port", "0", program="toxiproxy-server", verb=())
        self.assertEqual(self.ask("GET", "/metrics")[0], 404)
        self.ended(self.serving)
        self.serve("-host", "127.0.0.1", "-port", "0", "-proxy-metrics", "-runtime-metrics",
                   program="toxiproxy-server", verb=())
        with self.proxy() as client:
            self.says(client)
            text = self.ask("GET", "/metrics")[1]
            listen = self.ask("GET", "/v1/proxies/db")[1]["listen"]
        labels = f'listener="{listen}",proxy="db",upstream="{self.upstream.address}"'
        for name in ("received", "sent"):
            for direction in ("upstream", "downstream"):
                self.assertIn(f'toxiproxy_proxy_{name}_bytes_total{{direction="{direction}",'
                              f'{labels}}} 4\n', text)
        self.assertIn("process_open_fds ", text)
        self.assertNotIn("faultline_", text)

    # Events.

    def test_events_are_told_as_they_happen(self):
        self.serve()
        follower = subprocess.Popen(self.ctl_command("events"), stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        # It follows once an event reaches it; until then the same one is made again.
        seen = []
        threading.Thread(target=lambda: seen.extend(map(json.loads, follower.stdout)),
                         daemon=True).start()

        def told():
            self.ask("POST", "/v1/proxies", {"name": "probe", "upstream": self.upstream.address})
            self.ask("DELETE", "/v1/proxies/probe")
            return seen
        self.await_(told, "no event came")
        with self.proxy(faults=[{"kind": "latency", "delay": "1ms"}]) as client:
            self.says(client)
        self.ask("POST", "/v1/heal")
        self.await_(lambda: any(event["kind"] == "fault_disarmed" for event in seen)
                    and any(event["kind"] == "connection_closed" for event in seen), seen)
        kinds = [event["kind"] for event in seen if event.get("proxy") == "db"]
        order = [kinds.index(kind) for kind in (
            "fault_armed", "connection_accepted", "fault_touched", "connection_closed")]
        self.assertEqual(order, sorted(order))
        disarmed = next(event for event in seen if event["kind"] == "fault_disarmed")
        self.assertEqual((disarmed["proxy"], disarmed["fault"]), ("db", "latency"))
        self.assertEqual(disarmed["touched"]["connections"], 1)

    def test_a_follower_that_does_not_read_is_dropped(self):
        self.serve()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        host, port = self.serving.address.split(":")
        slow.connect((host, int(port)))
        with slow:
            slow.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(slow.recv(15).startswith(b"HTTP/1.1 200"))
            descriptors = lambda: len(os.listdir(f"/proc/{self.serving.process.pid}/fd"))
            with self.proxy() as client:
                address = client.getpeername()
            before = descriptors()

            def dropped():
                for _ in range(200):
                    with socket.create_connection(address, PATIENCE) as client:
                        client.shutdown(socket.SHUT_WR)
                        client.recv(1)
                self.assertEqual(self.ask("GET", "/healthz")[0], 200)
                return descriptors() < before
            deadline = time.monotonic() + 4 * PATIENCE
            while not dropped():
                self.assertLess(time.monotonic(), deadline)

    # The configuration file.

    def write(self, *tables):
        (self.folder / "faultline.toml").write_text("\n".join(tables) + "\n")
        return self.folder / "faultline.toml"

    def proxy_table(self, name, listen="127.0.0.1:0", upstream=None):
        return (f'[[proxy]]\nname = "{name}"\nlisten = "{listen}"\n'
                f'upstream = "{upstream or self.upstream.address}"')

    @staticmethod
    def fault_table(on, delay="1ms"):
        return f'[[fault]]\nid = "slow"\nkind = "latency"\non = "{on}"\ndelay = "{delay}"'

    def test_a_changed_file_leaves_alone_what_it_did_not_change(self):
        file = self.write(self.proxy_table("a"), self.proxy_table("b"), self.fault_table("b"))
        self.serve(file)
        a, b = (proxy["listen"] for proxy in self.ask("GET", "/v1/proxies")[1]["proxies"])
        self.assertEqual(self.faults("b"), ["slow"])
        with self.connect_to(a) as client, self.connect_to(b) as other:
            self.says(client)
            self.says(other)
            self.write(self.proxy_table("a"), self.proxy_table("b"), self.proxy_table("c"),
                       self.fault_table("b", "2ms"))
            told = self.ctl("reload")
            self.assertEqual((told.returncode, told.stdout),
                             (0, "Reloaded: 1 added, 1 changed, 0 removed, 1 unchanged\n"))
            self.assertEqual(self.ask("GET", "/v1/proxies/b/faults/slow")[1]["delay"], "2ms")
            self.says(client)
            self.says(other)

            # A mistake keeps the configuration in force, whole, and says where it is.
            taken = self.upstream.address
            for tables, words in (
                    ([self.proxy_table("a", upstream="127.0.0.1:1"), "[[prox]]"], "unknown key"),
                    ([self.proxy_table("a"), self.proxy_table("d", listen=taken)], "Address"),
                    (["["], "not TOML")):
                self.write(*tables)
                told = self.ctl("reload")
                self.assertEqual(told.returncode, 1)
                self.assertRegex(told.stderr, r"faultline\.toml:\d+:\d+: ")
                self.assertIn(words, told.stderr)
                names = [proxy["name"] for proxy in self.ask("GET", "/v1/proxies")[1]["proxies"]]
                self.assertEqual(names, ["a", "b", "c"])
                self.says(client)
                self.says(other)

            self.write(self.proxy_table("a"))
            self.serving.process.send_signal(signal.SIGHUP)
            self.await_(lambda: len(self.ask("GET", "/v1/proxies")[1]["proxies"]) == 1, "reload")
            self.says(client)
            with self.assertRaises(OSError):
                if other.recv(1) == b"":
                    raise ConnectionResetError

    def test_a_wrong_file_starts_nothing(self):
        file = self.write(self.proxy_table("a"), self.proxy_table("b", listen="nowhere"),
                          self.fault_table("c").replace("delay", "dely"))
        ended = subprocess.run([BUILD / "faultline", "serve", "--listen", "127.0.0.1:0", file],
                               capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        for words in ("listen: ", "on: there is no proxy", 'did you mean "delay"?'):
            self.assertIn(words, ended.stderr)
        file = self.write(self.proxy_table("a"), self.proxy_table("b", self.upstream.address))
        ended = subprocess.run([BUILD / "faultline", "serve", "--listen", "127.0.0.1:0", file],
                               capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (4, ""))
        self.assertRegex(ended.stderr, r"faultline\.toml:5:1: cannot listen on .*in use")
        self.serve()
        self.assertEqual(self.ctl("reload").returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
