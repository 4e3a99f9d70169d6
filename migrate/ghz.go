package migrate

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"time"
)

// ghzFlags are the flags of ghz by the names that its configuration has too;
// those with a value end with "=". https://ghz.sh/docs/options
var ghzFlags = []string{
	"config=", "proto=", "protoset=", "call=", "import-paths i=", "cacert=", "cert=", "key=", "cname=", "skipTLS", "insecure", "authority=",
	"async", "rps r q=", "load-schedule=", "load-start=", "load-step=", "load-end=", "load-step-duration=", "load-max-duration=",
	"concurrency c=", "concurrency-schedule=", "concurrency-start=", "concurrency-end=", "concurrency-step=", "concurrency-step-duration=", "concurrency-max-duration=",
	"total n=", "timeout t=", "duration z=", "max-duration x=", "duration-stop=", "data d=", "data-file D=", "binary b", "binary-file B=",
	"metadata m=", "metadata-file M=", "stream-interval=", "stream-call-duration=", "stream-call-count=", "stream-dynamic-messages", "reflect-metadata rmd=",
	"output o=", "format O=", "skipFirst=", "count-errors", "connections=", "connect-timeout=", "keepalive=", "name=", "tags=", "cpus=", "debug=", "enable-compression", "e",
	"lb-strategy=", "max-recv-message-size=", "max-send-message-size=", "disable-template-functions", "disable-template-data",
}

// isGhz reports whether a document is a configuration of ghz.
func isGhz(v *value) bool { return v.get("call") != nil && v.get("spec") == nil }

// ghz reads a command line of ghz, and the configuration that it names.
func (j *job) ghz(words []word) {
	settings := &value{kind: mapping}
	var options []option
	for _, names := range ghzFlags {
		names, takes := strings.CutSuffix(names, "=")
		key := strings.Fields(names)[0]
		options = append(options, option{names: names, takes: takes, action: func(_ *command, w word) {
			if !takes && w.text == "" {
				w.text = "true"
			}
			settings.put(key, &value{kind: scalar, text: w.text, at: w.at})
		}})
	}
	c := j.read(style{program: "ghz", options: options, attached: true}, words)
	j.draft.what = "a ghz command"
	if len(c.rest) > 0 {
		settings.put("host", &value{kind: scalar, text: c.rest[0].text, at: c.rest[0].at})
	}
	if file := settings.get("config"); file != nil {
		j.ghzFile(settings, file)
	}
	if len(j.mistakes) == 0 {
		j.rpcs("ghz", settings)
	}
}

// ghzFile adds what the configuration says to what flags say, which beat it.
func (j *job) ghzFile(settings, name *value) {
	if strings.HasSuffix(name.str(), ".toml") {
		j.add(name.at, "TOML is not read here: write %s as JSON", quoted(name.text))
		return
	}
	data, err := j.ReadFile(name.text)
	if err != nil {
		j.add(name.at, "its configuration can't be read: %v", err)
		return
	}
	for _, document := range j.parse(File{name.text, data}) {
		for _, f := range document.fields {
			if settings.get(f.key) == nil {
				settings.put(f.key, f.value)
			}
		}
	}
}

// ghzConfig reads a configuration alone.
func (j *job) ghzConfig(documents []*value) {
	j.draft.what = "ghz's configuration"
	j.rpcs("ghz", documents[0])
}

// rpcs draws up a trial of one gRPC method. Its settings have ghz's names.
func (j *job) rpcs(tool string, s *value) {
	call := s.get("call").str()
	switch {
	case call == "":
		j.add(s.at, "%s names no method: write call: package.Service/Method", tool)
		return
	case !methodName.MatchString(marked.ReplaceAllString(call, "X")):
		j.add(s.get("call").at, "%s is no method: write it as package.Service/Method", quoted(call))
		return
	}
	if name := s.get("name").str(); name != "" {
		j.draft.name = name
	}
	j.rpcAddress(s)
	j.draft.calls = append(j.draft.calls, &callOf{
		name: requestName(call[strings.LastIndexAny(call, "./")+1:], j.draft.taken),
		rpc:  j.rpcBlock(tool, s, call),
	})
	j.rpcLoad(tool, s)
	j.leftovers(tool, s, "")
}

