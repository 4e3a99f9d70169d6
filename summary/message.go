package summary

import (
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// chat takes the meaning out of what chats read as markup and mentions: "<!channel>"
// at Slack (docs: api.slack.com/reference/surfaces/formatting, escaping text),
// "@all" elsewhere.
var chat = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u200b")

// Message is a report as a line of a chat.
func Message(r trial.Report) string {
	v := newView(r)
	o := outcomeOf(r)
	text := o.emoji + " Seatrial" + named(r.Name) + ": " + o.word
	if claim := v.claim(); claim != "" && claim != o.word {
		text += " — " + claim
	}
	if r.Choice.Winner != "" {
		text += " · winner: " + v.title(r.Choice.Winner)
	}
	return chat.Replace(text)
}

// Opening is the beginning of a trial as a line of a chat.
func Opening(name string, versions []trial.Version) string {
	text := "▶️ Seatrial" + named(name) + ": begins"
	for _, v := range versions {
		text += " · " + v.Role.String() + " " + clip(v.Title(), longestName)
	}
	return chat.Replace(text)
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return " · " + clip(name, longestName)
}
