package headrace

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/coder/websocket"
)

// liveServer answers one subscription, which it returns through asked, and goes on as told.
func liveServer(t *testing.T, asked *map[string]any, then func(context.Context, *websocket.Conn)) *Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		ctx := bounded(t)
		_, message, err := socket.Read(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		if asked != nil {
			if err := json.Unmarshal(message, asked); err != nil {
				t.Error(err)
			}
		}
		then(ctx, socket)
	})
}

func say(t *testing.T, ctx context.Context, socket *websocket.Conn, message string) {
	t.Helper()
	if err := socket.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		t.Error(err)
	}
}

func binaryMessage(flags uint32, payload []byte) []byte {
	head := binary.LittleEndian.AppendUint32(nil, 1)
	return append(binary.LittleEndian.AppendUint32(head, flags), payload...)
}

// parts are a stream's schema and its batch, as the server sends them.
func parts(t *testing.T, first, count int64) (schema, rows []byte) {
	t.Helper()
	var alone, both bytes.Buffer
	if err := ipc.NewWriter(&alone, ipc.WithSchema(numbers)).Close(); err != nil {
		t.Fatal(err)
	}
	writer := ipc.NewWriter(&both, ipc.WithSchema(numbers))
	if err := writer.Write(numberBatch(first, count)); err != nil {
		t.Fatal(err)
	}
	schema = alone.Bytes()[:alone.Len()-len(endOfStream)]
	return schema, both.Bytes()[len(schema):]
}

const subscribed = `{"subscribed": {"id": 1, "number": 1, "table": "buffers.w", "first_row": 0, "follows": true}}`

func TestLiveGivesStateThenChanges(t *testing.T) {
	schema, state := parts(t, 0, 5)
	_, change := parts(t, 9, 2)
	var asked map[string]any
	client := liveServer(t, &asked, func(ctx context.Context, socket *websocket.Conn) {
		say(t, ctx, socket, subscribed)
		socket.Write(ctx, websocket.MessageBinary, binaryMessage(schemaFlag, schema))
		socket.Write(ctx, websocket.MessageBinary, binaryMessage(stateFlag, state))
		say(t, ctx, socket, `{"skipped": {"id": 1, "rows": 4, "total": 4}}`)
		socket.Write(ctx, websocket.MessageBinary, binaryMessage(0, change))
		say(t, ctx, socket, `{"cleared": {"id": 1}}`)
		say(t, ctx, socket, `{"closed": {"id": 1, "reason": "dropped", "rows": 7}}`)
		socket.Read(ctx)
	})
	tail := int64(5)
	live, err := client.Live(bounded(t), Subscription{Table: "w", Tail: &tail, Policy: "latest"})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	next := func() Update {
		update, err := live.Next(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		return update
	}
	first := next()
	if !first.State || first.Batch.NumRows() != 5 {
		t.Fatal(first)
	}
	if skipped := next(); skipped.Skipped != 4 || skipped.Batch != nil {
		t.Fatal(skipped)
	}
	second := next()
	if second.State || second.Batch.Column(0).(*array.Int64).Value(1) != 10 {
		t.Fatal(second)
	}
	if cleared := next(); !cleared.Cleared {
		t.Fatal(cleared)
	}
	var closed *Error
	if _, err := live.Next(bounded(t)); !errors.As(err, &closed) || closed.Code != "dropped" {
		t.Fatal(err)
	}
	subscribe := asked["subscribe"].(map[string]any)
	if len(subscribe) != 3 || subscribe["tail"] != 5.0 || subscribe["policy"] != "latest" {
		t.Fatal(subscribe)
	}
}

func TestLiveEnds(t *testing.T) {
	cases := map[string]struct {
		message string
		is      func(error) bool
	}{
		"a table that is sent once": {
			`{"closed": {"id": 1, "reason": "end", "rows": 0}}`,
			func(err error) bool { return errors.Is(err, io.EOF) },
		},
		"a failure": {
			`{"closed": {"id": 1, "reason": "error", "rows": 0, "because": {"code": "memory_limit", "message": "", "location": []}}}`,
			func(err error) bool { var e *Error; return errors.As(err, &e) && e.Code == "memory_limit" },
		},
		"no JSON": {`{`, func(err error) bool { return err != nil && !errors.Is(err, io.EOF) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := liveServer(t, nil, func(ctx context.Context, socket *websocket.Conn) {
				say(t, ctx, socket, subscribed)
				say(t, ctx, socket, c.message)
				socket.Read(ctx)
			})
			live, err := client.Live(bounded(t), Subscription{Table: "w"})
			if err != nil {
				t.Fatal(err)
			}
			defer live.Close()
			if _, err := live.Next(bounded(t)); !c.is(err) {
				t.Fatal(err)
			}
		})
	}
}

func TestLiveNoticesAConnectionThatBreaks(t *testing.T) {
	client := liveServer(t, nil, func(ctx context.Context, socket *websocket.Conn) {
		say(t, ctx, socket, subscribed)
	})
	live, err := client.Live(bounded(t), Subscription{Table: "w"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := live.Next(bounded(t)); !errors.Is(err, ErrTruncated) || errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

func TestLiveTellsTheServersCode(t *testing.T) {
	client := liveServer(t, nil, func(ctx context.Context, socket *websocket.Conn) {
		say(t, ctx, socket, subscribed)
		socket.Close(4001, "rows could not be delivered")
	})
	live, err := client.Live(bounded(t), Subscription{Table: "w"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := live.Next(bounded(t)); websocket.CloseStatus(err) != 4001 || errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

func TestLiveRefusals(t *testing.T) {
	client := liveServer(t, nil, func(ctx context.Context, socket *websocket.Conn) {
		say(t, ctx, socket, `{"error": {"code": "unknown_name", "message": "no 'w'", "location": ["subscribe", "table"]}, "refused": "subscribe"}`)
		socket.Read(ctx)
	})
	var refused *Error
	if _, err := client.Live(bounded(t), Subscription{Table: "w"}); !errors.As(err, &refused) || refused.Code != "unknown_name" {
		t.Fatal(err)
	}
	full := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"error": {"code": "unavailable", "message": "full", "location": []}}`)
	})
	if _, err := full.Live(bounded(t), Subscription{Table: "w"}); !errors.As(err, &refused) || refused.Status != 503 {
		t.Fatal(err)
	}
}

func TestLiveCancel(t *testing.T) {
	client := liveServer(t, nil, func(ctx context.Context, socket *websocket.Conn) {
		say(t, ctx, socket, subscribed)
		socket.Read(ctx)
	})
	live, err := client.Live(bounded(t), Subscription{Table: "w"})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	ctx, cancel := context.WithCancel(bounded(t))
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := live.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