// methodName is a method of gRPC with its service.
var methodName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*[./][A-Za-z_][A-Za-z0-9_]*$`)

// leftovers tells what of a source has no equal, once.
func (j *job) leftovers(tool string, v *value, path string) {
	for _, text := range v.unread(path) {
		j.draft.note(tool + " " + text)
	}
	v.all()
}

func (j *job) rpcAddress(s *value) {
	host, scheme := s.get("host").str(), "grpcs://"
	if j.truth(s.get("insecure")) {
		scheme = "grpc://"
	}
	if host == "" || j.draft.address != "" {
		return
	}
	if _, bare, found := strings.Cut(host, "://"); found {
		host = bare
	}
	if strings.ContainsAny(host, " /?#@\"\\<>{}|^`") {
		j.draft.note("the host: it is not HOST:PORT")
		return
	}
	j.draft.address = scheme + host
}

// rpcBlock is the grpc part of a request.
func (j *job) rpcBlock(tool string, s *value, call string) *block {
	b := &block{}
	b.set("call", call)
	exact := j.truth(s.get("disable-template-data"))
	j.truth(s.get("disable-template-functions"))
	if data := s.get("data"); data != nil {
		if text := data.json(); text == "@" {
			b.note(tool + ": data from standard input: put it into a file, and name it as data-file")
		} else {
			b.set("data", j.ghzTemplate(b, j.draft.body(text), exact))
		}
	}
	for _, key := range []string{"data-file", "binary-file", "proto", "protoset"} {
		if file := s.get(key).str(); file != "" {
			b.set(key, file)
		}
	}
	if paths := s.get("import-paths"); paths != nil && b.has("proto") {
		b.set("import-paths", importPaths(paths))
	}
	if metadata := j.metadata(s.get("metadata")); !metadata.empty() {
		b.set("metadata", metadata)
	}
	if !b.has("proto") && !b.has("protoset") {
		b.set("call", call, "its messages are asked of the server by reflection")
		if metadata := j.metadata(s.get("reflect-metadata")); !metadata.empty() {
			b.set("reflection-metadata", metadata)
		}
	}
	j.rpcConnection(b, s)
	return b
}

// rpcConnection is what a call says of its connections.
func (j *job) rpcConnection(b *block, s *value) {
	for _, key := range []string{"cname", "authority"} {
		if name := s.get(key).str(); name != "" && !b.has("authority") {
			b.set("authority", name)
		}
	}
	if j.truth(s.get("enable-compression")) {
		b.set("compress", "gzip")
	}
	if name := s.get("lb-strategy").str(); name != "" {
		b.set("balance", name)
	}
	if d, _ := j.duration(s.get("stream-interval")); d > 0 {
		b.set("interval", d.String())
	}
	if d, _ := j.duration(s.get("keepalive")); d > 0 {
		b.set("keep-alive", max(d, 10*time.Second).String()) // grpc-go pings no more often
	}
}

func importPaths(paths *value) row {
	var out row
	for _, path := range paths.list() {
		for _, one := range strings.Split(path.str(), ",") {
			out = append(out, part{value: strings.TrimSpace(one)})
		}
	}
	return out
}

// metadata is a mapping, or a text that is one in JSON.
func (j *job) metadata(v *value) *block {
	b := &block{}
	if v != nil && v.kind == scalar {
		v.read = true
		if !json.Valid([]byte(v.text)) {
			j.draft.note("metadata that is no JSON: write it out")
			return b
		}
		v = j.parseJSON(v.at.name, []byte(v.text))
	}
	if v == nil {
		return b
	}
	v.read = true
	for _, f := range v.fields {
		if text := j.draft.header(f.key, f.value.str()); isToken(f.key) {
			b.set(f.key, text, secretWord(text))
		} else {
			j.draft.note("metadata " + f.key + ": no name that it can have")
		}
	}
	return b
}

// json is a value as a text of JSON: what is written as a text is one already.
func (v *value) json() string {
	v.all()
	if v.kind == scalar {
		return v.text
	}
	text, err := json.Marshal(v.plain())
	if err != nil {
		return ""
	}
	return string(text)
}

