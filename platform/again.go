package platform

import "strconv"

// tries are the variables by which pipelines say which try of a step this is, and
// what they say of the first. GitLab has none (gitlab.com/gitlab-org/gitlab,
// issue 195618).
var tries = []struct {
	variable string
	first    int
}{
	{"GITHUB_RUN_ATTEMPT", 1},    // docs.github.com, "Default environment variables"
	{"SYSTEM_JOBATTEMPT", 1},     // learn.microsoft.com, Azure Pipelines, "Predefined variables"
	{"BUILDKITE_RETRY_COUNT", 0}, // buildkite.com/docs, "Environment variables"
}

// Try is which try of the step this is, from 1; 0 where the pipeline does not say.
func Try(getenv func(string) string) int {
	for _, t := range tries {
		if n, err := strconv.Atoi(getenv(t.variable)); err == nil && n >= t.first {
			return n - t.first + 1
		}
	}
	return 0
}
