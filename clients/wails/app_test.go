package window

import (
	"bytes"
	"context"
	"encoding/base64"
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
	"github.com/coder/websocket"

	"headrace/clients/go"
)

const waitFor = 20 * time.Second

var schema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

// stream is an Arrow stream of the numbers below count, and where its rows begin.
func stream(t *testing.T, count int64) (whole []byte, rowsAt int) {
	t.Helper()
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for n := range count {
		builder.Field(0).(*array.Int64Builder).Append(n)
	}
	var alone, out bytes.Buffer
	ipc.NewWriter(&alone, ipc.WithSchema(schema)).Close()
	writer := ipc.NewWriter(&out, ipc.WithSchema(schema))
	if err := errors.Join(writer.Write(builder.NewRecordBatch()), writer.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), alone.Len() - 8
}

// rowsOf reads what the page gets.
func rowsOf(t *testing.T, text string) (values []int64) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for reader.Next() {
		values = append(values, reader.RecordBatch().Column(0).(*array.Int64).Int64Values()...)
	}
	if reader.Err() != nil {
		t.Fatal(reader.Err())
	}
	return values
}

type event struct {
	name string
	data []any
}

// open is the Go half of a window on a server that answers with handler, and its events.
func open(t *testing.T, handler http.HandlerFunc) (*App, <-chan event) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	events := make(chan event, 100)
	app, err := NewApp(server.URL, func(name string, data ...any) { events <- event{name, data} })
	if err != nil {
		t.Fatal(err)
	}
	app.Startup(context.Background())
	t.Cleanup(func() { app.Shutdown(context.Background()) })
	return app, events
}

// next is the next event, which has to be of that name and state.
func next(t *testing.T, events <-chan event, name, state string) event {
	t.Helper()
	select {
	case came := <-events:
		if came.name != name || (state != "" && came.data[0] != state) {
			t.Fatalf("%v in place of %s %s", came, name, state)
		}
		return came
	case <-time.After(waitFor):
		t.Fatalf("no %s %s", name, state)
	}
	return event{}
}

func TestReadIsOneArrowStream(t *testing.T) {
	whole, _ := stream(t, 5)
	app, _ := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("limit") != "5" {
			t.Error(r.URL)
		}
		w.Write(whole)
	})
	text, err := app.Read("flights", headrace.Options{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	if values := rowsOf(t, text); len(values) != 5 || values[4] != 4 {
		t.Fatal(values)
	}
}

func TestReadTellsWhatBreaks(t *testing.T) {
	whole, _ := stream(t, 5)
	app, _ := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(whole[:len(whole)-8])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	if text, err := app.Read("flights", headrace.Options{}); !errors.Is(err, headrace.ErrTruncated) || text != "" {
		t.Fatal(err)
	}
}

// follower accepts a subscription; each is answered by the next of `acts`.
func follower(t *testing.T, acts ...func(context.Context, *websocket.Conn)) http.HandlerFunc {
	turn := make(chan func(context.Context, *websocket.Conn), len(acts))
	for _, act := range acts {
		turn <- act
	}
	return func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		ctx, cancel := context.WithTimeout(r.Context(), waitFor)
		defer cancel()
		if _, _, err := socket.Read(ctx); err == nil {
			(<-turn)(ctx, socket)
		}
	}
}

func give(t *testing.T, ctx context.Context, socket *websocket.Conn, count int64) {
	whole, rowsAt := stream(t, count)
	socket.Write(ctx, websocket.MessageText, []byte(`{"subscribed": {"id": 1, "number": 1}}`))
	message := func(flags byte, payload []byte) {
		head := []byte{1, 0, 0, 0, flags, 0, 0, 0}
		socket.Write(ctx, websocket.MessageBinary, append(head, payload...))
	}
	message(1, whole[:rowsAt])
	message(2, whole[rowsAt:len(whole)-8])
}

func TestFollowGivesRowsAndConnectsAgain(t *testing.T) {
	app, events := open(t, follower(t,
		func(ctx context.Context, socket *websocket.Conn) { give(t, ctx, socket, 3) },
		func(ctx context.Context, socket *websocket.Conn) {
			give(t, ctx, socket, 4)
			socket.Read(ctx)
		}))
	app.Follow(headrace.Subscription{Table: "w"})
	for _, rows := range []int{3, 4} {
		next(t, events, EventState, StateLive)
		next(t, events, EventState, StateBegin)
		came := next(t, events, EventRows, "")
		if values := rowsOf(t, came.data[0].(string)); len(values) != rows {
			t.Fatal(values)
		}
		if rows == 3 {
			next(t, events, EventState, StateReconnecting)
		}
	}
	app.Unfollow()
	select {
	case late := <-events:
		t.Fatal(late)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestFollowEndsWhereItIsRefused(t *testing.T) {
	app, events := open(t, func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		socket.Read(r.Context())
		refused := `{"error": {"code": "unknown_name", "message": "no 'w'", "location": []}, "refused": "subscribe"}`
		socket.Write(r.Context(), websocket.MessageText, []byte(refused))
		socket.Read(r.Context())
	})
	app.Follow(headrace.Subscription{Table: "w"})
	if came := next(t, events, EventState, StateEnded); fmt.Sprint(came.data[1]) != "no 'w'" {
		t.Fatal(came)
	}
}
