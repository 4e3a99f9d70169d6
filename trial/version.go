package trial

// Role is a version's part in the trial.
type Role int

const (
	Candidate Role = iota // on trial
	Baseline              // what runs now, and what candidates are compared with
)

func (r Role) String() string {
	if r == Baseline {
		return "baseline"
	}
	return "candidate"
}

// MarshalText writes the role as a word.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; anything but "baseline" is a candidate.
func (r *Role) UnmarshalText(text []byte) error {
	*r = Candidate
	if string(text) == "baseline" {
		*r = Baseline
	}
	return nil
}

// Version is one of the things compared. Name is unique in the trial and is
// what evidence refers to; Label is what people call the build (a commit, a tag).
type Version struct {
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Label string `json:"label,omitempty"`
	URL   string `json:"url,omitempty"` // without user information
}

// Title is the label where there is one, else the name.
func (v Version) Title() string {
	if v.Label != "" {
		return v.Label
	}
	return v.Name
}

// BaselineOf returns the index of the baseline, or -1 in a conformance trial.
func BaselineOf(versions []Version) int {
	for i, v := range versions {
		if v.Role == Baseline {
			return i
		}
	}
	return -1
}
