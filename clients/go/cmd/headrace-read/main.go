// Command headrace-read reads a table of a Headrace server, or follows a live window, and writes
// what came as an Arrow stream or tells it column by column.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"headrace/clients/go"
)

const usage = `headrace-read [options] TABLE

Reads a table, or with -live follows a window; -o writes an Arrow stream, without it
each column is told with its nulls, least, greatest and mean.

`

type flags struct {
	url, out string
	live     bool
	rows     int64
	options  headrace.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, stdout io.Writer) error {
	table, asked, err := parse(arguments)
	if err != nil {
		return err
	}
	client, err := headrace.New(asked.url)
	if err != nil {
		return err
	}
	defer client.Close()
	out, err := newOutput(asked.out, stdout)
	if err != nil {
		return err
	}
	if asked.live {
		err = follow(ctx, client, table, asked, out)
	} else {
		err = read(ctx, client, table, asked.options, out)
	}
	return errors.Join(err, out.close())
}

func parse(arguments []string) (table string, asked flags, err error) {
	set := flag.NewFlagSet("headrace-read", flag.ContinueOnError)
	set.Usage = func() { fmt.Fprint(set.Output(), usage); set.PrintDefaults() }
	set.StringVar(&asked.url, "url", headrace.DefaultURL, "the server")
	set.StringVar(&asked.out, "o", "", "write an Arrow stream to this file; - is standard output")
	set.BoolVar(&asked.live, "live", false, "follow a live window; only -columns, -filter and -rows go with it")
	set.Int64Var(&asked.rows, "rows", 0, "of a live window: stop when so many rows have come; 0 goes on")
	var columns, groups, codecs string
	set.StringVar(&columns, "columns", "", "names with commas between")
	set.StringVar(&asked.options.Filter, "filter", "", "a condition: delay > 60")
	set.StringVar(&groups, "group-by", "", "names with commas between")
	set.StringVar(&asked.options.Agg, "agg", "", "mean(delay), count(*) as n")
	set.StringVar(&asked.options.OrderBy, "order-by", "", "-delay,origin")
	set.Int64Var(&asked.options.Limit, "limit", 0, "rows at most; 0 is all")
	set.Int64Var(&asked.options.Offset, "offset", 0, "rows passed over")
	set.StringVar(&codecs, "codecs", "", "pack Arrow's buffers on the way: zstd,lz4")
	if err := set.Parse(arguments); err != nil {
		return "", asked, err
	}
	if set.NArg() != 1 {
		return "", asked, errors.New("headrace-read: name one table; -help tells more")
	}
	asked.options.Columns, asked.options.GroupBy = split(columns), split(groups)
	asked.options.Codecs = split(codecs)
	return set.Arg(0), asked, nil
}

func split(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}

func read(ctx context.Context, client *headrace.Client, table string, options headrace.Options, out output) error {
	rows, err := client.Table(ctx, table, options)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := out.begin(rows.Schema()); err != nil {
		return err
	}
	for rows.Next() {
		if err := out.add(rows.RecordBatch()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// follow ends well after -rows, at the end of a table and on an interrupt.
func follow(ctx context.Context, client *headrace.Client, table string, asked flags, out output) error {
	live, err := client.Live(ctx, headrace.Subscription{
		Table: table, Columns: asked.options.Columns, Filter: asked.options.Filter, Policy: "all",
	})
	if err != nil {
		return err
	}
	defer live.Close()
	var schema *arrow.Schema
	for came := int64(0); asked.rows == 0 || came < asked.rows; {
		update, err := live.Next(ctx)
		if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if update.Batch == nil {
			continue
		}
		if schema == nil || !schema.Equal(update.Batch.Schema()) {
			if schema != nil {
				return errors.New("headrace-read: the window's schema has changed: start again")
			}
			schema = update.Batch.Schema()
			if err := out.begin(schema); err != nil {
				return err
			}
		}
		came += update.Batch.NumRows()
		err = out.add(update.Batch)
		update.Batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// output takes a schema, then batches.
type output interface {
	begin(*arrow.Schema) error
	add(arrow.RecordBatch) error
	close() error
}

func newOutput(path string, stdout io.Writer) (output, error) {
	if path == "" {
		return &summary{out: stdout}, nil
	}
	if path == "-" {
		return &stream{out: stdout}, nil
	}
	file, err := os.Create(path)
	return &stream{out: file, file: file}, err
}

// stream writes an Arrow stream.
type stream struct {
	out    io.Writer
	file   *os.File
	writer *ipc.Writer
}

func (s *stream) begin(schema *arrow.Schema) error {
	s.writer = ipc.NewWriter(s.out, ipc.WithSchema(schema))
	return nil
}

func (s *stream) add(batch arrow.RecordBatch) error { return s.writer.Write(batch) }

func (s *stream) close() error {
	var err error
	if s.writer != nil {
		err = s.writer.Close()
	}
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
	}
	return err
}
