package conformance

import (
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestVersionIsJSON(t *testing.T) {
	version, err := client.Version()
	must(t, err)
	if !regexp.MustCompile(`^{"version": "[^"]+"}\n$`).Match(version) {
		t.Fatalf("got %q", version)
	}
}

func TestEveryAnswerHasARequestId(t *testing.T) {
	seen := map[string]bool{}
	for i := 0; i < 3; i++ {
		answer, err := http.Get(os.Getenv("TOXIPROXY_URL") + "/version")
		must(t, err)
		answer.Body.Close()
		seen[answer.Header.Get("X-Toxiproxy-Request-Id")] = true
	}
	if seen[""] || len(seen) != 3 {
		t.Fatalf("got %v", seen)
	}
}

func TestABrowserIsRefused(t *testing.T) {
	for agent, want := range map[string]int{"Mozilla/5.0": 403, "Go-http-client/1.1": 200} {
		request, err := http.NewRequest("GET", os.Getenv("TOXIPROXY_URL")+"/proxies", nil)
		must(t, err)
		request.Header.Set("User-Agent", agent)
		answer, err := http.DefaultClient.Do(request)
		must(t, err)
		answer.Body.Close()
		equal(t, agent, answer.StatusCode, want)
	}
}

func TestNoProxiesAtFirst(t *testing.T) {
	clean(t)
	proxies, err := client.Proxies()
	must(t, err)
	equal(t, "proxies", len(proxies), 0)
}

func TestCreateNamesWhatIsMissing(t *testing.T) {
	clean(t)
	_, err := client.CreateProxy("", "", "")
	fails(t, err, "Create: HTTP 400: missing required field: name")
	_, err = client.CreateProxy("p", "", "")
	fails(t, err, "Create: HTTP 400: missing required field: upstream")
}

func TestCreateAndRead(t *testing.T) {
	clean(t)
	created, err := client.CreateProxy("p", "localhost:0", "localhost:20001")
	must(t, err)
	if !regexp.MustCompile(`^127\.0\.0\.1:[1-9]\d*$`).MatchString(created.Listen) {
		t.Fatalf("listen is %q", created.Listen)
	}
	proxy, err := client.Proxy("p")
	must(t, err)
	for _, one := range []*toxiproxy.Proxy{created, proxy} {
		equal(t, "name", one.Name, "p")
		equal(t, "listen", one.Listen, created.Listen)
		equal(t, "upstream", one.Upstream, "localhost:20001")
		equal(t, "enabled", one.Enabled, true)
		equal(t, "toxics", len(one.ActiveToxics), 0)
	}
	_, err = client.Proxy("other")
	fails(t, err, "HTTP 404: proxy not found")
}

func TestSaveCreatesAndThenUpdates(t *testing.T) {
	clean(t)
	proxy := client.NewProxy()
	proxy.Name, proxy.Listen, proxy.Upstream, proxy.Enabled = "p", "127.0.0.1:0", "up:1", true
	must(t, proxy.Save())
	listen := proxy.Listen
	proxy.Upstream = "up:2"
	must(t, proxy.Save())
	read, err := client.Proxy("p")
	must(t, err)
	equal(t, "upstream", read.Upstream, "up:2")
	equal(t, "listen", read.Listen, listen)
	equal(t, "enabled", read.Enabled, true)
}

func TestADisabledProxyKeepsItsListenAndIsEnabledLater(t *testing.T) {
	clean(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	proxy := client.NewProxy()
	proxy.Name, proxy.Listen, proxy.Upstream = "p", "localhost:"+port, "up:1"
	must(t, proxy.Save())
	equal(t, "listen", proxy.Listen, "localhost:"+port)
	equal(t, "enabled", proxy.Enabled, false)
	equal(t, "refused", refused("127.0.0.1:"+port), true)
	must(t, proxy.Enable())
	equal(t, "listen", proxy.Listen, "127.0.0.1:"+port)
	equal(t, "refused", refused(proxy.Listen), false)
	must(t, proxy.Disable())
	equal(t, "refused", refused(proxy.Listen), true)
}

func TestDelete(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	equal(t, "refused", refused(proxy.Listen), false)
	must(t, proxy.Delete())
	equal(t, "refused", refused(proxy.Listen), true)
	proxies, err := client.Proxies()
	must(t, err)
	equal(t, "proxies", len(proxies), 0)
	fails(t, proxy.Delete(), "Delete: HTTP 404: proxy not found")
}

func TestConflicts(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	_, err := client.CreateProxy("p", "127.0.0.1:0", "up:2")
	fails(t, err, "Create: HTTP 409: proxy already exists")
	_, err = client.CreateProxy("q", proxy.Listen, "up:2")
	fails(t, err, "Create: HTTP 500: listen tcp "+proxy.Listen+": bind: address already in use")
	proxies, err := client.Proxies()
	must(t, err)
	equal(t, "proxies", len(proxies), 1)
}

func TestPopulate(t *testing.T) {
	clean(t)
	proxies, err := client.Populate([]toxiproxy.Proxy{
		{Name: "one", Listen: "localhost:0", Upstream: "up:1", Enabled: true},
		{Name: "two", Listen: "localhost:7171", Upstream: "up:2", Enabled: false}})
	must(t, err)
	equal(t, "count", len(proxies), 2)
	equal(t, "enabled", proxies[0].Enabled, true)
	equal(t, "enabled", proxies[1].Enabled, false)
	equal(t, "listen", proxies[1].Listen, "localhost:7171")
	equal(t, "refused", refused(proxies[0].Listen), false)
}

func TestPopulateKeepsWhatIsTheSame(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	addToxic(t, proxy, "latency", "downstream", nil)
	same := toxiproxy.Proxy{Name: "p", Listen: proxy.Listen, Upstream: "up:1", Enabled: true}
	other := toxiproxy.Proxy{Name: "q", Listen: "127.0.0.1:0", Upstream: "up:2", Enabled: true}
	proxies, err := client.Populate([]toxiproxy.Proxy{same, other})
	must(t, err)
	equal(t, "count", len(proxies), 2)
	equal(t, "toxics", len(proxies[0].ActiveToxics), 1)
	same.Upstream = "up:3"
	proxies, err = client.Populate([]toxiproxy.Proxy{same})
	must(t, err)
	equal(t, "upstream", proxies[0].Upstream, "up:3")
	equal(t, "toxics", len(proxies[0].ActiveToxics), 0)
}

func TestPopulateWithAnEntryThatIsIncompleteCreatesNothing(t *testing.T) {
	clean(t)
	good := toxiproxy.Proxy{Name: "good", Listen: "127.0.0.1:0", Upstream: "up:1", Enabled: true}
	_, err := client.Populate([]toxiproxy.Proxy{good, {Name: "", Upstream: "up:1"}})
	fails(t, err, "Populate: HTTP 400: missing required field: name at proxy 2")
	_, err = client.Populate([]toxiproxy.Proxy{good, {Name: "bad"}})
	fails(t, err, "Populate: HTTP 400: missing required field: upstream at proxy 2")
	proxies, err := client.Proxies()
	must(t, err)
	equal(t, "proxies", len(proxies), 0)
}

func TestPopulateStopsWhereAPortIsTaken(t *testing.T) {
	clean(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	address := taken.Addr().String()
	_, err = client.Populate([]toxiproxy.Proxy{
		{Name: "first", Listen: "127.0.0.1:0", Upstream: "up:1", Enabled: true},
		{Name: "second", Listen: address, Upstream: "up:1", Enabled: true},
		{Name: "third", Listen: "127.0.0.1:0", Upstream: "up:1", Enabled: true}})
	fails(t, err, "Populate: HTTP 500: listen tcp "+address+": bind: address already in use")
	proxies, err := client.Proxies()
	must(t, err)
	equal(t, "proxies", len(proxies), 1)
	equal(t, "first is there", proxies["first"] != nil, true)
}

func TestWhatWasPopulatedTakesToxics(t *testing.T) {
	clean(t)
	proxies, err := client.Populate([]toxiproxy.Proxy{
		{Name: "p", Listen: "127.0.0.1:0", Upstream: "up:1", Enabled: true}})
	must(t, err)
	toxic := addToxic(t, proxies[0], "latency", "downstream", toxiproxy.Attributes{"latency": 9})
	equal(t, "name", toxic.Name, "latency_downstream")
}

func TestReset(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	listen := proxy.Listen
	must(t, proxy.Disable())
	addToxic(t, proxy, "latency", "downstream", toxiproxy.Attributes{"latency": 100, "jitter": 10})
	must(t, client.ResetState())
	proxy, err := client.Proxy("p")
	must(t, err)
	equal(t, "enabled", proxy.Enabled, true)
	equal(t, "listen", proxy.Listen, listen)
	equal(t, "toxics", len(proxy.ActiveToxics), 0)
	equal(t, "refused", refused(listen), false)
}

func TestToxicsAreListedUpstreamFirst(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	addToxic(t, proxy, "latency", "downstream", toxiproxy.Attributes{"latency": 100})
	addToxic(t, proxy, "bandwidth", "upstream", toxiproxy.Attributes{"rate": 10})
	toxics, err := proxy.Toxics()
	must(t, err)
	equal(t, "count", len(toxics), 2)
	equal(t, "first", toxics[0].Name+" "+toxics[0].Type+" "+toxics[0].Stream,
		"bandwidth_upstream bandwidth upstream")
	equal(t, "rate", toxics[0].Attributes["rate"].(float64), 10)
	equal(t, "second", toxics[1].Name, "latency_downstream")
	equal(t, "toxicity", toxics[1].Toxicity, 1)
	equal(t, "latency", toxics[1].Attributes["latency"].(float64), 100)
	equal(t, "jitter", toxics[1].Attributes["jitter"].(float64), 0)
}

func TestToxicNamesConflictAcrossStreams(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	_, err := proxy.AddToxic("foo", "latency", "downstream", 1, nil)
	must(t, err)
	_, err = proxy.AddToxic("foo", "bandwidth", "upstream", 1, nil)
	fails(t, err, "AddToxic: HTTP 409: toxic already exists")
	addToxic(t, proxy, "latency", "", nil)
	_, err = proxy.AddToxic("", "latency", "downstream", 1, nil)
	fails(t, err, "AddToxic: HTTP 409: toxic already exists")
	addToxic(t, proxy, "latency", "upstream", nil)
}

func TestInvalidToxics(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	_, err := proxy.AddToxic("", "latency", "walrustream", 1, nil)
	fails(t, err, "AddToxic: HTTP 400: stream was invalid, can be either upstream or downstream")
	_, err = proxy.AddToxic("", "walrus", "upstream", 1, nil)
	fails(t, err, "AddToxic: HTTP 400: invalid toxic type")
	_, err = proxy.AddToxic("", "latency", "", 1, toxiproxy.Attributes{"latency": "long"})
	if err == nil || !strings.HasPrefix(err.Error(), "AddToxic: HTTP 400: bad request body: ") {
		t.Fatalf("got %v", err)
	}
	toxics, err := proxy.Toxics()
	must(t, err)
	equal(t, "toxics", len(toxics), 0)
}

func TestToxicityAndUpdates(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	toxic, err := proxy.AddToxic("t", "latency", "upstream", 0.2,
		toxiproxy.Attributes{"latency": 100, "jitter": 10})
	must(t, err)
	equal(t, "toxicity", toxic.Toxicity, 0.2)
	toxic, err = proxy.UpdateToxic("t", 0.5, toxiproxy.Attributes{"latency": 1000})
	must(t, err)
	equal(t, "toxicity", toxic.Toxicity, 0.5)
	equal(t, "latency", toxic.Attributes["latency"].(float64), 1000)
	equal(t, "jitter", toxic.Attributes["jitter"].(float64), 10)
	toxic, err = proxy.UpdateToxic("t", -1, toxiproxy.Attributes{"jitter": 0})
	must(t, err)
	equal(t, "toxicity", toxic.Toxicity, 0.5)
	_, err = proxy.UpdateToxic("none", 1, nil)
	fails(t, err, "HTTP 404: toxic not found")
}

func TestRemoveToxic(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	addToxic(t, proxy, "noop", "upstream", nil)
	must(t, proxy.RemoveToxic("noop_upstream"))
	toxics, err := proxy.Toxics()
	must(t, err)
	equal(t, "toxics", len(toxics), 0)
	fails(t, proxy.RemoveToxic("noop_upstream"), "HTTP 404: toxic not found")
}

func TestToxicsByTheClientsOptions(t *testing.T) {
	clean(t)
	newProxy(t, "p", "up:1")
	options := &toxiproxy.ToxicOptions{ProxyName: "p", ToxicName: "t", ToxicType: "latency",
		Stream: "downstream", Toxicity: 1, Attributes: toxiproxy.Attributes{"latency": 7}}
	toxic, err := client.AddToxic(options)
	must(t, err)
	equal(t, "latency", toxic.Attributes["latency"].(float64), 7)
	options.Attributes["latency"] = 8
	toxic, err = client.UpdateToxic(options)
	must(t, err)
	equal(t, "latency", toxic.Attributes["latency"].(float64), 8)
	must(t, client.RemoveToxic(options))
	fails(t, client.RemoveToxic(options),
		"failed to remove toxic 't' from proxy 'p': HTTP 404: toxic not found")
}

func TestNegativeNumbers(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "up:1")
	_, err := proxy.AddToxic("", "latency", "", 1, toxiproxy.Attributes{"latency": -5})
	equal(t, "refused", err != nil, says(false, true))
}
