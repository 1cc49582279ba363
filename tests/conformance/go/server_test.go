// Package conformance runs Toxiproxy's own Go client, unchanged, against the server that
// TOXIPROXY_URL names, with real connections through its proxies.
//
// CONFORMANCE_SERVER says which server that is: "faultline" (default) or "toxiproxy". Where the two
// differ on purpose a case holds both answers (see says).
package conformance

import (
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

const limit = 30 * time.Second // for what takes a moment

var client *toxiproxy.Client

func TestMain(m *testing.M) {
	url := os.Getenv("TOXIPROXY_URL")
	if url == "" {
		fmt.Fprintln(os.Stderr, "TOXIPROXY_URL is not set; it names the server under test")
		os.Exit(2)
	}
	client = toxiproxy.NewClient(url)
	os.Exit(m.Run())
}

func says[T any](toxiproxy, faultline T) T {
	if os.Getenv("CONFORMANCE_SERVER") == "toxiproxy" {
		return toxiproxy
	}
	return faultline
}

// clean gives a test a server without proxies, and leaves none behind.
func clean(t *testing.T) {
	t.Helper()
	empty := func() {
		proxies, err := client.Proxies()
		must(t, err)
		for _, proxy := range proxies {
			must(t, proxy.Delete())
		}
	}
	empty()
	t.Cleanup(empty)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func fails(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", text)
	}
	equal(t, "error", err.Error(), text)
}

func newProxy(t *testing.T, name, upstream string) *toxiproxy.Proxy {
	t.Helper()
	proxy, err := client.CreateProxy(name, "127.0.0.1:0", upstream)
	must(t, err)
	return proxy
}

func addToxic(t *testing.T, proxy *toxiproxy.Proxy, kind, stream string,
	attributes toxiproxy.Attributes) *toxiproxy.Toxic {
	t.Helper()
	toxic, err := proxy.AddToxic("", kind, stream, 1, attributes)
	must(t, err)
	return toxic
}

// serve starts a TCP server that handles each connection in a goroutine, and gives its address.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				handle(connection)
			}()
		}
	}()
	return listener.Addr().String()
}

func echo(connection net.Conn) { io.Copy(connection, connection) }

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { connection.Close() })
	must(t, connection.SetDeadline(time.Now().Add(limit)))
	return connection
}

// trip sends, reads as many bytes back, checks them and says how long it took.
func trip(t *testing.T, connection net.Conn, data string) time.Duration {
	t.Helper()
	start := time.Now()
	write(t, connection, data)
	equal(t, "echo", read(t, connection, len(data)), data)
	return time.Since(start)
}

func write(t *testing.T, connection net.Conn, data string) {
	t.Helper()
	_, err := io.WriteString(connection, data)
	must(t, err)
}

func read(t *testing.T, connection net.Conn, count int) string {
	t.Helper()
	buffer := make([]byte, count)
	n, err := io.ReadFull(connection, buffer)
	if err != nil {
		t.Fatalf("after %d of %d bytes: %v", n, count, err)
	}
	return string(buffer)
}

// silent fails if anything comes within the time: data or an end.
func silent(t *testing.T, connection net.Conn, time_ time.Duration) {
	t.Helper()
	must(t, connection.SetReadDeadline(time.Now().Add(time_)))
	n, err := connection.Read(make([]byte, 1))
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		t.Fatalf("not silent: %d bytes, %v", n, err)
	}
	must(t, connection.SetDeadline(time.Now().Add(limit)))
}

func refused(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err == nil {
		connection.Close()
	}
	return err != nil
}

func atLeast(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want {
		t.Fatalf("%s: took %v, want at least %v", what, got, want)
	}
}
