package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Publish is where a verdict is shown beside the log: in the pull or merge
// request, and on the commit.
type Publish struct {
	Comment      CommentMode  `yaml:"comment"`
	CommentKey   string       `yaml:"comment-key"`
	PRNumber     int          `yaml:"pr-number"` // 0: the one that the pipeline runs for
	CommitStatus bool         `yaml:"commit-status"`
	GitHubToken  trial.Secret `yaml:"github-token"`
	GitLabToken  trial.Secret `yaml:"gitlab-token"`
}

// CommentMode says what happens to the comment. The zero value keeps one and
// edits it.
type CommentMode int

const (
	Update CommentMode = iota
	Recreate
	OnFailure
	Off
)

var commentNames = []string{"update", "recreate", "on-failure", "off"}

func (m CommentMode) String() string {
	if m < 0 || int(m) >= len(commentNames) {
		return fmt.Sprintf("CommentMode(%d)", int(m))
	}
	return commentNames[m]
}

// MarshalText writes the mode as a word.
func (m CommentMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *CommentMode) UnmarshalText(text []byte) error {
	i := slices.Index(commentNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is no way to comment (known: %s)", text, strings.Join(commentNames, ", "))
	}
	*m = CommentMode(i)
	return nil
}

// longestKey is the most of a comment-key: a commit status shows it.
const longestKey = 100

func (c checker) publish() {
	p := c.file.Publish
	if p.PRNumber < 0 {
		c.doubt("publish.pr-number", "%d is no number of a pull or merge request", p.PRNumber)
	}
	if len([]rune(p.CommentKey)) > longestKey {
		c.doubt("publish.comment-key", "longer than %d characters: shorten it", longestKey)
	}
	for path, token := range map[string]trial.Secret{"github": p.GitHubToken, "gitlab": p.GitLabToken} {
		if strings.ContainsFunc(token.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			c.doubt("publish."+path+"-token", "the token has a blank or a character that no token has")
		}
	}
}

// Publishing are the inputs of what is shown beside the log.
func Publishing() []string {
	var names []string
	for _, input := range Inputs {
		if input.Name != "" && isWithin(input.Path, "publish") {
			names = append(names, input.Name)
		}
	}
	return names
}

// LoadPublish reads the inputs in Publishing alone, for a trial that is over:
// whatever trial file lies about may be another's. The File is good for
// Secrets in any case.
func LoadPublish(src Sources) (File, error) {
	wanted := Publishing()
	src.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	file, _, err := Load(src)
	var mistakes *Mistakes
	if !errors.As(err, &mistakes) {
		return file, err
	}
	var ours []Mistake
	for _, m := range mistakes.All {
		for _, name := range wanted {
			if slices.Contains(Input{Name: name}.variables(), m.Source.Input) || m.Source.Input == "--"+name {
				ours = append(ours, m)
			}
		}
	}
	if len(ours) == 0 {
		return file, nil
	}
	return file, &Mistakes{ours}
}
