package headrace

import (
	"net/url"
	"strconv"
	"strings"
)

// Options say what of a table is wanted; the server does the work. The zero value is all of it.
// docs/tables.md has each parameter.
type Options struct {
	Columns []string // in the order wanted
	Filter  string   // "delay > 60 and origin in ('JFK', 'EWR')"
	GroupBy []string
	Agg     string // "mean(delay), count(*) as n"
	OrderBy string // "-delay,origin"
	Limit   int64  // 0 is no limit
	Offset  int64
	Cursor  string // Rows.NextCursor of the page before

	Downsample *Downsample

	// Codecs that may pack Arrow's buffers on the way, the best first: "zstd", "lz4".
	Codecs []string
}

// Downsample asks for the rows that a chart shows.
type Downsample struct {
	Method   string // "minmaxlttb", see docs/downsampling.md
	X        string
	Y        []string
	By       string // a line for each value of this column
	Points   int
	From, To string // of x; "" is the end of the rows
}

func (o Options) path(table string) string {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	count := func(name string, value int64) {
		if value != 0 {
			query.Set(name, strconv.FormatInt(value, 10))
		}
	}
	set("columns", list(o.Columns))
	set("filter", o.Filter)
	set("group_by", list(o.GroupBy))
	set("agg", o.Agg)
	set("order_by", o.OrderBy)
	count("limit", o.Limit)
	count("offset", o.Offset)
	set("cursor", o.Cursor)
	if d := o.Downsample; d != nil {
		set("downsample", d.Method)
		set("x", d.X)
		set("y", list(d.Y))
		set("by", d.By)
		count("points", int64(d.Points))
		set("from", d.From)
		set("to", d.To)
	}
	path := "/v1/tables/" + url.PathEscape(table)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

func (o Options) accept() string {
	const arrowStream = "application/vnd.apache.arrow.stream"
	if len(o.Codecs) == 0 {
		return arrowStream
	}
	return arrowStream + `; codecs="` + strings.Join(o.Codecs, ", ") + `"`
}

// list joins names with commas, quoted as in CSV where they have one.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		if name == "" || strings.ContainsAny(name, `,"`) || strings.TrimSpace(name) != name {
			name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		quoted[i] = name
	}
	return strings.Join(quoted, ",")
}
