package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// gitLab publishes to GitLab: outputs as a file for artifacts:reports:dotenv,
// and the summary as a note on the merge request. What else is shown there, it
// reads from the report's files.
type gitLab struct{ Environment }

func (gitLab) Name() string { return "gitlab" }

// Mask does nothing: GitLab masks the variables that its settings say, and a
// job can add none.
func (gitLab) Mask([]string) {}

// Publish writes the note, and its address beside the other outputs.
func (g gitLab) Publish(ctx context.Context, p Publication) error {
	url, err := g.comment(ctx, p.Comment)
	i := slices.IndexFunc(p.Outputs, func(o Output) bool { return o.Name == "report-dir" })
	if i < 0 {
		return err
	}
	return errors.Join(err, WriteDotenv(p.Outputs[i].Value, append(slices.Clone(p.Outputs), Output{CommentURL, url})))
}

// BeginPart and EndPart write GitLab's markers of collapsible sections (docs:
// ci/jobs/job_logs, custom collapsible sections).
func (g gitLab) BeginPart(name, title string, at time.Time) string {
	return fmt.Sprintf("\x1b[0Ksection_start:%d:seatrial_%s\r\x1b[0K%s\n", at.Unix(), name, title)
}

func (g gitLab) EndPart(name string, at time.Time) string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:seatrial_%s\r\x1b[0K\n", at.Unix(), name)
}
