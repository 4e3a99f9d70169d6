package platform

import "testing"

func TestPipelinesSayWhichTryItIs(t *testing.T) {
	for _, c := range []struct {
		variable, value string
		want            int
	}{
		{"GITHUB_RUN_ATTEMPT", "1", 1}, {"GITHUB_RUN_ATTEMPT", "3", 3}, {"SYSTEM_JOBATTEMPT", "2", 2},
		{"BUILDKITE_RETRY_COUNT", "0", 1}, {"BUILDKITE_RETRY_COUNT", "2", 3},
		{"GITHUB_RUN_ATTEMPT", "", 0}, {"GITHUB_RUN_ATTEMPT", "0", 0}, {"GITHUB_RUN_ATTEMPT", "many", 0}, {"CI_JOB_ID", "7", 0},
	} {
		if got := Try(func(name string) string { return map[string]string{c.variable: c.value}[name] }); got != c.want {
			t.Errorf("%s=%s: %d, want %d", c.variable, c.value, got, c.want)
		}
	}
}
