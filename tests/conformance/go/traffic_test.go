package conformance

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

type attributes = toxiproxy.Attributes

// through gives a proxy in front of a server that handles connections so.
func through(t *testing.T, handle func(net.Conn)) *toxiproxy.Proxy {
	t.Helper()
	clean(t)
	return newProxy(t, "p", serve(t, handle))
}

func TestBytesPassAsTheyAre(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	trip(t, connection, "hello world\x00\xff")
	trip(t, connection, "second part")
	big := strings.Repeat("0123456789abcdef", 65536) // 1 MiB
	go io.WriteString(connection, big)
	equal(t, "big message", read(t, connection, len(big)) == big, true)
}

func TestADownUpstreamEndsTheConnectionWithoutAByte(t *testing.T) {
	clean(t)
	proxy := newProxy(t, "p", "127.0.0.1:1")
	data, err := io.ReadAll(dial(t, proxy.Listen))
	must(t, err)
	equal(t, "bytes", len(data), 0)
}

func TestLatencyOfBothDirectionsAddsUp(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	addToxic(t, proxy, "latency", "upstream", attributes{"latency": 100})
	atLeast(t, "upstream", trip(t, connection, "a"), 100*time.Millisecond)
	addToxic(t, proxy, "latency", "downstream", attributes{"latency": 50})
	atLeast(t, "both", trip(t, connection, "b"), 150*time.Millisecond)
	_, err := proxy.AddToxic("second", "latency", "downstream", 1, attributes{"latency": 100})
	must(t, err)
	atLeast(t, "two in a row", trip(t, connection, "c"), 250*time.Millisecond)
	must(t, client.ResetState())
	trip(t, connection, "still alive")
}

func TestLatencyDoesNotLimitThroughput(t *testing.T) {
	// One second for each of many blocks one after the other would take minutes.
	proxy := through(t, func(connection net.Conn) { io.Copy(io.Discard, connection) })
	addToxic(t, proxy, "latency", "upstream", attributes{"latency": 1000})
	connection := dial(t, proxy.Listen)
	for i := 0; i < 256; i++ {
		write(t, connection, strings.Repeat("x", 32768))
	}
}

func TestBandwidthHoldsItsRate(t *testing.T) {
	proxy := through(t, echo)
	addToxic(t, proxy, "bandwidth", "upstream", attributes{"rate": 1000})
	atLeast(t, "500 kB at 1000 KB/s",
		trip(t, dial(t, proxy.Listen), strings.Repeat("hello", 100_000)), 490*time.Millisecond)
}

func TestTimeoutHoldsAndClosesInTime(t *testing.T) {
	proxy := through(t, echo)
	addToxic(t, proxy, "timeout", "upstream", attributes{"timeout": 300})
	connection := dial(t, proxy.Listen)
	start := time.Now()
	write(t, connection, "lost")
	n, err := connection.Read(make([]byte, 8))
	equal(t, "bytes", n, 0)
	if err == nil {
		t.Fatal("no end")
	}
	atLeast(t, "timeout", time.Since(start), 290*time.Millisecond)
}

func TestTimeoutClosesWhenItIsRemoved(t *testing.T) {
	for _, stream := range []string{"upstream", "downstream"} {
		proxy := through(t, echo)
		addToxic(t, proxy, "timeout", stream, attributes{"timeout": 0})
		connection := dial(t, proxy.Listen)
		write(t, connection, "lost")
		silent(t, connection, 200*time.Millisecond)
		must(t, proxy.RemoveToxic("timeout_"+stream))
		n, err := connection.Read(make([]byte, 8))
		if n != 0 || err == nil {
			t.Fatalf("%s: %d bytes, %v", stream, n, err)
		}
		trip(t, dial(t, proxy.Listen), "a new one is whole")
	}
}

func TestResetPeerIsAReset(t *testing.T) {
	for _, stream := range []string{"upstream", "downstream"} {
		for _, timeout := range []int{0, 200} {
			proxy := through(t, echo)
			addToxic(t, proxy, "reset_peer", stream, attributes{"timeout": timeout})
			connection := dial(t, proxy.Listen)
			start := time.Now()
			write(t, connection, "x")
			_, err := connection.Read(make([]byte, 1))
			equal(t, stream, errors.Is(err, syscall.ECONNRESET), true)
			atLeast(t, stream, time.Since(start), time.Duration(timeout)*time.Millisecond*9/10)
		}
	}
}

func TestResetPeerOnAnOpenConnection(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	trip(t, connection, "x")
	addToxic(t, proxy, "reset_peer", "downstream", nil)
	if says(true, false) { // it waits for data
		write(t, connection, "y")
	}
	_, err := connection.Read(make([]byte, 1))
	equal(t, "reset", errors.Is(err, syscall.ECONNRESET), says(false, true))
}

