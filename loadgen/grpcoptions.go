package loadgen

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// GRPC is a request that is a gRPC call: part of the trial file.
type GRPC struct {
	Call               string                  `yaml:"call"` // "shop.Cart/Get" or "shop.Cart.Get"
	Data               Messages                `yaml:"data"` // JSON
	DataFile           string                  `yaml:"data-file"`
	Binary             trial.Secret            `yaml:"binary"` // base64
	BinaryFile         string                  `yaml:"binary-file"`
	Metadata           map[string]trial.Secret `yaml:"metadata"`
	Proto              string                  `yaml:"proto"`
	ImportPaths        []string                `yaml:"import-paths"`
	Protoset           string                  `yaml:"protoset"`
	ReflectionMetadata map[string]trial.Secret `yaml:"reflection-metadata"`
	Expect             []Code                  `yaml:"expect"`
	Replies            int                     `yaml:"replies"`
	Interval           time.Duration           `yaml:"interval"`
	Compress           string                  `yaml:"compress"`
	Authority          string                  `yaml:"authority"`
	Balance            string                  `yaml:"balance"`
	KeepAlive          time.Duration           `yaml:"keep-alive"`
}

// Messages are what a call sends, each as JSON. One alone may be written
// without a list.
type Messages []trial.Secret

// Code is a gRPC status code, written "NOT_FOUND" or 5.
type Code uint32

// MarshalText writes "NOT_FOUND".
func (c Code) MarshalText() ([]byte, error) { return []byte(trial.GRPCCodes()[c]), nil }

// UnmarshalText reads "NOT_FOUND", "not-found" or "5".
func (c *Code) UnmarshalText(text []byte) error {
	known := trial.GRPCCodes()
	name := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", "_"))
	if name == "CANCELED" { // as Go writes it
		name = "CANCELLED"
	}
	at := slices.Index(known, name)
	if number, err := strconv.Atoi(name); err == nil {
		at = number
	}
	if at < 0 || at >= len(known) {
		return fmt.Errorf("%q is not a gRPC status code (known: %s)", text, strings.Join(known, ", "))
	}
	*c = Code(at)
	return nil
}

// expects reports whether a call that ends with the code is no error.
func (g GRPC) expects(code uint32) bool {
	if len(g.Expect) == 0 {
		return code == 0
	}
	return slices.Contains(g.Expect, Code(code))
}

// Doubt is what is wrong with one key of a part of the trial file.
type Doubt struct{ Key, Text string }

// balances and compressors are the words that balance and compress know.
var (
	balances    = []string{"pick_first", "round_robin"}
	compressors = []string{"gzip"}
)

// Doubts are what is wrong with a call as it is written, and with the files
// that it names. Known is what its templates may name.
func (g GRPC) Doubts(read func(string) ([]byte, error), known Known) []Doubt {
	var doubts []Doubt
	doubt := func(key, format string, args ...any) {
		doubts = append(doubts, Doubt{key, fmt.Sprintf(format, args...)})
	}
	if _, _, err := splitCall(g.Call); err != nil {
		doubt("call", "%v", err)
	}
	for _, word := range []struct {
		key, value string
		known      []string
	}{{"balance", g.Balance, balances}, {"compress", g.Compress, compressors}} {
		if word.value != "" && !slices.Contains(word.known, word.value) {
			doubt(word.key, "%q is not known (known: %s)%s", word.value, strings.Join(word.known, ", "), trial.DidYouMean(word.value, word.known))
		}
	}
	if g.Replies < 0 {
		doubt("replies", "%d is negative: give the number of messages after which a call is done, or leave it out to wait for its end", g.Replies)
	}
	if g.KeepAlive != 0 && g.KeepAlive < leastPing {
		doubt("keep-alive", "%s is less than gRPC allows between pings: %s or more", g.KeepAlive, leastPing)
	}
	doubts = append(doubts, metadataDoubts("metadata", g.Metadata)...)
	doubts = append(doubts, metadataDoubts("reflection-metadata", g.ReflectionMetadata)...)
	doubts = append(doubts, g.rivals()...)
	if len(doubts) > 0 {
		return doubts
	}
	return g.contentDoubts(read, known)
}

// leastPing is the shortest time between pings that grpc-go keeps to.
const leastPing = 10 * time.Second

