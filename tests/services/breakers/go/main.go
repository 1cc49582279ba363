// A service whose breaker is gobreaker: `service --upstream URL --config NAME`. GET /call asks the
// upstream through the breaker. It prints the port it listens on and ends when its input ends.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The client's time limit, from dialling to the last byte of the body.
const limit = 700 * time.Millisecond

// An answer of the upstream that is no success.
type status int

func (s status) Error() string { return fmt.Sprintf("the upstream answered %d", int(s)) }

func is(err error, wanted int) bool {
	var found status
	return errors.As(err, &found) && int(found) == wanted
}

var configurations = map[string]gobreaker.Settings{
	// Opens on the third failure in a row. A 404 is a success like any other.
	"consecutive": {
		MaxRequests:  2,
		Timeout:      1500 * time.Millisecond,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 3 },
		IsSuccessful: func(err error) bool { return err == nil || is(err, 404) },
	},
	// Opens when three in five fail, counted anew every four seconds. A 429 does not count at all.
	"interval": {
		Interval: 4 * time.Second,
		Timeout:  2 * time.Second,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.Requests >= 5 && float64(c.TotalFailures) >= 0.6*float64(c.Requests)
		},
		IsSuccessful: func(err error) bool { return err == nil || is(err, 404) },
		IsExcluded:   func(err error) bool { return is(err, 429) },
	},
}

func ask(client *http.Client, upstream string) (string, error) {
	answer, err := client.Get(upstream)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode >= 400 {
		return "", status(answer.StatusCode)
	}
	return string(body), nil
}

func main() {
	upstream := flag.String("upstream", "", "the URL to call")
	name := flag.String("config", "consecutive", "consecutive or interval")
	flag.Parse()
	settings, known := configurations[*name]
	if !known || *upstream == "" {
		fmt.Fprintln(os.Stderr, "service --upstream URL --config consecutive|interval")
		os.Exit(2)
	}
	breaker := gobreaker.NewCircuitBreaker[string](settings)
	client := &http.Client{Timeout: limit}
	http.HandleFunc("GET /call", func(writer http.ResponseWriter, _ *http.Request) {
		body, err := breaker.Execute(func() (string, error) { return ask(client, *upstream) })
		switch {
		case err == nil:
			fmt.Fprint(writer, body)
		case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
			http.Error(writer, err.Error(), http.StatusServiceUnavailable)
		default:
			http.Error(writer, err.Error(), http.StatusBadGateway)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, http.Serve(listener, nil))
	os.Exit(1)
}
