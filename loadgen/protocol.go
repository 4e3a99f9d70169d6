package loadgen

import (
	"context"
	"fmt"
)

// protocol sends requests of one kind.
type protocol struct {
	sends func(message) bool
	open  func(ctx context.Context, m *Meter, t Target) (clients, error)
}

// protocols are all kinds; each request is of one.
var protocols = []protocol{
	{func(m message) bool { return m.grpc == nil }, openHTTP},
	{message.isCall, openGRPC},
}

func (m message) isCall() bool { return m.grpc != nil }

// clients makes the exchangers of one version's workers.
type clients struct {
	make  func() (exchanger, error)
	close func() // when all workers have ended
}

func openHTTP(_ context.Context, m *Meter, t Target) (clients, error) {
	return clients{
		make:  func() (exchanger, error) { return m.newHTTPClient(t) },
		close: func() {},
	}, nil
}

// newHTTPClient makes the client that a version is asked with over HTTP: of the
// same kind for all, or the client's own time would tell them apart.
func (m *Meter) newHTTPClient(t Target) (exchanger, error) {
	if mayBeFast(m.options, m.targets, m.who, m.messages) {
		return newFastClient(m.options, t, m.who, m.messages)
	}
	client, err := newStandardClient(m.options, t, m.who, m.messages)
	if err == nil && m.options.FollowRedirects {
		client.client.CheckRedirect = staysAway(t, m.targets)
	}
	return deadlined{client}, err
}

// deadlined ends exchanges in time whose client knows contexts alone.
type deadlined struct{ exchanger }

func (d deadlined) exchange(ctx context.Context, s shot) answer {
	ctx, done := context.WithDeadline(ctx, s.by)
	defer done()
	return d.exchanger.exchange(ctx, s)
}

func openGRPC(ctx context.Context, m *Meter, t Target) (clients, error) {
	client, err := newGRPCClient(m.options, t, m.who, m.messages)
	if err != nil {
		return clients{}, err
	}
	asking, done := context.WithTimeout(ctx, m.options.Timeout)
	defer done()
	if err := client.open(asking); err != nil {
		client.close()
		return clients{}, err
	}
	return clients{make: func() (exchanger, error) { return deadlined{client.caller()}, nil }, close: client.close}, nil
}

// clients are what the trial's requests to one version are sent by.
func (m *Meter) clients(ctx context.Context, t Target) (clients, error) {
	var kinds []clients
	kind := make([]int, len(m.messages)) // of each request, an index into kinds
	for _, p := range protocols {
		wanted := false
		for i, message := range m.messages {
			if p.sends(message) {
				wanted, kind[i] = true, len(kinds)
			}
		}
		if !wanted {
			continue
		}
		opened, err := p.open(ctx, m, t)
		if err != nil {
			release(kinds)
			return clients{}, fmt.Errorf("%s: %w", t.Name, err)
		}
		kinds = append(kinds, opened)
	}
	return clients{
		make:  func() (exchanger, error) { return newMixed(kinds, kind) },
		close: func() { release(kinds) },
	}, nil
}

// mixed sends each request by the client of its kind.
type mixed struct {
	clients []exchanger
	kind    []int // of each request
}

// newMixed is the client itself where all requests are of one kind.
func newMixed(kinds []clients, kind []int) (exchanger, error) {
	m := mixed{kind: kind}
	for _, k := range kinds {
		client, err := k.make()
		if err != nil {
			m.close()
			return nil, err
		}
		m.clients = append(m.clients, client)
	}
	if len(m.clients) == 1 {
		return m.clients[0], nil
	}
	return m, nil
}

func (m mixed) exchange(ctx context.Context, s shot) answer {
	return m.clients[m.kind[s.request]].exchange(ctx, s)
}

func (m mixed) close() {
	for _, client := range m.clients {
		client.close()
	}
}