// rivals are keys that are given beside one which says the same in another way.
func (g GRPC) rivals() []Doubt {
	var doubts []Doubt
	content := []struct {
		key   string
		given bool
	}{{"data", len(g.Data) > 0}, {"data-file", g.DataFile != ""}, {"binary", g.Binary.Reveal() != ""}, {"binary-file", g.BinaryFile != ""}}
	first := ""
	for _, c := range content {
		if c.given && first != "" {
			doubts = append(doubts, Doubt{c.key, "given beside " + first + ": give one or the other"})
		} else if c.given {
			first = c.key
		}
	}
	if g.Proto != "" && g.Protoset != "" {
		doubts = append(doubts, Doubt{"protoset", "given beside proto: give one or the other"})
	}
	if len(g.ImportPaths) > 0 && g.Proto == "" {
		doubts = append(doubts, Doubt{"import-paths", "given without proto: they are where its imports are looked for"})
	}
	if len(g.ReflectionMetadata) > 0 && !g.reflects() {
		doubts = append(doubts, Doubt{"reflection-metadata", "given beside a schema in a file: the server is not asked for its own"})
	}
	return doubts
}

// reflects reports whether the server itself is asked for its schema.
func (g GRPC) reflects() bool { return g.Proto == "" && g.Protoset == "" }

// contentDoubts are found in files, and in messages where a file says what
// they are to be.
func (g GRPC) contentDoubts(read func(string) ([]byte, error), known Known) []Doubt {
	texts, err := g.texts(read)
	if err != nil {
		return []Doubt{{cmp.Or(g.contentKey(), "data"), err.Error()}}
	}
	if doubts := g.templateDoubts(texts, known); len(doubts) > 0 {
		return doubts
	}
	if g.reflects() {
		return nil
	}
	files, err := g.schema(read)
	if err != nil {
		return []Doubt{{g.schemaKey(), err.Error()}}
	}
	m, err := methodIn(files, g.Call, g.schemaFile())
	if err != nil {
		return []Doubt{{"call", err.Error()}}
	}
	if g.isBinary() {
		return nil
	}
	if _, err := g.encode(m, texts); err != nil {
		return []Doubt{{cmp.Or(g.contentKey(), "data"), err.Error()}}
	}
	return nil
}

// templateDoubts fill the messages in, once.
func (g GRPC) templateDoubts(texts []string, known Known) []Doubt {
	var doubts []Doubt
	for _, message := range g.Data {
		if err := OwnPlaces(message); err != nil {
			doubts = append(doubts, Doubt{"data", err.Error()})
		}
	}
	for i := range texts {
		filled, err := known.Example(texts[i])
		if err != nil {
			doubts = append(doubts, Doubt{cmp.Or(g.contentKey(), "data"), "the template: " + err.Error()})
		}
		texts[i] = filled
	}
	for _, name := range slices.Sorted(maps.Keys(g.Metadata)) {
		_, err := known.Example(g.Metadata[name].Reveal())
		if err = errors.Join(OwnPlaces(g.Metadata[name]), err); err != nil {
			doubts = append(doubts, Doubt{"metadata." + name, "the template: " + err.Error()})
		}
	}
	return doubts
}

func (g GRPC) contentKey() string {
	switch {
	case len(g.Data) > 0:
		return "data"
	case g.DataFile != "":
		return "data-file"
	case g.Binary.Reveal() != "":
		return "binary"
	case g.BinaryFile != "":
		return "binary-file"
	}
	return ""
}

func (g GRPC) schemaKey() string {
	if g.Protoset != "" {
		return "protoset"
	}
	return "proto"
}

func (g GRPC) schemaFile() string { return cmp.Or(g.Protoset, g.Proto) }

// metadataDoubts refuse what would not go out as it was written. They show no value.
func metadataDoubts(key string, set map[string]trial.Secret) []Doubt {
	var doubts []Doubt
	for _, name := range slices.Sorted(maps.Keys(set)) {
		value := set[name].Reveal()
		lower := strings.ToLower(name)
		switch {
		case strings.Trim(lower, "0123456789abcdefghijklmnopqrstuvwxyz-_.") != "" || name == "":
			doubts = append(doubts, Doubt{key, fmt.Sprintf("%q is not a name of metadata: letters, digits, - _ and . can be in one", name)})
		case strings.HasPrefix(lower, "grpc-"):
			doubts = append(doubts, Doubt{key + "." + name, "names that begin with grpc- are gRPC's own"})
		case strings.HasSuffix(lower, "-bin"):
			if _, err := fromBase64(value); err != nil && !IsTemplate(value) {
				doubts = append(doubts, Doubt{key + "." + name, "the value of a name that ends in -bin is bytes: write them in base64"})
			}
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
			doubts = append(doubts, Doubt{key + "." + name, "the value has a character that metadata can't: end the name in -bin and write it in base64"})
		}
	}
	return doubts
}

// fromBase64 reads base64 with or without padding, as gRPC writes it itself.
func fromBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
}
