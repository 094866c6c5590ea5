package headrace

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Rows are the record batches of one answer, as they arrive:
//
//	rows, err := client.Table(ctx, "flights", headrace.Options{Limit: 1000})
//	if err != nil { … }
//	defer rows.Close()
//	for rows.Next() {
//		use(rows.RecordBatch())
//	}
//	return rows.Err()
//
// One goroutine reads at a time. The server makes no more than is taken.
type Rows struct {
	ctx    context.Context
	body   *body
	reader *ipc.Reader
	cursor string
	err    error
	ended  bool
}

// Table asks for rows of the table of that name. It returns when the schema is there: what the
// server refuses is an *Error of this call.
func (c *Client) Table(ctx context.Context, name string, options Options) (*Rows, error) {
	answer, err := c.get(ctx, options.path(name), options.accept())
	if err != nil {
		return nil, err
	}
	rows := &Rows{ctx: ctx, body: &body{stream: answer.Body}, cursor: answer.Header.Get("X-Next-Cursor")}
	rows.reader, err = ipc.NewReader(rows.body)
	if err != nil {
		defer answer.Body.Close()
		return nil, rows.broken(err)
	}
	return rows, nil
}

// Schema is that of all batches.
func (r *Rows) Schema() *arrow.Schema { return r.reader.Schema() }

// NextCursor is Options.Cursor of the next page; "" behind the last one, and without a limit.
func (r *Rows) NextCursor() string { return r.cursor }

// Next moves to the next batch; false at the end and on an error, which Err tells apart.
func (r *Rows) Next() bool {
	if r.ended {
		return false
	}
	if r.reader.Next() {
		return true
	}
	r.ended = true
	if err := r.reader.Err(); err != nil {
		r.err = r.broken(err)
	} else if err := r.body.finish(); err != nil {
		r.err = r.broken(err)
	}
	return false
}

// RecordBatch is valid until the next call of Next; Retain it to keep it.
func (r *Rows) RecordBatch() arrow.RecordBatch { return r.reader.RecordBatch() }

// Err is nil if the rows came to their end, ErrTruncated if they broke off, the context's error if
// it ended first.
func (r *Rows) Err() error { return r.err }

// Close gives the rest up, which ends the server's work. Harmless when done again.
func (r *Rows) Close() error {
	r.ended = true
	return r.body.stream.Close()
}

func (r *Rows) broken(err error) error {
	if cause := r.ctx.Err(); cause != nil {
		return fmt.Errorf("headrace: %w", cause)
	}
	if r.body.failed != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %v", ErrTruncated, err)
	}
	return fmt.Errorf("headrace: %w", err)
}

// endOfStream is how an Arrow stream ends. Readers take a stream without it for a whole one, so
// that it has to be looked for.
const endOfStream = "\xff\xff\xff\xff\x00\x00\x00\x00"

// body remembers how an answer's body ended, which the Arrow reader does not tell.
type body struct {
	stream io.ReadCloser
	last   [len(endOfStream)]byte
	failed error
}

func (b *body) Read(into []byte) (int, error) {
	count, err := b.stream.Read(into)
	if count >= len(b.last) {
		copy(b.last[:], into[count-len(b.last):count])
	} else {
		copy(b.last[:], b.last[count:])
		copy(b.last[len(b.last)-count:], into[:count])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return count, err
}

// finish reads what stands behind the last batch. A body that was aborted ends in an error here.
func (b *body) finish() error {
	defer b.stream.Close()
	if _, err := io.Copy(io.Discard, b); err != nil {
		return err
	}
	if string(b.last[:]) != endOfStream {
		return io.ErrUnexpectedEOF
	}
	return nil
}
