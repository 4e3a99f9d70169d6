package loadgen

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// sparing is a server that does as little as it can for each request.
func sparing(tb testing.TB) Target {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go answerLines(c)
		}
	}()
	return Target{Name: "candidate", URL: "http://" + listener.Addr().String()}
}

func answerLines(c net.Conn) {
	defer c.Close()
	text := []byte(answered)
	for in := bufio.NewReader(c); ; {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(line) <= 2 {
			_, _ = c.Write(text)
		}
	}
}

func made(tb testing.TB, m maker, o Options, target Target) exchanger {
	tb.Helper()
	messages, err := o.messages(nil)
	if err != nil {
		tb.Fatal(err)
	}
	client, err := m(o, target, nil, messages)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.close)
	return client
}

func TestExchangeOfTheFastClientAllocatesNothing(t *testing.T) {
	client := made(t, makers["fast"], DefaultOptions(), sparing(t))
	n := testing.AllocsPerRun(1000, func() {
		now := time.Now()
		if got := client.exchange(t.Context(), shot{sent: now, by: now.Add(time.Minute)}); !got.status.OK() {
			t.Fatal(got.status)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for each exchange", n)
	}
}

// BenchmarkExchange is one connection's exchanges, server included.
func BenchmarkExchange(b *testing.B) {
	for name, m := range makers {
		b.Run(name, func(b *testing.B) {
			client := made(b, m, DefaultOptions(), sparing(b))
			b.ReportAllocs()
			for b.Loop() {
				now := time.Now()
				if got := client.exchange(b.Context(), shot{sent: now, by: now.Add(time.Minute)}); !got.status.OK() {
					b.Fatal(got.status)
				}
			}
		})
	}
}
