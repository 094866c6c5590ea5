package headrace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

const waitFor = 20 * time.Second

var numbers = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

func numberBatch(first, count int64) arrow.RecordBatch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, numbers)
	defer builder.Release()
	for n := first; n < first+count; n++ {
		builder.Field(0).(*array.Int64Builder).Append(n)
	}
	return builder.NewRecordBatch()
}

// arrowStream has batches of 10 numbers each, and what ends a stream if it is whole.
func arrowStream(t *testing.T, batches int64) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := ipc.NewWriter(&out, ipc.WithSchema(numbers))
	for i := range batches {
		if err := writer.Write(numberBatch(i*10, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), waitFor)
	t.Cleanup(cancel)
	return ctx
}

// serve is a client of a server that answers with handler.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := New(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// serveUntilLeft is a client of a server that sends two batches and no more, and waits until the request ends; left
// waits for the same.
func serveUntilLeft(t *testing.T) (client *Client, left func()) {
	t.Helper()
	whole := arrowStream(t, 2)
	told := make(chan struct{})
	client = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(whole[:len(whole)-len(endOfStream)])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(told)
	})
	return client, func() {
		t.Helper()
		select {
		case <-told:
		case <-time.After(waitFor):
			t.Fatal("the server was not told")
		}
	}
}

// readAll returns the numbers that came, and how they ended.
func readAll(rows *Rows) (values []int64, err error) {
	defer rows.Close()
	for rows.Next() {
		values = append(values, rows.RecordBatch().Column(0).(*array.Int64).Int64Values()...)
	}
	return values, rows.Err()
}

func TestTableStreamsBatches(t *testing.T) {
	whole := arrowStream(t, 3)
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Next-Cursor", "r30-0")
		w.Write(whole)
	})
	rows, err := client.Table(bounded(t), "ticks", Options{})
	if err != nil {
		t.Fatal(err)
	}
	values, err := readAll(rows)
	if err != nil || len(values) != 30 || values[29] != 29 {
		t.Fatal(len(values), err)
	}
	if rows.NextCursor() != "r30-0" || !rows.Schema().Equal(numbers) {
		t.Fatal(rows.NextCursor(), rows.Schema())
	}
	if rows.Next() {
		t.Fatal("a batch behind the end")
	}
}

func TestOptionsAreTheServersParameters(t *testing.T) {
	var asked *http.Request
	whole := arrowStream(t, 0)
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.Write(whole)
	})
	rows, err := client.Table(bounded(t), "files.a:b", Options{
		Columns: []string{"plain", `with,"both"`}, Filter: "n > 1", Limit: 5, OrderBy: "-n",
		Downsample: &Downsample{Method: "minmaxlttb", X: "at", Y: []string{"n"}, Points: 100},
		Codecs:     []string{"zstd", "lz4"},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	query := asked.URL.Query()
	want := map[string]string{
		"columns": `plain,"with,""both"""`, "filter": "n > 1", "limit": "5", "order_by": "-n",
		"downsample": "minmaxlttb", "x": "at", "y": "n", "points": "100",
	}
	if len(query) != len(want) {
		t.Errorf("%v", query)
	}
	for name, value := range want {
		if query.Get(name) != value {
			t.Errorf("%s is %q", name, query.Get(name))
		}
	}
	if asked.URL.Path != "/v1/tables/files.a:b" || asked.Header.Get("Accept-Encoding") != "" {
		t.Error(asked.URL.Path, asked.Header)
	}
	if accept := asked.Header.Get("Accept"); accept != `application/vnd.apache.arrow.stream; codecs="zstd, lz4"` {
		t.Error(accept)
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error": {"code": "unknown_name", "message": "no 'x'", "location": ["path", 0]}, "detail": ""}`)
	})
	_, err := client.Table(bounded(t), "x", Options{})
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "unknown_name" || refused.Status != 404 {
		t.Fatal(err)
	}
	if len(refused.Location) != 2 || refused.Location[1] != "0" {
		t.Fatal(refused.Location)
	}
}

func TestAnErrorOfNobodyKnowsIsToldByItsStatus(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "<html>", http.StatusBadGateway)
	})
	_, err := client.Tables(bounded(t))
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "unknown" || refused.Status != 502 {
		t.Fatal(err)
	}
}

// Every way in which an answer can break off is an error, and what came before is right.
func TestTruncatedAnswers(t *testing.T) {
	whole := arrowStream(t, 3)
	abort := func() { panic(http.ErrAbortHandler) }
	cases := map[string]struct {
		sent []byte
		then func()
	}{
		"aborted behind a batch":               {whole[:len(whole)-len(endOfStream)], abort},
		"aborted within a batch":               {whole[:len(whole)-50], abort},
		"aborted behind the end of the stream": {whole, abort},
		"ended behind a batch":                 {whole[:len(whole)-len(endOfStream)], func() {}},
		"ended within a batch":                 {whole[:len(whole)-50], func() {}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Write(c.sent)
				w.(http.Flusher).Flush()
				c.then()
			})
			rows, err := client.Table(bounded(t), "ticks", Options{})
			if err != nil {
				t.Fatal(err)
			}
			values, err := readAll(rows)
			if !errors.Is(err, ErrTruncated) {
				t.Fatalf("%d values, then %v", len(values), err)
			}
			if len(values) < 20 || values[19] != 19 {
				t.Fatal("the batches before did not come", values)
			}
		})
	}
	t.Run("aborted before the schema", func(t *testing.T) {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Write(whole[:20])
			w.(http.Flusher).Flush()
			abort()
		})
		if _, err := client.Table(bounded(t), "ticks", Options{}); !errors.Is(err, ErrTruncated) {
			t.Fatal(err)
		}
	})
}

func TestCancelEndsTheReadAndTheRequest(t *testing.T) {
	client, left := serveUntilLeft(t)
	ctx, cancel := context.WithCancel(bounded(t))
	rows, err := client.Table(ctx, "ticks", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	if rows.Next() || !errors.Is(rows.Err(), context.Canceled) || errors.Is(rows.Err(), ErrTruncated) {
		t.Fatal(rows.Err())
	}
	left()
}

func TestCloseInTheMiddleEndsTheRequest(t *testing.T) {
	client, left := serveUntilLeft(t)
	rows, err := client.Table(bounded(t), "ticks", Options{})
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	rows.Close()
	rows.Close()
	if rows.Next() || rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	left()
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "localhost:14345", "ftp://x", "http://", "http://%"} {
		if _, err := New(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