func TestSlicerLosesNothing(t *testing.T) {
	proxy := through(t, echo)
	addToxic(t, proxy, "slicer", "upstream", attributes{"average_size": 32, "size_variation": 16, "delay": 10})
	addToxic(t, proxy, "slicer", "downstream", attributes{"average_size": 32})
	trip(t, dial(t, proxy.Listen), strings.Repeat("hello world ", 100))
}

func TestLimitDataClosesAtItsLimit(t *testing.T) {
	for _, one := range []struct{ limit, sent, want int }{
		{100, 50, 50}, {100, 100, 100}, {100, 150, 100}, {0, 10, 0}} {
		proxy := through(t, func(connection net.Conn) {
			io.WriteString(connection, strings.Repeat("x", one.sent))
		})
		addToxic(t, proxy, "limit_data", "downstream", attributes{"bytes": one.limit})
		data, _ := io.ReadAll(dial(t, proxy.Listen))
		equal(t, "bytes", len(data), one.want)
	}
}

func TestSlowCloseDelaysOnlyTheEnd(t *testing.T) {
	proxy := through(t, func(connection net.Conn) { io.WriteString(connection, "done") })
	addToxic(t, proxy, "slow_close", "downstream", attributes{"delay": 300})
	start := time.Now()
	connection := dial(t, proxy.Listen)
	equal(t, "data", read(t, connection, 4), "done")
	data, err := io.ReadAll(connection)
	must(t, err)
	equal(t, "rest", len(data), 0)
	atLeast(t, "the end", time.Since(start), 300*time.Millisecond)
}

func TestToxicityZeroAndOne(t *testing.T) {
	proxy := through(t, echo)
	_, err := proxy.AddToxic("t", "limit_data", "downstream", 0, nil)
	must(t, err)
	for i := 0; i < 10; i++ {
		trip(t, dial(t, proxy.Listen), "untouched")
	}
	_, err = proxy.UpdateToxic("t", 1, nil)
	must(t, err)
	for i := 0; i < 5; i++ {
		connection := dial(t, proxy.Listen)
		write(t, connection, "x")
		n, _ := connection.Read(make([]byte, 1))
		equal(t, "bytes", n, 0)
	}
}

func TestToxicsComeAndGoOnAConnectionThatTalks(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	for i := 0; i < 30; i++ {
		name := []string{"latency", "bandwidth", "noop"}[i%3]
		trip(t, connection, "before "+name)
		addToxic(t, proxy, name, "upstream", map[string]attributes{
			"latency": {"latency": 5}, "bandwidth": {"rate": 1000}}[name])
		trip(t, connection, "with "+name)
		must(t, proxy.RemoveToxic(name+"_upstream"))
	}
}

func TestACutConnectionDeliversWhenItIsMended(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	trip(t, connection, "before")
	for _, stream := range []string{"downstream", "upstream"} {
		_, err := proxy.AddToxic("CUT_CONNECTION_"+strings.ToUpper(stream), "bandwidth", stream, 1,
			attributes{"rate": 0})
		must(t, err)
	}
	write(t, connection, "during")
	silent(t, connection, 300*time.Millisecond)
	must(t, proxy.RemoveToxic("CUT_CONNECTION_DOWNSTREAM"))
	must(t, proxy.RemoveToxic("CUT_CONNECTION_UPSTREAM"))
	equal(t, "data", read(t, connection, 6), "during")
}

func TestDisableEndsConnectionsAndEnableServesAgain(t *testing.T) {
	proxy := through(t, echo)
	connection := dial(t, proxy.Listen)
	trip(t, connection, "x")
	must(t, proxy.Disable())
	data, err := io.ReadAll(connection)
	must(t, err)
	equal(t, "bytes", len(data), 0)
	equal(t, "refused", refused(proxy.Listen), true)
	must(t, proxy.Enable())
	trip(t, dial(t, proxy.Listen), "back")
}

func TestRemovingLatencyUnderBacklogOfADeadPeerReturns(t *testing.T) {
	// github.com/Shopify/toxiproxy issue 558: there this hangs the API for good, if it is met.
	if says(true, false) {
		t.Skip("toxiproxy: its API deadlocks")
	}
	proxy := through(t, func(connection net.Conn) {
		block := make([]byte, 65536)
		for {
			if _, err := connection.Write(block); err != nil {
				return
			}
		}
	})
	addToxic(t, proxy, "latency", "downstream", attributes{"latency": 20_000})
	connection := dial(t, proxy.Listen).(*net.TCPConn)
	silent(t, connection, 300*time.Millisecond)
	must(t, connection.SetLinger(0))
	must(t, connection.Close())
	must(t, proxy.RemoveToxic("latency_downstream"))
	_, err := client.Proxies()
	must(t, err)
}
