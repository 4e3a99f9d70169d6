package summary

import (
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestAnswersOfNobodyAreShownAsSuch(t *testing.T) {
	r := failing()
	r.Examples = []trial.Example{{Status: "502", Count: 7, Text: "Bad Gateway"}}
	if text := Markdown(r); !strings.Contains(text, "| not told apart | 502 | 7 |") {
		t.Errorf("no row for it in\n%s", text)
	}
}
