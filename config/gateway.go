package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/trial"
)

// gateway checks versions that answer behind one address.
func (c checker) gateway(targets []loadgen.Target, paths []string) {
	load := c.file.Load
	if load.URL == "" {
		c.doubt("load.identify", "given without load.url: name the one address behind which all versions answer, as in load: {url: http://gateway/}")
	} else {
		c.addresses("load", target{URL: load.URL})
		c.unfilled("load.url", load.URL)
	}
	for i, t := range targets {
		c.visible(join(paths[i], "name"), t.Name)
		c.behindGateway(t, paths[i])
		for j := range i {
			c.namesakes(targets[j], t, paths[j], paths[i])
		}
	}
	if load.Identify == nil {
		c.doubt("load.url", "given without load.identify: name the header of answers that tells the versions apart, as in identify: X-Version")
		return
	}
	if header := load.Identify.Header; !isToken(header) && !c.isUnread("load.identify.header") {
		c.doubt("load.identify.header", "%q is not a header name: write one, as in X-Version", header)
		return
	}
	c.identifyingValues(targets, paths)
}

// behindGateway refuses what can't be a version's own where it is not known
// before who will answer.
func (c checker) behindGateway(t loadgen.Target, path string) {
	given := c.versionAt(path)
	if given.URL != "" && strings.TrimRight(given.URL, "/") != strings.TrimRight(c.file.Load.URL, "/") {
		c.doubt(join(path, "url"), "not load.url, where all versions answer: leave it out, or leave load.url and load.identify out")
	}
	if t.Host != "" {
		c.doubt(join(path, "host"), "all versions are sent the same requests at load.url: use load.host")
	}
	if len(t.Headers) > 0 {
		c.doubt(join(path, "headers"), "all versions are sent the same requests at load.url: use load.headers")
	}
}

// versionAt is the version as it was written.
func (c checker) versionAt(path string) loadgen.Target {
	switch path {
	case "baseline":
		return *c.file.Baseline
	case "candidate":
		return *c.file.Candidate
	}
	i := slices.Index(c.versionPaths(), path) - len(c.versionPaths()) + len(c.file.Candidates)
	return c.file.Candidates[i]
}

// identifyingValues refuses values that would not tell the versions apart.
func (c checker) identifyingValues(targets []loadgen.Target, paths []string) {
	identify := *c.file.Load.Identify
	owner := map[string]string{}
	var names []string
	for i, t := range targets {
		names = append(names, t.Name)
		path := join("load.identify.values", t.Name)
		if _, given := identify.Values[t.Name]; !given {
			path = paths[i]
		}
		value := identify.Value(t)
		switch other, twice := owner[value]; {
		case value == "" || value != strings.TrimSpace(value) || strings.ContainsFunc(value, isControl):
			c.doubt(path, "%q can't be the whole value of a header", value)
		case twice && other != t.Name:
			c.doubt(path, "%s and %s would both be told by %s: %q: versions need values that differ, in load.identify.values or as their version",
				other, t.Name, identify.Header, value)
		}
		owner[value] = t.Name
	}
	for _, name := range slices.Sorted(maps.Keys(identify.Values)) {
		if !slices.Contains(names, name) {
			c.doubt(join("load.identify.values", name), "no version has this name (there are: %s)%s", strings.Join(names, ", "), trial.DidYouMean(name, names))
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