// plain is a value as encoding/json writes it.
func (v *value) plain() any {
	switch v.kind {
	case list:
		items := []any{}
		for _, item := range v.items {
			items = append(items, item.plain())
		}
		return items
	case mapping:
		fields := map[string]any{}
		for _, f := range v.fields {
			fields[f.key] = f.value.plain()
		}
		return fields
	case scalar:
		if !v.isText && (plainNumber.MatchString(v.text) || v.text == "true" || v.text == "false") {
			return json.RawMessage(v.text)
		}
		return v.text
	}
	return nil
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$`)

// ghzActions are ghz's templates that ours have an equal of.
// https://ghz.sh/docs/calldata
var ghzActions = []struct {
	form *regexp.Regexp
	ours string
}{
	{regexp.MustCompile(`^\.RequestNumber$`), "number"},
	{regexp.MustCompile(`^(\.UUID|newUUID)$`), "uuid"},
	{regexp.MustCompile(`^randomInt (\d{1,9}) (\d{1,9})$`), "random $1 $2"},
	{regexp.MustCompile(`^\.Timestamp$`), "now"},
	{regexp.MustCompile(`^randomString \d+ \d+$`), "id"},
}

var templateAction = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)

// ghzTemplate is call data with its places as ours are written.
func (j *job) ghzTemplate(b *block, text string, exact bool) any {
	if exact {
		return templated(text)
	}
	return templated(templateAction.ReplaceAllStringFunc(text, func(whole string) string {
		inner := templateAction.FindStringSubmatch(whole)[1]
		for _, a := range ghzActions {
			if a.form.MatchString(inner) {
				return action(a.form.ReplaceAllString(inner, a.ours))
			}
		}
		b.note("no equal of the template {{" + inner + "}}: it is sent as it stands")
		return whole
	}))
}

func (j *job) rpcTLS(s *value) {
	for _, key := range []struct{ from, to string }{{"cacert", "ca"}, {"cert", "cert"}, {"key", "key"}} {
		if file := s.get(key.from).str(); file != "" {
			j.draft.load.set(key.to, file)
		}
	}
	if j.truth(s.get("skipTLS")) {
		j.draft.load.set("insecure", bare("true"))
	}
}

// rpcLoad is how much is sent.
func (j *job) rpcLoad(tool string, s *value) {
	j.rpcTLS(s)
	if workers, given := j.number(s.get("concurrency")); given {
		j.draft.connections(workers, "the most requests under way")
	} else if tool == "ghz" {
		j.draft.connections(50, "ghz's default")
	}
	if wait := s.get("timeout"); wait != nil {
		if d, ok := j.duration(wait); ok {
			j.timeout(tool+" timeout", d)
		}
	}
	lasting, timed := j.duration(s.get("duration"))
	if schedule := s.get("load-schedule").str(); schedule == "step" || schedule == "line" {
		j.ghzSchedule(s, schedule, lasting)
		return
	}
	total, counted := j.number(s.get("total"))
	if !counted {
		total = 200
	}
	rps, _ := j.number(s.get("rps"))
	if rps > 0 {
		j.draft.rate(rps)
	} else {
		j.draft.closed()
	}
	switch {
	case timed:
		j.draft.lasting(tool, lasting)
	case rps > 0:
		j.draft.lasting(tool, clamped(total/rps), figure(total)+" requests")
	default:
		j.draft.endless(total)
	}
}

// clamped is a number of seconds that a duration can hold.
func clamped(s float64) time.Duration {
	if !(s >= 0) {
		return 0
	}
	return time.Duration(math.Round(min(s, 1e6)*1e3)) * time.Millisecond
}

// duration reads "30s"; a bare number is of seconds.
func (j *job) duration(v *value) (time.Duration, bool) {
	if v == nil || v.str() == "" {
		return 0, false
	}
	if d, err := time.ParseDuration(v.text); err == nil && d >= 0 {
		return d, true
	}
	if plainNumber.MatchString(v.text) && !strings.HasPrefix(v.text, "-") {
		n, _ := j.number(v)
		return clamped(n), true
	}
	j.add(v.at, "%s is not a duration: write it as in 30s", quoted(v.text))
	return 0, false
}

// ghzSchedule is a load in steps or on a line.
func (j *job) ghzSchedule(s *value, schedule string, lasting time.Duration) {
	start, _ := j.number(s.get("load-start"))
	step, _ := j.number(s.get("load-step"))
	end, hasEnd := j.number(s.get("load-end"))
	each, _ := j.duration(s.get("load-step-duration"))
	most, _ := j.duration(s.get("load-max-duration"))
	whole := max(lasting, most)
	if whole == 0 {
		whole = time.Minute
	}
	shape := &stages{}
	if schedule == "line" {
		climb := whole
		if hasEnd && step != 0 {
			climb = min(whole, clamped(math.Abs((end-start)/step)))
		} else if !hasEnd {
			end = start + step*whole.Seconds()
		}
		shape.jump(start)
		shape.ramp(end, climb)
		shape.hold(end, whole-climb)
	} else {
		shape.steps(start, step, end, hasEnd, max(each, time.Second), whole)
	}
	shape.write(j.draft)
}

// stages is a load whose rate changes.
type stages struct {
	items []part
	notes []string
	start float64 // the rate that the load begins with; 0: the first stage says
	at    float64 // the rate that the last stage ended with
	begun bool
	total time.Duration
}

// leastStage and leastRate are the least that a stage may have.
const (
	leastStage = 100 * time.Millisecond
	leastRate  = 1.0 // of what another tool has as 0
)

func (s *stages) add(key string, rate float64, for_ time.Duration) {
	if for_ < leastStage {
		return
	}
	b := &block{flow: true}
	b.set(key, bare(perSecond(s.positive(rate))))
	b.set("for", bare(length(min(for_, 24*time.Hour))))
	s.items, s.at, s.begun, s.total = append(s.items, part{value: b}), rate, true, s.total+min(for_, 24*time.Hour)
}

// positive is a rate that a trial can send.
func (s *stages) positive(rate float64) float64 {
	if rate > 0 {
		return min(max(rate, 0.001), 1e7)
	}
	if note := "Where the source has a rate of 0, a trial sends 1/s."; len(s.notes) == 0 {
		s.notes = append(s.notes, note)
	}
	return leastRate
}

// jump makes the rate another at once.
func (s *stages) jump(rate float64) { s.at, s.begun = rate, false }

// hold keeps a rate.
func (s *stages) hold(rate float64, for_ time.Duration) { s.add("rate", rate, for_) }

// ramp changes the rate evenly. It begins at a rate that is stated.
func (s *stages) ramp(to float64, for_ time.Duration) {
	if for_ <= 0 {
		s.jump(to)
		return
	}
	switch {
	case !s.begun && len(s.items) == 0:
		s.start = s.positive(s.at)
	case !s.begun:
		s.hold(s.at, time.Second)
	}
	s.add("to", to, for_)
}

// mostStages is more than anybody reads.
const mostStages = 50

func (s *stages) steps(start, step, end float64, hasEnd bool, each, whole time.Duration) {
	for rate, left := start, whole; left > 0; rate, left = rate+step, left-each {
		last := hasEnd && (step >= 0 && rate >= end || step < 0 && rate <= end)
		if last || step == 0 || len(s.items) == mostStages-1 {
			if last {
				rate = end
			}
			s.hold(rate, left)
			return
		}
		s.hold(rate, min(each, left))
	}
}

func (s *stages) write(d *draft) {
	for _, note := range s.notes {
		d.load.note(note)
	}
	if len(s.items) == 0 {
		d.note("stages of no length")
		return
	}
	if s.total < shortest {
		last := s.items[len(s.items)-1].value.(*block)
		long, _ := time.ParseDuration(last.text("for"))
		d.load.note("The last stage is longer than in the source, which takes " + length(s.total) + ": too short for a verdict.")
		last.set("for", bare(length(long+time.Minute-s.total)))
	}
	if s.start > 0 {
		d.load.set("rate", bare(perSecond(s.start)), "what it begins with")
	}
	d.load.set("stages", s.items)
}
