package trial

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Unit says what a number means. Values are kept in the base unit: seconds,
// shares between 0 and 1, counts a second.
type Unit int

const (
	Plain          Unit = iota // a bare number
	Seconds                    // a duration in seconds
	Share                      // a share between 0 and 1, shown in percent
	Points                     // a difference of two shares, shown in percentage points
	Ratio                      // a relative change, 0.27 shown as +27 %
	PerSecond                  // a count a second
	Bytes                      // an amount of memory or data
	BytesPerSecond             // a flow of data
)

var unitNames = [...]string{"plain", "seconds", "share", "points", "ratio", "per-second", "bytes", "bytes-per-second"}

func (u Unit) String() string { return unitNames[u] }

// MarshalText writes the unit as a word.
func (u Unit) MarshalText() ([]byte, error) { return []byte(unitNames[u]), nil }

// UnmarshalText reads what MarshalText wrote; an unknown word is Plain.
func (u *Unit) UnmarshalText(text []byte) error {
	*u = Plain
	for i, name := range unitNames {
		if name == string(text) {
			*u = Unit(i)
		}
	}
	return nil
}

// Quantity is a number with its unit. NaN and infinities are written as null
// and read back as NaN: JSON has no word for them.
type Quantity struct {
	Value float64
	Unit  Unit
}

// Known reports whether the quantity is a finite number.
func (q Quantity) Known() bool { return !math.IsNaN(q.Value) && !math.IsInf(q.Value, 0) }

// String shows the quantity as people read it: "61.2 ms", "0.15 %", "+27 %".
func (q Quantity) String() string {
	if math.IsNaN(q.Value) {
		return "–"
	}
	if math.IsInf(q.Value, 1) {
		return "∞"
	}
	if math.IsInf(q.Value, -1) {
		return "−∞"
	}
	switch q.Unit {
	case Seconds:
		return duration(q.Value)
	case Share:
		return digits(100*q.Value, 3) + " %"
	case Points:
		text := signed(100 * q.Value)
		if strings.TrimLeft(text, "+−") == "1" {
			return text + " point"
		}
		return text + " points"
	case Ratio:
		return signed(100*q.Value) + " %"
	case PerSecond:
		return digits(q.Value, 3) + "/s"
	case Bytes:
		return binary(q.Value)
	case BytesPerSecond:
		return binary(q.Value) + "/s"
	default:
		return digits(q.Value, 4)
	}
}

func duration(s float64) string {
	switch a := math.Abs(s); {
	case a == 0:
		return "0 ms"
	case a < 0.001:
		return digits(s*1e6, 3) + " µs"
	case a < 1:
		return digits(s*1e3, 3) + " ms"
	case a < 120:
		return digits(s, 3) + " s"
	default:
		return digits(s/60, 3) + " min"
	}
}

// binary shows bytes as memory is told: 1 KiB is 1024 of them.
func binary(v float64) string {
	prefixes := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for math.Abs(v) >= 1024 && len(prefixes) > 1 {
		v, prefixes = v/1024, prefixes[1:]
	}
	return digits(v, 3) + " " + prefixes[0]
}

func signed(v float64) string {
	// Two significant digits: a change is an estimate, and a third would be noise.
	text := digits(v, 2)
	if v > 0 && text != "0" {
		return "+" + text
	}
	return text
}

// digits formats v with n significant digits, without exponent and with a real
// minus sign, and never shows a whole part shortened: 1234 stays 1234.
func digits(v float64, n int) string {
	if v == 0 {
		return "0"
	}
	decimals := n - 1 - int(math.Floor(math.Log10(math.Abs(v))))
	decimals = min(max(decimals, 0), 6)
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return strings.Replace(text, "-", "−", 1)
}

type quantityJSON struct {
	Value *float64 `json:"value"`
	Unit  Unit     `json:"unit"`
}

// MarshalJSON writes {"value": 0.0612, "unit": "seconds"}.
func (q Quantity) MarshalJSON() ([]byte, error) {
	out := quantityJSON{Unit: q.Unit}
	if q.Known() {
		out.Value = &q.Value
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Quantity) UnmarshalJSON(data []byte) error {
	var in quantityJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*q = Quantity{Value: math.NaN(), Unit: in.Unit}
	if in.Value != nil {
		q.Value = *in.Value
	}
	return nil
}
