package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// notify sends a message to a webhook as Slack, Mattermost, Google Chat and
// others take it. Its error does not tell the address, which is a key.
func notify(ctx context.Context, address string, limit time.Duration, message string) error {
	limited, stop := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer stop()
	body := jsonText(map[string]string{"text": message})
	request, err := http.NewRequestWithContext(limited, http.MethodPost, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return errors.New("this is no URL")
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	// An answer that leads elsewhere is none: the message may be a team's own.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return why(limited, limit, err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("answered %d: %s", response.StatusCode, said)
	}
	return nil
}
