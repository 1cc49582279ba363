"""Drills in which what the documents' tables name is tried out, and a value for each of it."""

# In which everything a measure or a kind of fault may ask for has a name.
TRIAL_DRILL = """name = "trial"
expect = [{expect}]
limit = [{{ name = "limit", on = "source", requests = 100, window = "10s" }}]
[[proxy]]
name = "source"
protocol = "http"
tls = {{ generate = "localhost" }}
listen = "127.0.0.1:0"
upstream = "127.0.0.1:1"
[[proxy]]
name = "demand"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:1"
[[proxy]]
name = "link"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:1"
[[workload]]
name = "load"
target = "127.0.0.1:1"
stages = [{{ for = "0s", target = "20/s" }}, {{ name = "stage", for = "60s", target = "20/s" }}]
[workload.request]
path = "/{{id}}"
[[fault]]
id = "outage"
kind = "{kind}"
on = "source"
at = "10s"
for = "10s"
{more}
[[sink]]
name = "sink"
kind = "postgres"
connection = "host=127.0.0.1"
query = "select 1"
"""
# The same for what an X-ray answers.
XRAY_DRILL = """name = "trial"
expect = [{expect}]
[[proxy]]
name = "link"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:1"
[xray]
on = "link"
drive = "http://127.0.0.1:1/"
[xray.contract]
window = "time"
"""
ARGUMENTS = {"fault": "outage", "opening": "1", "source": "source", "phase": "all", "did": "any",
             "told": "any", "status": "503", "sink": "sink", "stage": "stage", "route": "/route",
             "answer": "window", "word": "calls"}
VALUES = {"duration": "1s", "count": "10", "share": "5%"}
# A value for each parameter of a fault.
PARAMETERS = {
    "delay": '"10ms"', "jitter": '"1ms"', "distribution": '"table"', "table": '"1ms 2ms"',
    "wave": '"saw"', "amplitude": '"1ms"', "period": '"1s"', "probability": "0.1",
    "correlation": "0.1", "rto": '"100ms"', "max": '"1s"', "rate": '"1MB"', "per": '"proxy"',
    "burst": '"1MB"', "size": '"10B"', "variation": '"5B"', "pause": '"1ms"',
    "connections": '"live"', "up": '"2s"', "down": '"1s"', "how": '"refuse"', "bytes": '"1KB"',
    "time": '"1s"', "then": '"reset"', "ratio": "0.1", "interval": '"100B"', "after": '"5B"'}
OF_A_KIND = {
    "half_close": {"after": '"1s"'}, "corrupt": {"how": '"replace"'},
    "status": {"code": "502", "body": '"html"', "phase": '"after"', "preset": '"nginx_502"'},
    "rate_limit": {"limit": "5", "window": '"2s"', "retry_after": "0", "code": "503"},
    "error_after": {"code": "502", "body": '"html"'},
    "hang": {"place": '"mid_body"'}, "truncate": {"how": '"silent"'},
    "status_line_only": {"phase": '"before"'}, "bad_chunk": {"phase": '"before"'},
    "garbage": {"phase": '"before"'}, "keepalive_race": {"close": '"rst"'},
    "early_final": {"code": "401"}, "dup_header": {"field": '"date"'},
    "redirect_loop": {"code": "307", "to": '"http"'},
    "stale_reply": {"phase": '"after"', "age": '"1s"'},
    "body_mutate": {"how": '"set"', "pointer": '"/items/0"', "value": '"42"'},
    "duplicate_request": {"answer": '"second"'}, "tls_alert": {"alert": '"internal_error"'}}
